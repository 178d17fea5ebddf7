/// The number of test images of one class, and how many were classified correctly.
public struct ClassCounts: Codable, Sendable, Hashable {
  /// The number of images that got their own class.
  public var correct: Int
  /// The number of images of the class.
  public var images: Int

  /// Creates counts.
  public init(correct: Int = 0, images: Int = 0) {
    self.correct = correct
    self.images = images
  }

  /// The share of images classified correctly, 0 to 1.
  public var accuracy: Double { share(correct, images) }
}
