/// The place of a tensor's elements in a file, and how they are permuted when they are read.
struct ONNXStoredTensor: Sendable, Hashable {
  /// The place of the elements.
  enum Home: Sendable, Hashable {
    /// The model's file, from this offset on.
    case model(offset: Int)
    /// Another file in the folder.
    case other(file: String, offset: Int)
    /// A field of the network, in which they do not lie as they are in memory.
    case field(ONNXPlace, name: String, shape: [Int])
  }

  /// The tensor's name.
  var name: String
  var home: Home
  /// The type in the file.
  var type: ONNXElementType
  /// The number of elements.
  var count: Int
  /// The permutations from the order in the file to that of the constant.
  var permutations: [ONNXPermutation] = []

  /// Creates the place of a tensor of the file; nil if its elements are not floating-point numbers,
  /// or cannot be replaced alone.
  init?(_ tensor: ONNXTensor, shape: [Int]) {
    guard let type = ONNXElementType(rawValue: tensor.type), type.isFloat else { return nil }
    switch tensor.storage {
    case .file(let offset, _): home = .model(offset: offset)
    case .external(let file, let offset, _): home = .other(file: file, offset: offset)
    case .decoded:
      guard let place = tensor.place else { return nil }
      home = .field(place, name: tensor.name, shape: shape)
    }
    name = tensor.name
    self.type = type
    count = shape.reduce(1, *)
  }

  /// Returns elements of the constant in the order of the file.
  func inFile(_ values: [Float]) -> [Float] {
    permutations.reversed().reduce(values) { $1.inverse($0) }
  }
}
