/// How many elements a kernel's result is a sum of, and how many results an element goes into.
package struct Fans: Sendable, Hashable {
  /// The elements that one of the result depends on.
  package let incoming: Int
  /// The elements of the result that depend on one of the input.
  package let outgoing: Int
  /// Whether the layer's activation acts on the kernel's result, rather than another kernel.
  package var meetsActivation = true
}
