public import InferenceGraph

/// The number of clean images by result.
public struct CleanCounts: Sendable, Hashable, Codable {
  /// The number of images that got their own class.
  public var correct: Int
  /// The number of flagged images.
  public var flagged: Int
  /// The number of undefined images (see `Prediction.undefined`); never correct.
  public var nonfinite: Int
  /// The number of images that the detector cannot judge (see `Prediction.noVerdict`); never correct.
  public var noVerdict: Int {
    get { unjudged ?? 0 }
    set { unjudged = newValue == 0 ? nil : newValue }
  }
  /// The number of all images.
  public var images: Int
  /// Nil for none, so that counts without such images are stored without the key.
  private var unjudged: Int?

  private enum CodingKeys: String, CodingKey {
    case correct, flagged, nonfinite, images, unjudged = "noVerdict"
  }

  /// Creates counts.
  public init(
    correct: Int, flagged: Int = 0, nonfinite: Int = 0, noVerdict: Int = 0,
    images: Int
  ) {
    self.correct = correct
    self.flagged = flagged
    self.nonfinite = nonfinite
    self.images = images
    self.noVerdict = noVerdict
  }

  /// Counts predictions against labels.
  public init(predictions: some Collection<Prediction>, labels: [Int32]) {
    precondition(
      predictions.count == labels.count, "\(predictions.count) for \(labels.count) labels")
    self.init(correct: 0, images: labels.count)
    for (prediction, label) in zip(predictions, labels) {
      switch prediction {
      case .undefined: nonfinite += 1
      case .flagged: flagged += 1
      case .noVerdict: noVerdict += 1
      case .class: if prediction.isClass(label) { correct += 1 }
      }
    }
  }

  /// The clean accuracy, 0 to 1.
  public var accuracy: Double { share(correct, images) }
  /// The share of flagged images, 0 to 1.
  public var flaggedShare: Double { share(flagged, images) }
  /// The accuracy over the images that the detector lets pass, neither flagged nor without a
  /// verdict, 0 to 1; nil if there are none.
  public var filteredAccuracy: Double? {
    images == flagged + noVerdict ? nil : share(correct, images - flagged - noVerdict)
  }
}
