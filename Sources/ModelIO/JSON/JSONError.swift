/// The error for a text that is not JSON, with the byte offset.
struct JSONError: Error, CustomStringConvertible {
  let message: String
  let offset: Int
  /// Whether the error is a duplicate key, by which two readers could see different networks.
  var isDuplicateKey = false
  var description: String { "\(message) at byte \(offset)" }
}
