import Foundation

@testable import ModelIO

/// Builds files of weights byte by byte: both forms of PyTorch, and safetensors.
struct CheckpointBuilder {
  enum Form: CaseIterable { case zip, legacy, safetensors }

  struct Weight {
    var name: String
    var shape: [Int]
    /// The elements in row-major order; such as the type represents exactly.
    var values: [Float]
    var type = ONNXElementType.float
    /// The axes from the outermost to the innermost in the file; nil for row-major order.
    var order: [Int]?
    /// The number of elements before the tensor in its storage.
    var offset = 0
    /// The factor of all strides.
    var step = 1
  }

  var weights: [Weight]
  /// The keys around the weights.
  var wrapper: [String] = []
  /// Pickled values beside the wrapped weights, by key.
  var others: [(String, [UInt8])] = []
  var folder = "archive"

  // MARK: Pickles

  static func text(_ text: String) -> [UInt8] {
    [UInt8(ascii: "X")] + ArchiveBuilder.number(UInt64(text.utf8.count), 4) + Array(text.utf8)
  }

  static func integer(_ value: Int) -> [UInt8] {
    switch value {
    case 0..<256: [UInt8(ascii: "K"), UInt8(value)]
    case 0..<65_536: [UInt8(ascii: "M")] + ArchiveBuilder.number(UInt64(value), 2)
    case 0..<0x7FFF_FFFF: [UInt8(ascii: "J")] + ArchiveBuilder.number(UInt64(value), 4)
    default: [0x8A, 8] + ArchiveBuilder.number(UInt64(bitPattern: Int64(value)), 8)
    }
  }

  static func global(_ module: String, _ name: String) -> [UInt8] {
    Array("c\(module)\n\(name)\n".utf8)
  }

  static func tuple(_ items: [[UInt8]]) -> [UInt8] {
    switch items.count {
    case 0: Array(")".utf8)
    case 1...3: items.flatMap { $0 } + [0x84 + UInt8(items.count)]
    default: Array("(".utf8) + items.flatMap { $0 } + Array("t".utf8)
    }
  }

  static func dictionary(_ items: [(String, [UInt8])]) -> [UInt8] {
    Array("}(".utf8) + items.flatMap { text($0) + $1 } + Array("u".utf8)
  }

  static func ordered(_ items: [(String, [UInt8])]) -> [UInt8] {
    global("collections", "OrderedDict") + Array(")R(".utf8) + items.flatMap { text($0) + $1 }
      + Array("u".utf8)
  }

  static func storage(_ type: String, _ key: String, _ count: Int, legacy: Bool = false) -> [UInt8]
  {
    tuple(
      [text("storage"), global("torch", "\(type)Storage"), text(key), text("cpu"), integer(count)]
        + (legacy ? [Array("N".utf8)] : [])) + Array("Q".utf8)
  }

  static func tensor(
    _ storage: [UInt8], offset: Int = 0, _ shape: [Int], _ strides: [Int]
  ) -> [UInt8] {
    global("torch._utils", "_rebuild_tensor_v2")
      + tuple([
        storage, integer(offset), tuple(shape.map { integer($0) }),
        tuple(strides.map { integer($0) }), [0x89],
        global("collections", "OrderedDict") + Array(")R".utf8),
      ]) + Array("R".utf8)
  }

  static func pickle(_ value: [UInt8]) -> [UInt8] { [0x80, 2] + value + Array(".".utf8) }

  private static let names: [ONNXElementType: String] = [
    .float: "Float", .double: "Double", .float16: "Half", .bfloat16: "BFloat16", .int64: "Long",
    .int32: "Int", .int16: "Short", .int8: "Char", .uint8: "Byte", .bool: "Bool",
  ]

  /// The bytes of an element.
  private static func bytes(_ value: Float, _ type: ONNXElementType) -> [UInt8] {
    let bits = type.isFloat ? type.bits(of: value) : UInt64(bitPattern: Int64(value))
    return ArchiveBuilder.number(bits, type.size)
  }

  /// A storage with the elements of a weight, and the weight's strides.
  private static func stored(_ weight: Weight) -> (bytes: [UInt8], count: Int, strides: [Int]) {
    let order = weight.order ?? Array(weight.shape.indices)
    var strides = Array(repeating: 0, count: weight.shape.count)
    var step = weight.step
    for axis in order.reversed() {
      strides[axis] = step
      step *= weight.shape[axis]
    }
    let count = weight.offset + max(step, weight.step)
    // What lies between the elements must not be read.
    var elements = [Float](repeating: 77, count: count)
    for (index, value) in weight.values.enumerated() {
      var (rest, place) = (index, weight.offset)
      for axis in weight.shape.indices.reversed() {
        place += rest % weight.shape[axis] * strides[axis]
        rest /= weight.shape[axis]
      }
      elements[place] = value
    }
    return (elements.flatMap { bytes($0, weight.type) }, count, strides)
  }

  /// The pickled weights with all around them.
  func pickled(legacy: Bool = false) -> [UInt8] {
    var value = Self.ordered(
      weights.enumerated().map { index, weight in
        let (_, count, strides) = Self.stored(weight)
        let storage = Self.storage(
          Self.names[weight.type] ?? "Float", "\(index)", count, legacy: legacy)
        return (
          weight.name, Self.tensor(storage, offset: weight.offset, weight.shape, strides)
        )
      })
    for (index, key) in wrapper.reversed().enumerated() {
      value = Self.dictionary(
        [(key, value)] + (index == wrapper.count - 1 ? others : []))
    }
    return Self.pickle(value)
  }

  // MARK: Files

  func members(pickle: [UInt8]? = nil) -> [ArchiveBuilder.Member] {
    [.init(name: "\(folder)/data.pkl", bytes: pickle ?? pickled())]
      + weights.enumerated().map {
        .init(name: "\(folder)/data/\($0)", bytes: Self.stored($1).bytes)
      } + [
        .init(name: "\(folder)/version", bytes: Array("3\n".utf8)),
        .init(name: "\(folder)/byteorder", bytes: Array("little".utf8)),
      ]
  }

  func bytes(_ form: Form) -> [UInt8] {
    switch form {
    case .zip: ArchiveBuilder(members: members()).bytes
    case .legacy:
      TorchLegacy.signature + Self.pickle(Self.integer(1001))
        + Self.pickle(
          Self.dictionary([("protocol_version", Self.integer(1001)), ("little_endian", [0x88])]))
        + pickled(legacy: true)
        + Self.pickle(
          Array("](".utf8) + weights.indices.flatMap { Self.text("\($0)") } + Array("e".utf8))
        + weights.flatMap { weight -> [UInt8] in
          let (bytes, count, _) = Self.stored(weight)
          return ArchiveBuilder.number(UInt64(count), 8) + bytes
        }
    case .safetensors: safetensors
    }
  }

  private var safetensors: [UInt8] {
    let names: [ONNXElementType: String] = [
      .float: "F32", .double: "F64", .float16: "F16", .bfloat16: "BF16", .int64: "I64",
    ]
    var (fields, data): ([String], [UInt8]) = (["\"__metadata__\":{\"format\":\"pt\"}"], [])
    for weight in weights {
      let bytes = weight.values.flatMap { Self.bytes($0, weight.type) }
      let shape = weight.shape.map { "\($0)" }.joined(separator: ",")
      fields.append(
        "\"\(weight.name)\":{\"dtype\":\"\(names[weight.type] ?? "")\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(data.count),\(data.count + bytes.count)]}")
      data += bytes
    }
    let header = Array("{\(fields.joined(separator: ","))}".utf8)
    return ArchiveBuilder.number(UInt64(header.count), 8) + header + data
  }

  func write(_ form: Form, to url: URL) throws -> String {
    try Data(bytes(form)).write(to: url)
    return url.path
  }
}
