/// The reasons why a sealed process gives no answer.
enum SealedFailure: Error {
  /// It ended by this signal, or exited if 0.
  case ended(signal: Int32)
  /// It exceeded its time.
  case tooSlow
  /// Its answer was invalid.
  case invalidAnswer
  /// It ended together with the launcher.
  case lost
}
