public import DefenseKit
private import Synchronization

/// Flags an image if the suspect's and the repaired model's outputs are further apart than on
/// nearly all clean images.
///
/// The distance is KL(p || p') of the two softmax outputs. The threshold is the least one that at
/// most a given share of the clean images exceeds, so that the rate of false alarms is chosen
/// without a look at poisoned images.
public struct DivergenceThreshold: Detector {
  /// The options of ``DivergenceThreshold``.
  public struct Options: PluginOptions {
    /// The share of clean images that may be flagged.
    public var alarms = 0.05

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [PluginOption("alarms", \.alarms, "Share of clean images that may be flagged, 0 to 1.")]
    }
  }

  /// "divergence-threshold".
  public static let name = "divergence-threshold"
  /// One sentence for listings.
  public static let summary = "Flags images on which suspect and repaired model disagree strongly."
  /// Clean images, for the threshold, without labels; a repaired copy.
  public static let requirements: [PluginRequirement] = [.cleanData, .repairedModel]
  /// The options it was made with.
  public let options: Options

  /// Creates the detector.
  ///
  /// - Throws: `PluginError` if `alarms` isn't from 0 to 1.
  public init(options: Options) throws(PluginError) {
    guard (0...1).contains(options.alarms) else {
      throw PluginError(option: "alarms", of: Self.name, "takes a number from 0 to 1")
    }
    self.options = options
  }

  /// Learns the threshold from the clean images.
  ///
  /// - Throws: `PluginError` if the models have different numbers of classes, `GraphError` if they
  ///   take images of different shapes, else what the execution throws.
  public func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector {
    let (repaired, clean) = (try required(repaired).model, try required(clean))
    guard suspect.classCount == repaired.classCount else {
      throw PluginError(
        .unsuitableModel,
        "compares models with equal classes, but the suspect has \(suspect.classCount) and the "
          + "other \(repaired.classCount)", about: .plugin(Self.name),
        remedies: [.advice("give a repaired copy")])
    }
    let models = [suspect, repaired]
    let executor = try Executor(models, options: context.execution)
    let gathered = Mutex<[Float]>([])
    try context.phase("learning threshold", images: clean.count) { progress in
      try executor.run(clean.source, progress: progress) { batch in
        // NaN is the distance of an image without a class; it has no place in an order.
        let distances = batch.divergence(from: 0, to: 1).map { $0.isNaN ? .infinity : $0 }
        gathered.withLock { $0 += distances }
      }
    }
    // Groups of images come in no fixed order; sorting makes the result the same every time.
    let distances = gathered.withLock { $0.sorted() }
    let allowed = Int(options.alarms * Double(distances.count))
    return Comparison(
      models: models, threshold: distances[max(0, distances.count - 1 - allowed)])
  }
}

/// The comparison of two models, group by group.
private struct Comparison: FittedDetector {
  let models: [Model]
  let threshold: Float

  func detections(for batch: DetectorBatch) -> [Detection] {
    let predictions = batch.predictions(of: 0)
    let distances = batch.divergence(from: 0, to: 1)
    return zip(predictions, distances).map { prediction, distance in
      // Asked this way round, NaN is flagged too: an image without a class must not pass.
      let isFlagged = !(distance <= threshold)
      return Detection(isFlagged ? .flagged : prediction, score: distance)
    }
  }
}
