/// Reads the known fields of one ONNX message.
struct ONNXFieldReader {
  private let message: ONNXMessage
  private let start: Int
  /// The offset of the last field's key.
  private(set) var fieldStart: Int
  private var wire: WireReader
  private var seen: Set<Int> = []

  init(_ message: ONNXMessage, _ range: Range<Int>) {
    self.message = message
    start = range.lowerBound
    fieldStart = start
    wire = WireReader(range)
  }

  /// Returns the next known field; nil at the end of the message.
  ///
  /// - Parameter extras: Receives a description of each unknown field.
  /// - Throws: ``ONNXRefusal`` for a field that occurs twice although readers keep one of them.
  mutating func next(
    in bytes: RawSpan, extras: inout Set<String>
  ) throws(ONNXRefusal) -> WireField? {
    while let field = try next(in: bytes) {
      if message.repeated.contains(field.number) { return field }
      guard message.single.contains(field.number) else {
        if extras.count < ONNXCatalogue.maximumExtras {
          extras.insert("field \(field.number) of a \(message.rawValue)")
        }
        continue
      }
      guard seen.insert(field.number).inserted else {
        throw ONNXRefusal(
          .onnxDuplicateField, at: "byte \(start)",
          "has a field twice in a \(message.rawValue), so that readers can see different networks")
      }
      return field
    }
    return nil
  }

  /// Returns the place of a field that ``next(in:extras:)`` has just returned.
  func place(of field: WireField) throws(ONNXRefusal) -> ONNXPlace {
    ONNXPlace(number: field.number, start: fieldStart, range: try field.range)
  }

  private mutating func next(in bytes: RawSpan) throws(ONNXRefusal) -> WireField? {
    fieldStart = wire.position
    do throws(WireError) {
      return try wire.next(in: bytes)
    } catch {
      throw ONNXRefusal(error)
    }
  }
}
