/// A named setting of an operator.
struct ONNXAttribute: Equatable {
  enum Content: Equatable {
    case float(Float)
    case integer(Int64)
    case text(String)
    case tensor(ONNXTensor)
    case floats([Float])
    case integers([Int64])
    case texts([String])
    /// A network, a sparse tensor or a type, of which nothing is read.
    case other
  }

  var name = ""
  var content = Content.other
}
