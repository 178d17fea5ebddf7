/// One field of a message in the wire format of Protocol Buffers.
struct WireField: Equatable {
  /// The largest field number of the format.
  static let largestNumber = (1 << 29) - 1

  /// The value by its wire type.
  enum Value: Equatable {
    case varint(UInt64)
    case fixed64(UInt64)
    /// The range of a text, a message or packed numbers.
    case bytes(Range<Int>)
    case fixed32(UInt32)
  }

  let number: Int
  let value: Value
}
