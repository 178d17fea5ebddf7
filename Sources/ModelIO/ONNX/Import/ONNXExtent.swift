/// An integer that is known when a model is read: a number, or a multiple of the number of images.
enum ONNXExtent: Equatable {
  case number(Int)
  /// The number of images times a positive factor.
  case batches(Int)

  /// The number of images.
  static let batch = ONNXExtent.batches(1)
}
