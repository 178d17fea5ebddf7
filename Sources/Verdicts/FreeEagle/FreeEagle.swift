public import DefenseKit

/// Decides from a model alone whether one class attracts the inner representations of all others.
///
/// The network is cut in the middle, after a rectifier if it has one, and only the second part is
/// used. For each class s the method creates an embedding e_s, a value of the cut layer that the
/// rest of the network classifies as s. It starts from a uniform distribution in 0 to 1 and
/// descends the cross-entropy toward s by Adam, with weight decay and, after a rectifier, no
/// element below zero. With p(t | e_s) the softmax score of class t, the tendency toward t is
///
///     T_t = 1 / (K - 1) * sum over s other than t of p(t | e_s),
///
/// which is large where embeddings of other classes lean toward t. With Q1 and Q3 the elements at
/// int(n / 4) and int(3 n / 4) of the n tendencies that are not zero, in ascending order, the
/// model's statistic is
///
///     (max T - Q3) / (Q3 - Q1).
///
/// The paper leaves the threshold open; the default is 3. Fewer than 4 classes have no quartiles.
///
/// Source: Fu, Zhang, Ji, Wang, Lin, Feng and Yin, "FreeEagle: Detecting Complex Neural Trojans in
/// Data-Free Cases", USENIX Security 2023, section 5.
public struct FreeEagle: ModelScanner {
  /// "free-eagle".
  public static let name = "free-eagle"
  /// One sentence for listings.
  public static let summary =
    "Finds a class that the other classes' inner representations lean toward; needs no data."

  /// Four classes, because fewer have no quartiles.
  public static let requirements: [PluginRequirement] = [.classes(4)]

  /// 200: each step of the descent runs one embedding for each class.
  public static let largestUnnamedClassCount: Int? = 200

  /// The options of this scanner.
  public let options: Options

  /// Creates the scanner with all defaults.
  public init() { options = Options() }

  /// Creates the scanner.
  ///
  /// - Throws: `PluginError` if an option is out of range.
  public init(options: Options) throws(PluginError) {
    try Self.check(options)
    self.options = options
  }

  /// Creates an embedding for each class and compares the classes' tendencies.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model with fewer than 4 classes or
  ///   no layer to cut at, and with code `badOption` for a named layer that cannot be cut at; the
  ///   errors of computing gradients; `CancellationError`.
  public func scan(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> ModelVerdict {
    let classes = model.classCount
    guard classes >= 4 else {
      throw PluginError(
        .unsuitableModel,
        "compares the quartiles of the classes' tendencies, which takes at least 4 classes, but "
          + "\(model.name) has \(classes)", about: .plugin(Self.name))
    }
    let layer = try layer(of: model)
    let suffix = Model(graph: try model.graph.suffix(after: layer.name))
    let embeddings = try embeddings(of: suffix, isRectified: layer.isRectified, in: context)
    let scores = try Self.scores(of: suffix, for: embeddings, in: context)
    let tendencies = Self.tendencies(scores, classes: classes)
    return ModelVerdict(
      statistic: Self.statistic(of: tendencies), threshold: options.threshold,
      classScores: tendencies, measure: "tendency of the other classes' embeddings toward the class"
    )
  }

  /// Returns the layer to cut at: the named one, or the middle one of those that every image passes
  /// through and that end in a rectifier, or of all such layers if none ends in one.
  private func layer(of model: Model) throws(PluginError) -> (name: String, isRectified: Bool) {
    let graph = model.graph
    let inner = graph.cutNodes.filter {
      $0 > 0 && $0 != graph.output && graph.parameters(before: $0) > 0
        && graph.parameters(before: $0) < graph.parameterCount
    }
    let names = inner.map { graph.nodes[$0].name }
    if let name = options.layer {
      guard let index = inner.first(where: { graph.nodes[$0].name == name }) else {
        throw PluginError(
          option: "layer", of: Self.name,
          "takes an inner layer that every image passes through, not '\(name)' "
            + "(layers: \(names.joined(separator: ", ")))")
      }
      return (name, graph.nodes[index].activation.isRectifier)
    }
    let rectified = inner.filter { graph.nodes[$0].activation.isRectifier }
    let candidates = rectified.isEmpty ? inner : rectified
    guard !candidates.isEmpty else {
      throw PluginError(
        .unsuitableModel,
        "found no layer to cut \(model.name) at; a network of one layer has none",
        about: .plugin(Self.name))
    }
    let middle = candidates[candidates.count / 2]
    return (graph.nodes[middle].name, graph.nodes[middle].activation.isRectifier)
  }

  /// Returns one embedding for each class, `[classes][elements]`.
  private func embeddings(
    of suffix: Model, isRectified: Bool, in context: RunContext
  ) throws -> [Float] {
    let classes = suffix.classCount
    let backpropagation = try Backpropagation(
      suffix, batchSize: min(classes, 128), isTraining: false, differentiatesWeights: false,
      differentiatesInput: true, options: context.execution)
    var numbers = SeededGenerator(seed: context.seed, stream: 0x65_6167_6C65)
    let size = suffix.graph.inputShape.reduce(1, *)
    var values = (0..<classes * size).map { _ in Float(numbers.unit()) }
    var adam = ValueOptimizer(
      .adam(epsilon: 1e-8), count: values.count, weightDecay: options.decay)
    let labels = (0..<classes).map { Int32($0) }
    return try context.phase("embeddings", images: options.steps * classes) { progress in
      for step in 0..<options.steps {
        try context.checkCancellation()
        let gradients = try backpropagation.imageGradients(of: values, labels: labels).gradients
        adam.step(&values, along: gradients, rate: options.learningRate)
        if isRectified { for index in values.indices where values[index] < 0 { values[index] = 0 } }
        progress((step + 1) * classes)
      }
      return values
    }
  }

  /// Returns the softmax scores of the embeddings, `[classes][classes]`.
  private static func scores(
    of suffix: Model, for embeddings: [Float], in context: RunContext
  ) throws -> [Float] {
    let classes = suffix.classCount
    let all = Collected(count: classes * classes)
    try Executor([suffix], options: context.execution).run(
      ArraySource(embeddings, imageShape: suffix.graph.inputShape)
    ) { batch in
      all.set(batch.scores(of: 0), at: batch.indices.lowerBound * classes)
    }
    let scores = all.values
    guard scores.allSatisfy(\.isFinite) else {
      throw PluginError(
        .unsuitableModel,
        "cannot decide, because an embedding's scores are NaN or infinite",
        about: .plugin(Self.name))
    }
    return scores
  }

  /// Returns the tendency toward each class: the mean of the other classes' scores for it.
  static func tendencies(_ scores: [Float], classes: Int) -> [Double] {
    (0..<classes).map { target in
      let others = (0..<classes).filter { $0 != target }
      return others.reduce(0) { $0 + Double(scores[$1 * classes + target]) } / Double(classes - 1)
    }
  }

  /// Returns by how many interquartile ranges the largest tendency lies over the third quartile.
  static func statistic(of tendencies: [Double]) -> Double {
    let sorted = tendencies.filter { $0 != 0 }.sorted()
    guard let largest = sorted.last else { return 0 }
    let first = sorted[sorted.count / 4]
    let third = sorted[3 * sorted.count / 4]
    if largest == third { return 0 }
    return third > first ? (largest - third) / (third - first) : .infinity
  }
}

extension Graph {
  /// Returns the number of weights in the nodes up to and including one.
  fileprivate func parameters(before index: Int) -> Int {
    nodes[...index].reduce(0) { $0 + $1.operation.weights.reduce(0) { $0 + $1.count } }
  }
}

extension Activation {
  /// Whether results are never negative.
  fileprivate var isRectifier: Bool {
    if case .relu(_, let slope, let threshold) = self {
      slope == 0 && threshold >= 0
    } else {
      false
    }
  }
}
