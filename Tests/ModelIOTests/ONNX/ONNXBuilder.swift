import Foundation

@testable import ModelIO

/// Builds small ONNX files, for tests.
struct ONNXBuilder {
  var opset: UInt64 = 13
  /// The version of the format.
  var version: UInt64 = 8
  var shape = [3, 6, 5]
  /// The number of images; nil for any.
  var batch: Int?
  var nodes: [[UInt8]] = []
  var tensors: [[UInt8]] = []
  var output = "scores"
  /// The shape of the output, with the batch.
  var outputShape: [Int?] = []
  /// The names of further outputs.
  var otherOutputs: [String] = []
  /// Whether constants are among the inputs, as in the first versions of the format.
  var listsConstants = false
  private var constants: [(name: String, shape: [Int], type: UInt64)] = []

  /// A setting of an operator.
  enum Attribute {
    case integer(Int)
    case float(Float)
    case integers([Int])
    case text(String)
    case graph
  }

  /// Adds a node; its result has the node's name.
  mutating func add(
    _ name: String, _ operation: String, _ inputs: [String], domain: String = "",
    _ attributes: [(String, Attribute)] = []
  ) {
    var node = WireWriter()
    for input in inputs { node.write(1, input) }
    node.write(2, name)
    node.write(3, name)
    node.write(4, operation)
    for (name, value) in attributes {
      var attribute = WireWriter()
      attribute.write(1, name)
      switch value {
      case .integer(let value):
        attribute.write(3, varint: UInt64(bitPattern: Int64(value)))
        attribute.write(20, varint: 2)
      case .float(let value):
        attribute.write(2, fixed32: value.bitPattern)
        attribute.write(20, varint: 1)
      case .integers(let values):
        for value in values { attribute.write(8, varint: UInt64(bitPattern: Int64(value))) }
        attribute.write(20, varint: 7)
      case .text(let value):
        attribute.write(4, value)
        attribute.write(20, varint: 3)
      case .graph:
        attribute.write(6, [])
        attribute.write(20, varint: 5)
      }
      node.write(5, attribute.bytes)
    }
    if !domain.isEmpty { node.write(7, domain) }
    nodes.append(node.bytes)
  }

  /// The ways to store floating-point numbers.
  enum Storage: CaseIterable {
    case raw, packed, single, double, half, brain, external
  }

  /// Adds a constant of floating-point numbers.
  mutating func add(_ name: String, _ shape: [Int], _ values: [Float], as storage: Storage = .raw) {
    var tensor = header(name, shape, type: 1)
    func raw(_ bits: [some FixedWidthInteger]) -> [UInt8] {
      bits.flatMap { value in
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      }
    }
    switch storage {
    case .raw: tensor.write(9, raw(values.map(\.bitPattern)))
    case .packed: tensor.write(4, raw(values.map(\.bitPattern)))
    case .single: for value in values { tensor.write(4, fixed32: value.bitPattern) }
    case .double:
      tensor = header(name, shape, type: 11)
      tensor.write(10, raw(values.map { Double($0).bitPattern }))
    case .half:
      tensor = header(name, shape, type: 10)
      for value in values { tensor.write(5, varint: UInt64(Self.half(value))) }
    case .brain:
      tensor = header(name, shape, type: 16)
      tensor.write(9, raw(values.map { UInt16($0.bitPattern >> 16) }))
    case .external:
      for (key, value) in [("location", "\(name).bin"), ("offset", "4")] {
        var entry = WireWriter()
        entry.write(1, key)
        entry.write(2, value)
        tensor.write(13, entry.bytes)
      }
      tensor.write(14, varint: 1)
      files["\(name).bin"] = [9, 9, 9, 9] + raw(values.map(\.bitPattern))
    }
    tensors.append(tensor.bytes)
  }

  /// Adds a constant list of integers.
  mutating func add(_ name: String, _ values: [Int]) {
    var tensor = header(name, [values.count], type: 7)
    for value in values { tensor.write(7, varint: UInt64(bitPattern: Int64(value))) }
    tensors.append(tensor.bytes)
  }

  private mutating func header(_ name: String, _ shape: [Int], type: UInt64) -> WireWriter {
    constants.removeAll { $0.name == name }
    constants.append((name, shape, type))
    var tensor = WireWriter()
    for extent in shape { tensor.write(1, varint: UInt64(bitPattern: Int64(extent))) }
    tensor.write(2, varint: type)
    tensor.write(8, name)
    return tensor
  }

  /// The bits of a number that a 16-bit float represents exactly.
  private static func half(_ value: Float) -> UInt16 {
    if value == 0 { return value.sign == .minus ? 0x8000 : 0 }
    let sign: UInt16 = value < 0 ? 0x8000 : 0
    if value.magnitude < 0x1p-14 { return sign | UInt16(value.magnitude * 0x1p24) }
    return sign | UInt16(value.exponent + 15) << 10 | UInt16((value.significand - 1) * 1024)
  }

  /// Gives another file with weights another name; both names may differ in length.
  mutating func rename(_ old: String, _ new: String) {
    for index in tensors.indices {
      let tensor = tensors[index]
      var reader = WireReader(0..<tensor.count)
      // Bytes have no padding.
      while let field = try? reader.next(in: unsafe tensor.span.bytes) {
        guard field.number == 13, case .bytes(let range) = field.value else { continue }
        var entry = WireWriter()
        entry.write(1, "location")
        entry.write(2, old)
        guard Array(tensor[range]) == entry.bytes else { continue }
        var renamed = WireWriter()
        renamed.write(1, "location")
        renamed.write(2, new)
        var whole = WireWriter()
        whole.write(13, renamed.bytes)
        tensors[index].replaceSubrange(range.lowerBound - 2..<range.upperBound, with: whole.bytes)
        break
      }
    }
    if files[new] == nil { files[new] = files[old] }
    files[old] = nil
  }

  /// Other files with weights, by name.
  private(set) var files: [String: [UInt8]] = [:]

  /// The file's bytes.
  var bytes: [UInt8] {
    var graph = WireWriter()
    for node in nodes { graph.write(1, node) }
    graph.write(2, "net")
    for tensor in tensors { graph.write(5, tensor) }
    graph.write(11, value("image", [batch] + shape))
    if listsConstants {
      for (name, shape, type) in constants { graph.write(11, value(name, shape, type: type)) }
    }
    graph.write(12, value(output, outputShape))
    for name in otherOutputs { graph.write(12, value(name, [])) }
    var set = WireWriter()
    set.write(1, "")
    set.write(2, varint: opset)
    var model = WireWriter()
    model.write(1, varint: version)
    model.write(7, graph.bytes)
    model.write(8, set.bytes)
    return model.bytes
  }

  private func value(_ name: String, _ shape: [Int?], type element: UInt64 = 1) -> [UInt8] {
    var extents = WireWriter()
    for extent in shape {
      var dimension = WireWriter()
      if let extent {
        dimension.write(1, varint: UInt64(extent))
      } else {
        dimension.write(2, "n")
      }
      extents.write(1, dimension.bytes)
    }
    var tensor = WireWriter()
    tensor.write(1, varint: element)
    tensor.write(2, extents.bytes)
    var type = WireWriter()
    type.write(1, tensor.bytes)
    var value = WireWriter()
    value.write(1, name)
    value.write(2, type.bytes)
    return value.bytes
  }

  /// Writes the file, and those with its weights; returns its path.
  func write(to folder: URL, as name: String = "net.onnx") throws -> String {
    for (name, bytes) in files { try Data(bytes).write(to: folder.appending(path: name)) }
    let url = folder.appending(path: name)
    try Data(bytes).write(to: url)
    return url.path
  }
}
