/// What fine-tuning came to, for reports.
public struct TuningSummary: Sendable, Hashable {
  /// The number of epochs that were run, up to the one whose weights were kept, those of the tuning
  /// that it went on from included.
  public var epochs: Int
  /// The number of images learned.
  public var images: Int
  /// How the model classified the held-out images before; nil if none were held out.
  public var before: CleanCounts?
  /// How the tuned model classifies them.
  public var after: CleanCounts?

  /// Creates a summary.
  public init(
    epochs: Int, images: Int, before: CleanCounts? = nil, after: CleanCounts? = nil
  ) {
    self.epochs = epochs
    self.images = images
    self.before = before
    self.after = after
  }
}
