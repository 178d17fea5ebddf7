/// The part to read of data that has images for training and for testing.
public enum DataPart: String, Sendable, Hashable, CaseIterable {
  /// The images for training.
  case train
  /// The images for testing.
  case test
}
