public import DefenseKit

extension GoodNet {
  /// Returns GoodNet as one ordinary model with N + 1 outputs, whose argmax is the verdict.
  ///
  /// It consists of standard layers only, so that every Keras version loads it. Nodes that both
  /// models share occur once; those of the repaired model have the suffix "_repaired" if their name
  /// is taken. On the scores z of each model (its outputs before a final softmax) follow
  ///
  /// 1. `h = softmax(2^80 * z)`. Multiplying by a power of two is exact, and one unit in the last
  ///    place of any z over 1e-15 is then more than 100, so that h is 1 at the maximum and 0
  ///    elsewhere. Only k equal maxima give 1/k each.
  /// 2. `o = softmax(w * h)`, with w falling by equal steps from class to class (a batch
  ///    normalization). Of equal maxima the lowest class keeps all, so that o is one-hot at the
  ///    argmax.
  ///
  /// Then `a = o * o'` is one-hot if both models agree and zero otherwise, and the last output is
  /// `1 - sum(a)`, a dense layer. All values are exactly 0 or 1. Scores must be under 2^48.
  ///
  /// The model differs from the detector where scores are NaN or infinite: the detector answers N,
  /// but standard layers cannot detect this, and all outputs of this model are NaN. DefenseKit
  /// gives such an image no class. Code that runs the model elsewhere must refuse outputs that are
  /// not finite, because an argmax of NaN may be 0.
  ///
  /// - Throws: `PluginError` if the models have different inputs or classes, `GraphError` if they
  ///   cannot be joined.
  public static func model(suspect: Model, repaired: Model) throws -> Model {
    try check(suspect, repaired)
    var join = try GraphJoin(input: suspect.graph.nodes[0])
    let first = try join.addScores(of: suspect.graph, suffix: "_suspect")
    let second = try join.addScores(of: repaired.graph, suffix: "_repaired")
    let agreed = try join.append(
      "goodnet_agreed", .multiply,
      [
        try join.addArgmax(of: first, side: "suspect"),
        try join.addArgmax(of: second, side: "repaired"),
      ])
    let n = suspect.classCount
    let flag = try join.append(
      "goodnet_flag",
      .dense(
        Dense(
          kernel: Tensor(shape: [n, 1], repeating: -1), bias: Tensor(shape: [1], repeating: 1))),
      [agreed])
    _ = try join.append("goodnet", .concatenate, [agreed, flag])
    return Model(
      graph: join.graph, preprocessing: suspect.preprocessing, name: "goodnet",
      source: suspect.source)
  }
}
