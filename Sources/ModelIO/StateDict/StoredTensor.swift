/// A tensor in a file of weights.
public struct StoredTensor: Sendable, Hashable {
  /// Its key.
  public let name: String
  /// The type of its elements as PyTorch names it, for example "float32".
  public let type: String
  /// Its extents; empty for a single number.
  public let shape: [Int]

  init(_ tensor: StateTensor) {
    name = tensor.name
    shape = tensor.shape
    type =
      switch tensor.type {
      case .float: "float32"
      case .double: "float64"
      default: "\(tensor.type)"
      }
  }
}
