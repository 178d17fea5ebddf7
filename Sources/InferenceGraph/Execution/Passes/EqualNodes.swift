/// Finds candidates for a node with the same result, which the caller compares.
///
/// Nodes are equal by comparison, never by a hash: a suspect must not be able to pass one layer off
/// as another. Weights that share storage, as in a model and its repaired copies, compare in
/// constant time.
struct EqualNodes {
  private struct Key: Hashable {
    let kind: String
    let inputs: [Int]
  }

  private var known: [Key: [Int]] = [:]

  /// Returns the nodes with the same kind and inputs, in insertion order; no others can be equal.
  func candidates(_ operation: Graph.Operation, reading inputs: [Int]) -> [Int] {
    known[Key(kind: operation.displayName, inputs: inputs)] ?? []
  }

  /// Adds a node to the candidates.
  mutating func note(_ index: Int, _ operation: Graph.Operation, reading inputs: [Int]) {
    known[Key(kind: operation.displayName, inputs: inputs), default: []].append(index)
  }
}
