/// Serialization, for the way from the sealed process.
extension StateCatalogue {
  /// The serialized catalogue.
  var message: [UInt8] {
    var writer = MessageWriter()
    writer.write(wrapper)
    writer.write(UInt8(record == nil ? 0 : 1))
    if let record {
      writer.write(record.dataSet)
      writer.write(UInt32(record.height))
      writer.write(UInt32(record.width))
      writer.write(Int64(record.target ?? -1))
    }
    writer.write(UInt32(findings.count))
    for finding in findings { Self.write(finding, to: &writer) }
    writer.write(UInt8(refusal == nil ? 0 : 1))
    if let refusal { Self.write(refusal, to: &writer) }
    for tensors in [tensors, others] {
      writer.write(UInt32(tensors.count))
      for tensor in tensors {
        writer.write(tensor.name)
        writer.write(tensor.type.rawValue)
        writer.write(Int64(tensor.offset))
        writer.write(tensor.shape.map { Int64($0) })
        writer.write(tensor.strides.map { Int64($0) })
      }
    }
    for names in [omitted, otherSets] {
      writer.write(UInt32(names.count))
      for name in names { writer.write(name) }
    }
    writer.write(UInt8(skeleton == nil ? 0 : 1))
    skeleton?.write(to: &writer)
    return writer.bytes
  }

  /// Parses a serialized catalogue.
  ///
  /// - Throws: ``MessageError`` if it is malformed, or exceeds the limits.
  init(message: [UInt8]) throws(MessageError) {
    var reader = MessageReader(message)
    wrapper = try reader.text()
    if try reader.read(UInt8.self) != 0 {
      let name = try reader.text()
      let (height, width) = (try reader.read(UInt32.self), try reader.read(UInt32.self))
      let target = try reader.read(Int64.self)
      guard height <= 65_536, width <= 65_536, name.utf8.count <= Self.maximumNameLength else {
        throw MessageError()
      }
      record = RecordFacts(
        dataSet: name, height: Int(height), width: Int(width),
        target: target < 0 ? nil : Int(target))
    }
    for _ in 0..<(try reader.count(of: 9)) { findings.append(try Self.finding(&reader)) }
    if try reader.read(UInt8.self) != 0 { refusal = try Self.finding(&reader) }
    for _ in 0..<(try reader.count(of: 24)) { tensors.append(try Self.tensor(&reader)) }
    for _ in 0..<(try reader.count(of: 24)) { others.append(try Self.tensor(&reader)) }
    for _ in 0..<(try reader.count(of: 4)) { omitted.append(try reader.text()) }
    for _ in 0..<(try reader.count(of: 4)) { otherSets.append(try reader.text()) }
    if try reader.read(UInt8.self) != 0 {
      skeleton = try StateSkeleton(&reader, tensors: tensors.count + others.count)
    }
    guard reader.isAtEnd, findings.count <= Self.maximumFindings,
      tensors.count + others.count <= Self.maximumTensors
    else { throw MessageError() }
  }

  private static func write(_ finding: Finding, to writer: inout MessageWriter) {
    writer.write(UInt8(rules.firstIndex(of: finding.rule) ?? 0))
    writer.write(finding.location)
    writer.write(finding.message)
  }

  private static func finding(_ reader: inout MessageReader) throws(MessageError) -> Finding {
    let rule = Int(try reader.read(UInt8.self))
    guard rules.indices.contains(rule) else { throw MessageError() }
    return Finding(rules[rule], at: try reader.text(), try reader.text())
  }

  private static func tensor(_ reader: inout MessageReader) throws(MessageError) -> StateTensor {
    let name = try reader.text()
    guard let type = ONNXElementType(rawValue: try reader.read(Int32.self)) else {
      throw MessageError()
    }
    let offset = try reader.read(Int64.self)
    let shape = try reader.integers(Int64.self).map { Int($0) }
    let strides = try reader.integers(Int64.self).map { Int($0) }
    guard offset >= 0, shape.count == strides.count, shape.count <= StateTensor.maximumRank,
      name.utf8.count <= maximumNameLength
    else { throw MessageError() }
    return StateTensor(
      name: name, type: type, shape: shape, strides: strides, offset: Int(offset))
  }
}
