/// A document that is not JSON, with the place.
struct JSONError: Error, CustomStringConvertible {
  let message: String
  let offset: Int
  /// Whether a key is there twice, so that two readers could see two networks.
  var isDuplicateKey = false
  var description: String { "\(message) at byte \(offset)" }
}
