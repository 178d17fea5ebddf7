/// The order of a value's elements in the graph, compared with ONNX.
///
/// Images are [channels][height][width] in ONNX and [height][width][channels] in the graph. Layers
/// between them get permuted weights, so that no element moves.
enum ONNXLayout: Equatable {
  /// The same order in both, without the batch axis.
  case plain
  /// An image whose channels are last in the graph and first in ONNX.
  case image
  /// A flattened image, `[height, width, channels]` in the graph, whose channels are first in ONNX.
  case flattened([Int])
  /// Any other order.
  case axes(ONNXAxes)

  /// Returns the shape in ONNX, without the batch axis, of a value with this shape in the graph.
  func shape(of shape: [Int]) -> [Int] {
    switch self {
    case .plain, .flattened: shape
    case .image: [shape[2], shape[0], shape[1]]
    case .axes(let axes): axes.axes.indices.dropFirst().map { axes.extent($0) }
    }
  }
}
