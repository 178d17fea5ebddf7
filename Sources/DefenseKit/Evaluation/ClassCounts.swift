/// How the images of one class were classified.
public struct ClassCounts: Codable, Sendable, Hashable {
  /// Images that got their class.
  public var correct: Int
  /// All images of the class.
  public var images: Int

  /// Creates counts.
  public init(correct: Int = 0, images: Int = 0) {
    self.correct = correct
    self.images = images
  }

  /// The share classified rightly, 0 to 1.
  public var accuracy: Double { share(correct, images) }
}
