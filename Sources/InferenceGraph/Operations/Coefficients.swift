/// Numbers of one kind in an operation.
package struct Coefficients: Sendable, Hashable {
  /// What they are, such as "kernel".
  package let name: String
  /// The numbers.
  package let values: [Float]
  /// Whether size says nothing: large ones, equal for all classes, decide nothing before a softmax.
  package var isScale = false
}
