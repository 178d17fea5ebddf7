/// A constant tensor of an ONNX file: its type and shape, and where its elements are.
struct ONNXTensor: Sendable, Equatable {
  /// The place of the elements, which are little-endian and in row-major order.
  enum Storage: Sendable, Equatable {
    /// A range of the file.
    case file(offset: Int, count: Int)
    /// The elements, decoded by the parser.
    case decoded([UInt8])
    /// A range of another file in the same folder; without `count` it ends with that file.
    case external(location: String, offset: Int, count: Int?)
  }

  var name = ""
  /// The number of its type in ONNX.
  var type: Int32 = 0
  var shape: [Int64] = []
  var storage = Storage.decoded([])
  /// The field of the network that holds it; nil for a tensor within a node.
  var place: ONNXPlace?
}
