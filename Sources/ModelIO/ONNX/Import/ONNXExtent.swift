/// An integer that is known when a model is read: a number, or the number of images.
enum ONNXExtent: Equatable {
  case number(Int)
  case batch
}
