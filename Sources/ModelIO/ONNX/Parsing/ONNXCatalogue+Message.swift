/// Serialization, for the way from the sealed process.
extension ONNXCatalogue {
  /// The rules that a parser may report.
  static let rules: [Finding.Rule] = [
    .onnxDamaged, .onnxDuplicateField, .onnxExternal, .onnxSize,
  ]

  /// Returns the serialized result of parsing: a catalogue or the reason why there is none.
  static func message(of bytes: RawSpan) -> [UInt8] {
    var writer = MessageWriter()
    do throws(ONNXRefusal) {
      let catalogue = try ONNXParser.parse(bytes)
      writer.write(UInt8(0))
      catalogue.write(to: &writer)
      guard writer.bytes.count <= maximumSize else {
        throw ONNXRefusal(.onnxSize, "has more parts than any image classifier")
      }
    } catch {
      writer = MessageWriter()
      writer.write(UInt8(1))
      writer.write(UInt8(rules.firstIndex(of: error.finding.rule) ?? 0))
      writer.write(error.finding.location)
      writer.write(error.finding.message)
    }
    return writer.bytes
  }

  /// Parses a serialized result.
  ///
  /// - Throws: ``ONNXRefusal`` if it is a refusal, ``MessageError`` if it is malformed.
  init(message: [UInt8]) throws {
    var reader = MessageReader(message)
    if try reader.read(UInt8.self) != 0 {
      let rule = Int(try reader.read(UInt8.self))
      guard Self.rules.indices.contains(rule) else { throw MessageError() }
      throw ONNXRefusal(Self.rules[rule], at: try reader.text(), try reader.text())
    }
    try self.init(&reader)
    guard reader.isAtEnd else { throw MessageError() }
  }

  private func write(to writer: inout MessageWriter) {
    writer.write(version)
    writer.write(name)
    writer.write(UInt32(operatorSets.count))
    for set in operatorSets {
      writer.write(set.domain)
      writer.write(set.version)
    }
    for values in [inputs, outputs] {
      writer.write(UInt32(values.count))
      for value in values {
        writer.write(value.name)
        writer.write(value.type ?? -1)
        // An extent that is not fixed is -1.
        writer.write(value.shape.map { $0 ?? -1 })
      }
    }
    writer.write(UInt32(tensors.count))
    for tensor in tensors { tensor.write(to: &writer) }
    writer.write(UInt32(nodes.count))
    for node in nodes {
      writer.write(node.name)
      writer.write(node.operation)
      writer.write(node.domain)
      writer.write(node.inputs)
      writer.write(node.outputs)
      writer.write(UInt32(node.attributes.count))
      for attribute in node.attributes { attribute.write(to: &writer) }
      writer.write(node.inputPlaces)
    }
    writer.write(messages)
    writer.write(UInt32(locations.count))
    for location in locations {
      writer.write(location.file)
      writer.write([location.place])
    }
    writer.write(extras)
  }

  private init(_ reader: inout MessageReader) throws(MessageError) {
    version = try reader.read(Int64.self)
    name = try reader.text()
    for _ in 0..<(try reader.count(of: 12)) {
      operatorSets.append(
        OperatorSet(domain: try reader.text(), version: try reader.read(Int64.self)))
    }
    inputs = try Self.values(&reader)
    outputs = try Self.values(&reader)
    for _ in 0..<(try reader.count(of: 13)) { tensors.append(try ONNXTensor(&reader)) }
    for _ in 0..<(try reader.count(of: 24)) {
      var node = Node(
        name: try reader.text(), operation: try reader.text(), domain: try reader.text(),
        inputs: try reader.texts(), outputs: try reader.texts())
      for _ in 0..<(try reader.count(of: 5)) { node.attributes.append(try ONNXAttribute(&reader)) }
      node.inputPlaces = try reader.places()
      guard node.inputPlaces.count == node.inputs.count else { throw MessageError() }
      nodes.append(node)
    }
    messages = try reader.places()
    for _ in 0..<(try reader.count(of: 8)) {
      let file = try reader.text()
      guard let place = try reader.places().first else { throw MessageError() }
      locations.append(Location(file: file, place: place))
    }
    extras = try reader.texts()
  }

  private static func values(_ reader: inout MessageReader) throws(MessageError) -> [Value] {
    var result: [Value] = []
    for _ in 0..<(try reader.count(of: 12)) {
      let (name, type) = (try reader.text(), try reader.read(Int32.self))
      let shape = try reader.integers(Int64.self).map { $0 < 0 ? nil : $0 }
      result.append(Value(name: name, type: type < 0 ? nil : type, shape: shape))
    }
    return result
  }
}

extension MessageWriter {
  fileprivate mutating func write(_ texts: [String]) {
    write(UInt32(texts.count))
    for text in texts { write(text) }
  }

  fileprivate mutating func write(_ places: [ONNXPlace]) {
    write(UInt32(places.count))
    for place in places {
      write(Int64(place.number))
      write(Int64(place.start))
      write(Int64(place.range.lowerBound))
      write(Int64(place.range.upperBound))
    }
  }

  fileprivate mutating func write(_ float: Float) { write(float.bitPattern) }
}

extension MessageReader {
  fileprivate mutating func texts() throws(MessageError) -> [String] {
    var result: [String] = []
    for _ in 0..<(try count(of: 4)) { result.append(try text()) }
    return result
  }

  /// Reads places of fields; a field's key comes before its value.
  fileprivate mutating func places() throws(MessageError) -> [ONNXPlace] {
    var result: [ONNXPlace] = []
    for _ in 0..<(try count(of: 32)) {
      let (number, start) = (try size(), try size())
      let (lower, upper) = (try size(), try size())
      guard (1...WireField.largestNumber).contains(number), start < lower, lower <= upper else {
        throw MessageError()
      }
      result.append(ONNXPlace(number: number, start: start, range: lower..<upper))
    }
    return result
  }

  /// Reads a number that is an offset or a size.
  fileprivate mutating func size() throws(MessageError) -> Int {
    let size = try read(Int64.self)
    guard size >= 0 else { throw MessageError() }
    return Int(size)
  }
}

extension ONNXTensor {
  fileprivate func write(to writer: inout MessageWriter) {
    writer.write(name)
    writer.write(type)
    writer.write(shape)
    switch storage {
    case .file(let offset, let count):
      writer.write(UInt8(0))
      writer.write(Int64(offset))
      writer.write(Int64(count))
    case .decoded(let bytes):
      writer.write(UInt8(1))
      writer.write(bytes)
    case .external(let location, let offset, let count):
      writer.write(UInt8(count == nil ? 2 : 3))
      writer.write(location)
      writer.write(Int64(offset))
      writer.write(Int64(count ?? 0))
    }
    writer.write(place.map { [$0] } ?? [])
  }

  fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
    name = try reader.text()
    type = try reader.read(Int32.self)
    shape = try reader.integers(Int64.self)
    let kind = try reader.read(UInt8.self)
    switch kind {
    case 0: storage = .file(offset: try reader.size(), count: try reader.size())
    case 1: storage = .decoded(try reader.integers(UInt8.self))
    case 2, 3:
      let (location, offset) = (try reader.text(), try reader.size())
      let count = try reader.size()
      storage = .external(location: location, offset: offset, count: kind == 2 ? nil : count)
    default: throw MessageError()
    }
    place = try reader.places().first
  }
}

extension ONNXAttribute {
  fileprivate func write(to writer: inout MessageWriter) {
    writer.write(name)
    switch content {
    case .other: writer.write(UInt8(0))
    case .float(let value):
      writer.write(UInt8(1))
      writer.write(value)
    case .integer(let value):
      writer.write(UInt8(2))
      writer.write(value)
    case .text(let value):
      writer.write(UInt8(3))
      writer.write(value)
    case .tensor(let value):
      writer.write(UInt8(4))
      value.write(to: &writer)
    case .floats(let values):
      writer.write(UInt8(5))
      writer.write(values.map(\.bitPattern))
    case .integers(let values):
      writer.write(UInt8(6))
      writer.write(values)
    case .texts(let values):
      writer.write(UInt8(7))
      writer.write(values)
    }
  }

  fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
    name = try reader.text()
    switch try reader.read(UInt8.self) {
    case 0: content = .other
    case 1: content = .float(Float(bitPattern: try reader.read(UInt32.self)))
    case 2: content = .integer(try reader.read(Int64.self))
    case 3: content = .text(try reader.text())
    case 4: content = .tensor(try ONNXTensor(&reader))
    case 5: content = .floats(try reader.integers(UInt32.self).map(Float.init(bitPattern:)))
    case 6: content = .integers(try reader.integers(Int64.self))
    case 7: content = .texts(try reader.texts())
    default: throw MessageError()
    }
  }
}
