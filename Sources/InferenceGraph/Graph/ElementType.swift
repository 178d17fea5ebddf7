/// The type of a data set's elements as the executor reads them, in the machine's byte order.
public enum ElementType: Sendable, Hashable {
  /// An unsigned byte.
  case uint8
  /// A 32-bit float.
  case float32
  /// A 64-bit float.
  case float64

  /// The size of an element in bytes.
  public var size: Int {
    switch self {
    case .uint8: 1
    case .float32: 4
    case .float64: 8
    }
  }
}
