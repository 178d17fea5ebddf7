/// Why a sealed process gave no answer.
enum SealedFailure: Error {
  /// It was ended by this signal, or by itself if 0.
  case ended(signal: Int32)
  /// It took too long.
  case tooSlow
  /// It answered what no honest process would.
  case nonsense
  /// It is gone with the launcher, which somebody has ended.
  case lost
}
