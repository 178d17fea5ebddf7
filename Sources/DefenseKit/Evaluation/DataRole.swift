/// The role of a data set in a run; the raw value names it in options, files, tables and messages.
public enum DataRole: String, CaseIterable, Codable, CodingKeyRepresentable, Sendable {
  /// The labelled clean images that defenses and detectors get.
  case clean
  /// Labelled clean images that only the evaluation sees.
  case test
  /// Triggered images that only the evaluation sees.
  case poisoned
  /// The suspect's training set, which may be poisoned.
  case train
}
