/// Parses an ONNX file to its catalogue.
///
/// Nothing recurses: networks within operators and functions are not read, only noted. All sizes
/// are checked against the bytes that hold them.
struct ONNXParser {
  var catalogue = ONNXCatalogue()
  /// Descriptions of what is not part of a network.
  var extras: Set<String> = []
  /// The messages around the current position, outermost first.
  var path: [ONNXPlace] = []
  /// The messages for ``ONNXCatalogue/messages``.
  private var messages: Set<ONNXPlace> = []
  /// The number of attributes, names and extents so far.
  private var parts = 0
  /// The bytes of decoded elements so far.
  var decoded = 0

  /// Parses a whole file.
  ///
  /// - Throws: ``ONNXRefusal`` if it is not an ONNX model, or exceeds a limit.
  static func parse(_ bytes: RawSpan) throws(ONNXRefusal) -> ONNXCatalogue {
    var parser = ONNXParser()
    try parser.model(0..<bytes.byteCount, bytes)
    parser.catalogue.extras = parser.extras.sorted()
    parser.catalogue.messages = parser.messages.sorted { $0.start < $1.start }
    return parser.catalogue
  }

  private init() {}

  private mutating func model(_ range: Range<Int>, _ bytes: RawSpan) throws(ONNXRefusal) {
    var reader = ONNXFieldReader(.model, range)
    var graph: ONNXPlace?
    while let field = try reader.next(in: bytes, extras: &extras) {
      switch field.number {
      case 1: catalogue.version = try field.integer
      case 7: graph = try reader.place(of: field)
      case 8: catalogue.operatorSets.append(try operatorSet(try field.range, bytes))
      case 20: extras.insert("instructions for training")
      case 25: extras.insert("functions")
      default: break
      }
      try count(1)
    }
    guard let graph else {
      throw ONNXRefusal(.onnxDamaged, "holds no network; export the model again")
    }
    messages.insert(graph)
    path.append(graph)
    try self.graph(graph.range, bytes)
    path.removeLast()
  }

  private mutating func graph(_ range: Range<Int>, _ bytes: RawSpan) throws(ONNXRefusal) {
    var reader = ONNXFieldReader(.graph, range)
    while let field = try reader.next(in: bytes, extras: &extras) {
      switch field.number {
      case 1:
        let place = try reader.place(of: field)
        messages.insert(place)
        path.append(place)
        catalogue.nodes.append(try node(place.range, bytes))
        path.removeLast()
      case 2: catalogue.name = try text(field, bytes)
      case 5:
        path.append(try reader.place(of: field))
        var tensor = try tensor(try field.range, bytes)
        tensor.place = try reader.place(of: field)
        catalogue.tensors.append(tensor)
        path.removeLast()
      case 11: catalogue.inputs.append(try value(try field.range, bytes))
      case 12: catalogue.outputs.append(try value(try field.range, bytes))
      case 15: extras.insert("sparse tensors")
      default: break
      }
      try count(1)
    }
  }

  private mutating func operatorSet(
    _ range: Range<Int>, _ bytes: RawSpan
  ) throws(ONNXRefusal) -> ONNXCatalogue.OperatorSet {
    var result = ONNXCatalogue.OperatorSet()
    var reader = ONNXFieldReader(.operatorSet, range)
    while let field = try reader.next(in: bytes, extras: &extras) {
      if field.number == 1 {
        result.domain = try text(field, bytes)
      } else {
        result.version = try field.integer
      }
    }
    return result
  }

  private mutating func node(
    _ range: Range<Int>, _ bytes: RawSpan
  ) throws(ONNXRefusal) -> ONNXCatalogue.Node {
    var result = ONNXCatalogue.Node()
    var reader = ONNXFieldReader(.node, range)
    while let field = try reader.next(in: bytes, extras: &extras) {
      try count(1)
      switch field.number {
      case 1:
        result.inputs.append(try text(field, bytes))
        result.inputPlaces.append(try reader.place(of: field))
      case 2: result.outputs.append(try text(field, bytes))
      case 3: result.name = try text(field, bytes)
      case 4: result.operation = try text(field, bytes)
      case 5:
        path.append(try reader.place(of: field))
        result.attributes.append(try attribute(try field.range, bytes))
        path.removeLast()
      case 7: result.domain = try text(field, bytes)
      default: break
      }
    }
    return result
  }

  // MARK: Places

  /// Notes the name of another file, and all messages around it.
  mutating func note(_ location: ONNXCatalogue.Location) {
    catalogue.locations.append(location)
    messages.formUnion(path)
  }

  // MARK: Limits

  /// Counts parts of the catalogue.
  ///
  /// - Throws: ``ONNXRefusal`` beyond the limits.
  mutating func count(_ number: Int) throws(ONNXRefusal) {
    parts += number
    guard parts <= ONNXCatalogue.maximumParts, catalogue.nodes.count <= ONNXCatalogue.maximumNodes,
      catalogue.tensors.count <= ONNXCatalogue.maximumTensors
    else {
      throw ONNXRefusal(.onnxSize, "has more parts than any image classifier")
    }
  }

  /// Returns the text of a field.
  ///
  /// - Throws: ``ONNXRefusal`` if it is too long or not UTF-8.
  func text(_ field: WireField, _ bytes: RawSpan) throws(ONNXRefusal) -> String {
    let range = try field.range
    guard range.count <= ONNXCatalogue.maximumNameLength else {
      throw ONNXRefusal(.onnxSize, at: "byte \(range.lowerBound)", "has a name of 64 KiB")
    }
    // Every bit pattern is a value of `UInt8`; the span checks the positions.
    let utf8 = range.map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    guard let text = String(validating: utf8, as: UTF8.self) else {
      throw ONNXRefusal(.onnxDamaged, at: "byte \(range.lowerBound)", "has a name that is not text")
    }
    return text
  }
}

extension WireField {
  /// The value as a signed integer.
  var integer: Int64 {
    get throws(ONNXRefusal) {
      guard case .varint(let bits) = value else { throw wrongType }
      return Int64(bitPattern: bits)
    }
  }

  /// The range of a text, a message or packed numbers.
  var range: Range<Int> {
    get throws(ONNXRefusal) {
      guard case .bytes(let range) = value else { throw wrongType }
      return range
    }
  }

  /// The value as a 32-bit float.
  var float: Float {
    get throws(ONNXRefusal) {
      guard case .fixed32(let bits) = value else { throw wrongType }
      return Float(bitPattern: bits)
    }
  }

  private var wrongType: ONNXRefusal {
    ONNXRefusal(.onnxDamaged, "is damaged: field \(number) of a message has another type")
  }
}
