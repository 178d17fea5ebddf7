/// The fan-in and fan-out of a kernel.
package struct Fans: Sendable, Hashable {
  /// The number of input elements that one element of the result depends on.
  package let incoming: Int
  /// The number of result elements that depend on one element of the input.
  package let outgoing: Int
  /// Whether the layer's activation follows this kernel directly, without another kernel in
  /// between.
  package var meetsActivation = true
}
