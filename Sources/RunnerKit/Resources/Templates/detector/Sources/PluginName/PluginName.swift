public import DefenseKit
private import Foundation
private import Synchronization

/// Flags images that the suspect classifies more confidently than nearly all clean ones.
///
/// A starting point, and a baseline: a trigger often makes a network very confident. An image's
/// score is -log(1 - p), where p is the largest probability that the suspect gives it.
public struct PluginName: Detector {
  /// The options of ``PluginName``.
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

  /// "plugin-name".
  public static let name = "plugin-name"
  /// One sentence for listings.
  public static let summary =
    "Flags images that the suspect classifies more confidently than clean ones."
  /// Clean images; with `.repairedModel` it would compare the suspect with a repaired copy.
  public static let requirements: [PluginRequirement] = [.cleanData]
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

  /// Finds the score that only the allowed share of the clean images exceeds.
  ///
  /// - Throws: What the execution throws.
  public func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector {
    let clean = try required(clean)
    let executor = try Executor([suspect], options: context.execution)
    let gathered = Mutex<[Float]>([])
    try context.phase("learning threshold", images: clean.count) { progress in
      try executor.run(clean.source, progress: progress) { batch in
        let scores = confidences(batch.outputs(of: 0), classes: suspect.classCount)
        gathered.withLock { $0 += scores.map { $0.isNaN ? .infinity : $0 } }
      }
    }
    // Groups of images come in no fixed order; sorting makes the result the same every time.
    let scores = gathered.withLock { $0.sorted() }
    let allowed = Int(options.alarms * Double(scores.count))
    return Confidence(
      models: [suspect], threshold: scores[max(0, scores.count - 1 - allowed)])
  }
}

/// The judgement of images by a threshold.
private struct Confidence: FittedDetector {
  let models: [Model]
  let threshold: Float

  func detections(for batch: DetectorBatch) -> [Detection] {
    let classes = models[0].classCount
    let scores = confidences(batch.outputs(of: 0), classes: classes)
    return zip(batch.predictions(of: 0), scores).map { prediction, score in
      // Asked this way round, NaN is flagged too: an image without a class must not pass.
      let isFlagged = !(score <= threshold)
      return Detection(isFlagged ? .flagged : prediction, score: score)
    }
  }
}

/// -log(1 - p) for each row of outputs, NaN where one is not finite.
///
/// 1 - p is the sum of the others, which is exact where p rounds to 1.
private func confidences(_ outputs: [Float], classes: Int) -> [Float] {
  stride(from: 0, to: outputs.count, by: classes).map { start in
    let row = outputs[start..<start + classes]
    guard row.allSatisfy(\.isFinite) else { return .nan }
    return -log(row.sorted().dropLast().reduce(0, +))
  }
}
