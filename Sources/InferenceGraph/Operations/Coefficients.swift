/// The coefficients of one kind in an operation.
package struct Coefficients: Sendable, Hashable {
  /// What the coefficients are, for example "kernel".
  package let name: String
  /// The coefficients.
  package let values: [Float]
  /// Whether their size alone means nothing: large coefficients that are equal for all classes have
  /// no effect on a softmax.
  package var isScale = false
}
