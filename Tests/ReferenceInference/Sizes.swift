private import Foundation

/// The cases of tests over sizes.
public enum Sizes {
  /// Returns the seeds of a test's cases in pieces, which run side by side, and prints them.
  ///
  /// `DEFENSEKIT_SIZE_SEED` is the first, 0 if not given; `DEFENSEKIT_SIZE_FACTOR` multiplies how
  /// many there are. `Scripts/sizes` sets both.
  public static func seeds(_ name: String, _ count: Int, pieces: Int = 16) -> [Range<UInt64>] {
    let environment = ProcessInfo.processInfo.environment
    let first = environment["DEFENSEKIT_SIZE_SEED"].flatMap { UInt64($0) } ?? 0
    let factor = environment["DEFENSEKIT_SIZE_FACTOR"].flatMap { UInt64($0) } ?? 1
    let size = UInt64(count) * factor / UInt64(pieces)
    let end = first + UInt64(pieces) * size
    print("\(name): seeds \(first)..<\(end)")
    return stride(from: first, to: end, by: Int(size)).map { $0..<$0 + size }
  }
}
