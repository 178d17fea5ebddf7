/// A summary of fine-tuning, for reports.
public struct TuningSummary: Sendable, Hashable {
  /// The number of epochs up to the returned weights, including those of an earlier fine-tuning
  /// that was continued.
  public var epochs: Int
  /// The number of training images.
  public var images: Int
  /// The results on the held-out images before fine-tuning; nil if no images were held out.
  public var before: CleanCounts?
  /// The results on the held-out images after fine-tuning; nil if no images were held out.
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
