/// The place of a length-delimited field in a file: a text or a message.
struct ONNXPlace: Hashable, Sendable {
  /// The field's number.
  var number: Int
  /// The offset of its first byte, the key.
  var start: Int
  /// The range of its value.
  var range: Range<Int>

  /// The place of what is in no file.
  static let nowhere = ONNXPlace(number: 0, start: 0, range: 0..<0)

  /// The range of the whole field.
  var whole: Range<Int> { start..<range.upperBound }
}
