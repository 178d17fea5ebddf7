/// The contents of an ONNX file as its parser reports them, unverified.
///
/// Weights stay in the file: a tensor is its type, its shape, and the place of its elements.
struct ONNXCatalogue: Equatable {
  /// The version of an operator set.
  struct OperatorSet: Equatable {
    /// Empty for the standard operators.
    var domain = ""
    var version: Int64 = 0
  }

  /// An input or output of the network.
  struct Value: Equatable {
    var name = ""
    /// The type of its elements; nil if it is no tensor.
    var type: Int32?
    /// The extents; nil for one that is not fixed.
    var shape: [Int64?] = []
  }

  /// The name of another file.
  struct Location: Equatable {
    var file: String
    var place: ONNXPlace
  }

  /// A call of an operator.
  struct Node: Equatable {
    var name = ""
    var operation = ""
    var domain = ""
    var inputs: [String] = []
    var outputs: [String] = []
    var attributes: [ONNXAttribute] = []
    /// The fields with the names of ``inputs``.
    var inputPlaces: [ONNXPlace] = []
  }

  /// The version of the format.
  var version: Int64 = 0
  var operatorSets: [OperatorSet] = []
  /// The network's name.
  var name = ""
  var nodes: [Node] = []
  var tensors: [ONNXTensor] = []
  var inputs: [Value] = []
  var outputs: [Value] = []
  /// The messages around what a copy of the file may change, in the order of the file: the network,
  /// its nodes, and those around ``locations``.
  var messages: [ONNXPlace] = []
  /// The names of other files with tensors, one for each tensor there.
  var locations: [Location] = []
  /// What the file has besides a network, in words.
  var extras: [String] = []

  // Limits far above any honest file.
  static let maximumNodes = 50_000
  static let maximumTensors = 50_000
  static let maximumParts = 1 << 20
  static let maximumNameLength = 1 << 16
  static let maximumRank = 64
  static let maximumExtras = 100
  /// The largest size in bytes of all elements that the parser decodes itself.
  static let maximumDecoded = 128 << 20
  /// The largest size of a serialized catalogue in bytes.
  static let maximumSize = 192 << 20
}

extension ONNXCatalogue.Node {
  /// Makes a node that is in no file.
  init(
    making name: String, _ operation: String, of inputs: [String], _ output: String,
    _ attributes: [(String, ONNXAttribute.Content)]
  ) {
    self.init(
      name: name, operation: operation, inputs: inputs, outputs: [output],
      attributes: attributes.map { ONNXAttribute(name: $0.0, content: $0.1) },
      inputPlaces: inputs.map { _ in .nowhere })
  }
}
