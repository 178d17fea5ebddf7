extension ONNXElementType {
  /// Returns the bits of the nearest number of a floating-point type; of two, the one whose last bit
  /// is 0.
  ///
  /// A finite number beyond the type's range becomes its largest of the same sign.
  func bits(of value: Float) -> UInt64 {
    switch self {
    case .double: Double(value).bitPattern
    case .bfloat16: UInt64(Self.rounded(value, fraction: 7, exponent: 8))
    case .float16: UInt64(Self.rounded(value, fraction: 10, exponent: 5))
    case .float, .uint8, .int8, .uint16, .int16, .int32, .int64, .bool, .uint32, .uint64:
      UInt64(value.bitPattern)
    }
  }

  /// Returns the bits of the nearest number with `fraction` bits of fraction and `exponent` bits of
  /// exponent.
  private static func rounded(_ value: Float, fraction: Int, exponent: Int) -> UInt32 {
    let sign: UInt32 = value.sign == .minus ? 1 << UInt32(fraction + exponent) : 0
    let infinity = (UInt32(1) << UInt32(exponent) - 1) << UInt32(fraction)
    if value.isNaN { return sign | infinity | 1 << UInt32(fraction - 1) }
    if value.isInfinite { return sign | infinity }
    // The exponent of the smallest normal number; below it, numbers are equally far apart.
    let smallest = 2 - 1 << (exponent - 1)
    let scale = max(value.magnitude == 0 ? smallest : Int(value.magnitude.exponent), smallest)
    // Doubles hold the quotient exactly.
    let units = Double(
      sign: .plus, exponent: fraction - scale, significand: Double(value.magnitude)
    )
    .rounded(.toNearestOrEven)
    let number = UInt32(scale - smallest) << UInt32(fraction) + UInt32(units)
    return sign | min(number, infinity - 1)
  }
}
