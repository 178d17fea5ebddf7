extension ONNXParser {
  /// Parses an input or output of the network.
  mutating func value(
    _ range: Range<Int>, _ bytes: RawSpan
  ) throws(ONNXRefusal) -> ONNXCatalogue.Value {
    var result = ONNXCatalogue.Value()
    var reader = ONNXFieldReader(.value, range)
    while let field = try reader.next(in: bytes, extras: &extras) {
      switch field.number {
      case 1: result.name = try text(field, bytes)
      case 2: try type(try field.range, of: &result, bytes)
      default: break
      }
    }
    return result
  }

  private mutating func type(
    _ range: Range<Int>, of value: inout ONNXCatalogue.Value, _ bytes: RawSpan
  ) throws(ONNXRefusal) {
    var reader = ONNXFieldReader(.type, range)
    while let field = try reader.next(in: bytes, extras: &extras) {
      guard field.number == 1 else { continue }
      var reader = ONNXFieldReader(.tensorType, try field.range)
      while let field = try reader.next(in: bytes, extras: &extras) {
        if field.number == 1 {
          value.type = Int32(clamping: try field.integer)
        } else {
          value.shape = try shape(try field.range, bytes)
        }
      }
    }
  }

  private mutating func shape(
    _ range: Range<Int>, _ bytes: RawSpan
  ) throws(ONNXRefusal) -> [Int64?] {
    var result: [Int64?] = []
    var reader = ONNXFieldReader(.shape, range)
    while let field = try reader.next(in: bytes, extras: &extras) {
      var reader = ONNXFieldReader(.dimension, try field.range)
      var extent: Int64?
      while let field = try reader.next(in: bytes, extras: &extras) {
        if field.number == 1 { extent = try field.integer }
      }
      result.append(extent)
      try count(1)
      guard result.count <= ONNXCatalogue.maximumRank else {
        throw ONNXRefusal(.onnxSize, "has a value of more than 64 axes")
      }
    }
    return result
  }

  /// Parses an attribute; its content is the one field that it has.
  mutating func attribute(
    _ range: Range<Int>, _ bytes: RawSpan
  ) throws(ONNXRefusal) -> ONNXAttribute {
    var result = ONNXAttribute()
    /// The type that the attribute declares; 0 in files of the first versions.
    var type: Int64 = 0
    var floats: [Float] = []
    var integers: [Int64] = []
    var texts: [String] = []
    var reader = ONNXFieldReader(.attribute, range)
    while let field = try reader.next(in: bytes, extras: &extras) {
      switch field.number {
      case 1: result.name = try text(field, bytes)
      case 2: result.content = .float(try field.float)
      case 3: result.content = .integer(try field.integer)
      case 4: result.content = .text(try text(field, bytes))
      case 5:
        path.append(try reader.place(of: field))
        result.content = .tensor(try tensor(try field.range, bytes))
        path.removeLast()
      case 7: floats += try numbers(of: field, size: 4, bytes).map(Self.float)
      case 8: integers += try numbers(of: field, size: nil, bytes).map(Int64.init(bitPattern:))
      case 9: texts.append(try text(field, bytes))
      case 20: type = try field.integer
      default: break
      }
    }
    // Zeros and empty lists may be missing in the file.
    switch type {
    case 1: if case .other = result.content { result.content = .float(0) }
    case 2: if case .other = result.content { result.content = .integer(0) }
    case 3: if case .other = result.content { result.content = .text("") }
    case 6: result.content = .floats(floats)
    case 7: result.content = .integers(integers)
    case 8: result.content = .texts(texts)
    case 0 where !floats.isEmpty: result.content = .floats(floats)
    case 0 where !integers.isEmpty: result.content = .integers(integers)
    case 0, 4: break
    default: result.content = .other
    }
    return result
  }

  private static func float(_ bits: UInt64) -> Float {
    Float(bitPattern: UInt32(truncatingIfNeeded: bits))
  }

  /// Returns the numbers of a repeated field, packed or single.
  ///
  /// - Parameter size: The size of a number in bytes; nil for integers of variable length.
  mutating func numbers(
    of field: WireField, size: Int?, _ bytes: RawSpan
  ) throws(ONNXRefusal) -> [UInt64] {
    switch (field.value, size) {
    case (.varint(let bits), nil), (.fixed64(let bits), 8):
      try decode(1)
      return [bits]
    case (.fixed32(let bits), 4):
      try decode(1)
      return [UInt64(bits)]
    case (.bytes(let range), _):
      try decode(range.count / (size ?? 1))
      var result: [UInt64] = []
      var reader = WireReader(range)
      do throws(WireError) {
        while !reader.isAtEnd {
          if let size {
            result.append(try reader.fixed(size, in: bytes))
          } else {
            result.append(try reader.varint(in: bytes))
          }
        }
      } catch {
        throw ONNXRefusal(error)
      }
      return result
    default: throw ONNXRefusal(.onnxDamaged, "is damaged: numbers of another type")
    }
  }

  /// Counts decoded numbers.
  ///
  /// - Throws: ``ONNXRefusal`` beyond the limit.
  private mutating func decode(_ number: Int) throws(ONNXRefusal) {
    decoded += 8 * number
    guard decoded <= ONNXCatalogue.maximumDecoded else {
      throw ONNXRefusal(
        .onnxSize, "has too many numbers in its typed fields; save it with raw data")
    }
  }
}
