public import InferenceGraph

/// A suspect whose clean accuracy is close to that of guessing.
///
/// Close means a chance-corrected accuracy, (accuracy - 1/N) / (1 - 1/N), under 0.1. Since every
/// trained model does better, the usual cause is the way the images are read.
struct PoorBaseline {
  let correct: Int
  let images: Int
  let preprocessing: Preprocessing
  let data: String

  /// nil for a suspect that is not close to guessing.
  init?(correct: Int, images: Int, of suspect: Model, on data: String) {
    guard
      Self.isPoor(correct: correct, images: images, classCount: suspect.classCount)
    else { return nil }
    self.correct = correct
    self.images = images
    self.data = data
    preprocessing = suspect.preprocessing
  }

  static func isPoor(correct: Int, images: Int, classCount: Int) -> Bool {
    guard images > 0, classCount > 1 else { return false }
    let chance = 1 / Double(classCount)
    return (share(correct, images) - chance) / (1 - chance) < 0.1
  }

  /// The warning.
  ///
  /// - Parameter better: Known preprocessing with which the model is not close to guessing, and its
  ///   results; if nil, the warning names the scale that the current one suggests.
  func warning(
    better: (preprocessing: Preprocessing, correct: Int, images: Int)? = nil
  ) -> DataError {
    let problem =
      "the model classifies only \(correct) of \(images) images correctly, close to chance; "
    guard let better else {
      let (range, scale) = preprocessing.scale == 1 ? ("0...1", "1/255") : ("0...255", "1")
      return DataError(
        problem + "the scale, now \(Preprocessing.text(preprocessing.scale)), is probably wrong if "
          + "the model expects \(range)",
        about: .dataSet(data),
        remedies: [
          .set("preprocessing.scale", to: [scale]), .check("layout"),
          .advice("check that the labels belong to this model"),
        ])
    }
    var remedies: [Remedy] = []
    func set(_ property: String, from old: [Float], to new: [Float], neutral: Float) {
      let values = new.isEmpty ? [neutral] : new
      if old == new { return }
      remedies.append(
        .set(
          "preprocessing.\(property)",
          to: [values.map(Preprocessing.text).joined(separator: ",")]))
    }
    set(
      "scale", from: [preprocessing.scale], to: [better.preprocessing.scale], neutral: 1)
    set("mean", from: preprocessing.mean, to: better.preprocessing.mean, neutral: 0)
    set(
      "deviation", from: preprocessing.deviation, to: better.preprocessing.deviation, neutral: 1)
    return DataError(
      problem + "with other preprocessing it is right on \(better.correct) of \(better.images) of "
        + "them", about: .dataSet(data), remedies: remedies)
  }
}

extension Preprocessing {
  /// The preprocessing that published training recipes use.
  ///
  /// Sources: torchvision (ImageNet), the CIFAR-10 statistics in their two common forms, 0.5 for
  /// both as in Keras's mode "tf", and the statistics of MNIST and Fashion-MNIST.
  ///
  /// - Parameters:
  ///   - channels: The number of an image's channels.
  ///   - largest: The largest value of the images, 255 or 1.
  static func known(channels: Int, largest: Float) -> [Preprocessing] {
    let unit = 1 / largest
    var all = [
      Preprocessing(scale: 255 / largest), Preprocessing(scale: unit),
      Preprocessing(scale: unit, mean: [0.5], deviation: [0.5]),
    ]
    if channels == 3 {
      all += [
        Preprocessing(scale: unit, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225]),
        Preprocessing(
          scale: unit, mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616]),
        Preprocessing(
          scale: unit, mean: [0.4914, 0.4822, 0.4465], deviation: [0.2023, 0.1994, 0.201]),
      ]
    }
    if channels == 1 {
      all += [
        Preprocessing(scale: unit, mean: [0.1307], deviation: [0.3081]),
        Preprocessing(scale: unit, mean: [0.286], deviation: [0.353]),
      ]
    }
    return all
  }
}

extension RunContext {
  /// Warns if a suspect's clean accuracy is close to that of guessing, with the likely cause: other
  /// preprocessing, tried on up to 500 of the images.
  ///
  /// A defense with a ``PruningCurve`` calls this once it has counted; otherwise the evaluation
  /// does, on the test images.
  public func checkBaseline(correct: Int, images: Int, of suspect: Model, on data: CleanData) {
    if let warning = baselineWarning(correct: correct, images: images, of: suspect, on: data) {
      warn(warning)
    }
  }

  /// Returns the warning of ``checkBaseline(correct:images:of:on:)``; nil if there is none.
  func baselineWarning(
    correct: Int, images: Int, of suspect: Model, on data: CleanData
  ) -> DataError? {
    guard let poor = PoorBaseline(correct: correct, images: images, of: suspect, on: data.name)
    else { return nil }
    // What cannot be tried is not advised; the warning itself stands.
    let better = try? betterPreprocessing(for: suspect, on: data)
    return poor.warning(better: better ?? nil)
  }

  /// Returns the known preprocessing with the most correct answers on some of the images, if it
  /// is not close to guessing.
  private func betterPreprocessing(
    for suspect: Model, on data: CleanData
  ) throws -> (preprocessing: Preprocessing, correct: Int, images: Int)? {
    let known = Preprocessing.known(
      channels: suspect.graph.inputShape.last ?? 0,
      largest: try data.valueRange().upperBound <= 1 ? 1 : 255)
    // About 10^12 multiply-adds in all, some ten seconds on one core.
    let cost = max(1, suspect.graph.multiplyAdds * known.count)
    let count = min(data.count, 500, max(32, 1_000_000_000_000 / cost))
    // Evenly spaced, since data sets may be sorted by class.
    let positions = (0..<count).map { $0 * data.count / count }
    let images = Subset(of: data.source, positions)
    let labels = positions.map { data.labels[$0] }
    var best: (preprocessing: Preprocessing, correct: Int, images: Int)?
    for preprocessing in known {
      var model = suspect
      model.preprocessing = preprocessing
      let counts = CleanCounts(
        predictions: try model.predictions(for: images, "trying preprocessing", in: self),
        labels: labels)
      if counts.correct > best?.correct ?? 0 { best = (preprocessing, counts.correct, count) }
    }
    guard let best,
      !PoorBaseline.isPoor(
        correct: best.correct, images: best.images, classCount: suspect.classCount)
    else { return nil }
    return best
  }
}
