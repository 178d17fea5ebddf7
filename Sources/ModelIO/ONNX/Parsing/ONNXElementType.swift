/// The types of a tensor's elements that are read; raw values are those of ONNX.
enum ONNXElementType: Int32, CaseIterable {
  case float = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case bool = 9
  case float16 = 10
  case double = 11
  case uint32 = 12
  case uint64 = 13
  case bfloat16 = 16

  /// The size of an element in bytes.
  var size: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .float, .int32, .uint32: 4
    case .double, .int64, .uint64: 8
    }
  }

  /// Whether the elements are floating-point numbers.
  var isFloat: Bool {
    switch self {
    case .float, .float16, .double, .bfloat16: true
    case .uint8, .int8, .uint16, .int16, .int32, .int64, .bool, .uint32, .uint64: false
    }
  }

  /// Returns the value of an element from its bytes, rounded to 32 bits.
  func float(_ bits: UInt64) -> Float {
    switch self {
    case .float: Float(bitPattern: UInt32(truncatingIfNeeded: bits))
    case .double: Float(Double(bitPattern: bits))
    case .bfloat16: Float(bitPattern: UInt32(truncatingIfNeeded: bits) << 16)
    case .float16: Self.half(UInt16(truncatingIfNeeded: bits))
    case .uint64: Float(bits)
    case .uint8, .int8, .uint16, .int16, .int32, .int64, .bool, .uint32: Float(integer(bits))
    }
  }

  /// Returns the value of an integer element from its bytes.
  func integer(_ bits: UInt64) -> Int64 {
    switch self {
    case .int8: Int64(Int8(truncatingIfNeeded: bits))
    case .int16: Int64(Int16(truncatingIfNeeded: bits))
    case .int32: Int64(Int32(truncatingIfNeeded: bits))
    case .float, .float16, .double, .bfloat16, .uint8, .uint16, .int64, .bool, .uint32, .uint64:
      Int64(truncatingIfNeeded: bits)
    }
  }

  /// Returns the value of a 16-bit float of IEEE 754, which not every platform of Swift has.
  private static func half(_ bits: UInt16) -> Float {
    let sign: Float = bits >> 15 == 0 ? 1 : -1
    let (exponent, fraction) = (Int(bits >> 10 & 31), Float(bits & 1023))
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default:
      return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
    }
  }
}
