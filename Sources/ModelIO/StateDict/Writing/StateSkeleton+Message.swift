/// Serialization, for the way from the sealed process.
extension StateSkeleton {
  func write(to writer: inout MessageWriter) {
    writer.write(UInt32(nodes.count))
    for node in nodes {
      switch node {
      case .none: writer.write(UInt8(0))
      case .boolean(let flag): writer.write(UInt8(flag ? 2 : 1))
      case .integer(let number):
        writer.write(UInt8(3))
        writer.write(Int64(number))
      case .fraction(let bits):
        writer.write(UInt8(4))
        writer.write(bits)
      case .text(let text):
        writer.write(UInt8(5))
        writer.write(text)
      case .tuple(let items): Self.write(items, 6, to: &writer)
      case .list(let items): Self.write(items, 7, to: &writer)
      case .dictionary(let items, false, _): Self.write(items, 8, to: &writer)
      case .dictionary(let items, true, nil): Self.write(items, 9, to: &writer)
      case .dictionary(let items, true, let attributes?):
        Self.write(items, 10, to: &writer)
        writer.write(UInt32(attributes))
      case .tensor(let number):
        writer.write(UInt8(11))
        writer.write(UInt32(number))
      }
    }
  }

  private static func write(_ items: [Int], _ kind: UInt8, to writer: inout MessageWriter) {
    writer.write(kind)
    writer.write(items.map { UInt32($0) })
  }

  /// - Parameter tensors: The number of tensors.
  init(_ reader: inout MessageReader, tensors: Int) throws(MessageError) {
    var nodes: [Node] = []
    for _ in 0..<(try reader.count(of: 1)) { nodes.append(try Self.node(&reader)) }
    guard let skeleton = StateSkeleton(nodes, tensors: tensors) else { throw MessageError() }
    self = skeleton
  }

  private static func node(_ reader: inout MessageReader) throws(MessageError) -> Node {
    func items(_ reader: inout MessageReader) throws(MessageError) -> [Int] {
      try reader.integers(UInt32.self).map { Int($0) }
    }
    switch try reader.read(UInt8.self) {
    case 0: return Node.none
    case 1: return .boolean(false)
    case 2: return .boolean(true)
    case 3: return .integer(Int(try reader.read(Int64.self)))
    case 4: return .fraction(try reader.read(UInt64.self))
    case 5: return .text(try reader.text())
    case 6: return .tuple(try items(&reader))
    case 7: return .list(try items(&reader))
    case 8: return .dictionary(try items(&reader), isOrdered: false, attributes: nil)
    case 9: return .dictionary(try items(&reader), isOrdered: true, attributes: nil)
    case 10:
      let items = try items(&reader)
      return .dictionary(items, isOrdered: true, attributes: Int(try reader.read(UInt32.self)))
    case 11: return .tensor(Int(try reader.read(UInt32.self)))
    default: throw MessageError()
    }
  }
}
