import InferenceGraph

/// An element type of NumPy that holds real numbers.
struct NumpyType: Sendable, Hashable {
  /// The kind of numbers.
  enum Kind: Character, Sendable {
    case boolean = "b"
    case unsigned = "u"
    case signed = "i"
    case float = "f"
  }

  /// The kind of numbers.
  let kind: Kind
  /// The size of an element in bytes: 1, 2, 4 or 8.
  let size: Int
  /// Whether the first byte of an element is the most significant.
  let isBigEndian: Bool

  /// Creates a type of a valid size.
  private init(_ kind: Kind, _ size: Int) {
    self.kind = kind
    self.size = size
    isBigEndian = 1.bigEndian == 1
  }

  /// Unsigned bytes.
  static let byte = NumpyType(.unsigned, 1)
  /// 32-bit integers of this machine.
  static let int32 = NumpyType(.signed, 4)

  /// Parses a type such as `<f4`, `>i2` or `|u1`; nil if it is not one of real numbers.
  init?(_ text: String) {
    let parts = Array(text)
    guard parts.count == 3, let kind = Kind(rawValue: parts[1]),
      let size = parts[2].wholeNumberValue
    else { return nil }
    let sizes: [Int] =
      switch kind {
      case .boolean: [1]
      case .unsigned, .signed: [1, 2, 4, 8]
      case .float: [2, 4, 8]
      }
    guard sizes.contains(size) else { return nil }
    switch parts[0] {
    case "<": isBigEndian = false
    case ">": isBigEndian = true
    case "|" where size == 1: isBigEndian = false
    case "=": isBigEndian = 1.bigEndian == 1
    default: return nil
    }
    self.kind = kind
    self.size = size
  }

  /// The class of the type.
  var elementClass: HDF5DatasetInfo.ElementClass { kind == .float ? .float : .integer }

  /// The type that the bytes have without conversion, if it is an element type.
  var rawType: ElementType? {
    if size == 1 { return kind == .signed ? nil : .uint8 }
    guard kind == .float, isBigEndian == (1.bigEndian == 1) else { return nil }
    return size == 4 ? .float32 : size == 8 ? .float64 : nil
  }

  /// Converts elements.
  ///
  /// - Parameters:
  ///   - bytes: The elements, in this type.
  ///   - type: The type of the result. Values outside of 0...255 are clamped if it is `uint8`.
  ///   - buffer: Receives as many elements as `bytes` holds.
  @unsafe func convert(
    _ bytes: UnsafeRawBufferPointer, to type: ElementType,
    into buffer: UnsafeMutableRawBufferPointer
  ) {
    precondition(
      buffer.count >= bytes.count / size * type.size,
      "a buffer of \(buffer.count) bytes for \(bytes.count / size) elements")
    if type == rawType { return unsafe buffer.copyMemory(from: bytes) }
    switch (kind, size) {
    case (.signed, 1): unsafe store(bytes, Int8.self, type, buffer) { Double($0) }
    case (.signed, 2): unsafe store(bytes, Int16.self, type, buffer) { Double($0) }
    case (.signed, 4): unsafe store(bytes, Int32.self, type, buffer) { Double($0) }
    case (.signed, _): unsafe store(bytes, Int64.self, type, buffer) { Double($0) }
    case (.float, 2): unsafe store(bytes, UInt16.self, type, buffer) { Self.half($0) }
    case (.float, 4):
      unsafe store(bytes, UInt32.self, type, buffer) { Double(Float(bitPattern: $0)) }
    case (.float, _): unsafe store(bytes, UInt64.self, type, buffer) { Double(bitPattern: $0) }
    case (_, 1): unsafe store(bytes, UInt8.self, type, buffer) { Double($0) }
    case (_, 2): unsafe store(bytes, UInt16.self, type, buffer) { Double($0) }
    case (_, 4): unsafe store(bytes, UInt32.self, type, buffer) { Double($0) }
    case (_, _): unsafe store(bytes, UInt64.self, type, buffer) { Double($0) }
    }
  }

  @unsafe private func store<Raw: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ raw: Raw.Type, _ type: ElementType,
    _ buffer: UnsafeMutableRawBufferPointer, _ value: (Raw) -> Double
  ) {
    let isSwapped = isBigEndian != (1.bigEndian == 1)
    for index in 0..<bytes.count / size {
      let loaded = unsafe bytes.loadUnaligned(fromByteOffset: index * size, as: Raw.self)
      let number = value(isSwapped ? loaded.byteSwapped : loaded)
      let place = index * type.size
      switch type {
      case .uint8:
        let byte = number > 0 ? UInt8(min(number, 255)) : 0
        unsafe buffer.storeBytes(of: byte, toByteOffset: place, as: UInt8.self)
      case .float32:
        unsafe buffer.storeBytes(of: Float(number), toByteOffset: place, as: Float.self)
      case .float64: unsafe buffer.storeBytes(of: number, toByteOffset: place, as: Double.self)
      }
    }
  }

  /// Returns the value of a 16-bit float (IEEE 754 binary16).
  static func half(_ bits: UInt16) -> Double {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
    let size =
      switch exponent {
      case 0: fraction * 0x1p-24
      case 31: fraction == 0 ? .infinity : Double.nan
      default: (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
      }
    return bits >> 15 == 1 ? -size : size
  }
}
