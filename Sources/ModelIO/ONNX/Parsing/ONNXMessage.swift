/// The messages of ONNX that are read, with their fields (onnx/onnx.proto, IR version 12).
enum ONNXMessage: String, CaseIterable {
  case model, graph, node, attribute, tensor, value, type
  case tensorType = "tensor type"
  case shape, dimension
  case operatorSet = "operator set"
  case entry

  /// The fields that may occur more than once.
  var repeated: Set<Int> {
    switch self {
    case .model: [8, 14, 20, 25, 26]
    case .graph: [1, 5, 11, 12, 13, 14, 15, 16]
    case .node: [1, 2, 5, 9, 10]
    case .attribute: [7, 8, 9, 10, 11, 15, 23]
    case .tensor: [1, 4, 5, 6, 7, 10, 11, 13, 16]
    case .value: [4]
    case .shape: [1]
    case .type, .tensorType, .dimension, .operatorSet, .entry: []
    }
  }

  /// The fields that may occur once.
  var single: Set<Int> {
    switch self {
    case .model: [1, 2, 3, 4, 5, 6, 7]
    case .graph: [2, 10]
    case .node: [3, 4, 6, 7, 8]
    case .attribute: [1, 2, 3, 4, 5, 6, 13, 14, 20, 21, 22]
    case .tensor: [2, 3, 8, 9, 12, 14]
    case .value: [1, 2, 3]
    case .type: [1, 4, 5, 6, 7, 8, 9]
    case .tensorType: [1, 2]
    case .shape: []
    case .dimension: [1, 2, 3]
    case .operatorSet, .entry: [1, 2]
    }
  }
}
