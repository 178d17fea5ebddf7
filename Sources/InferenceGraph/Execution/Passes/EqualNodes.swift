/// Finds the nodes that may compute the same as another, to be compared with it.
///
/// Equality is decided by comparing, never by a hash: a suspect model must not be able to pass one
/// layer off as another. Weights that share storage, as in a model and its repaired copies, compare
/// at once.
struct EqualNodes {
  private struct Key: Hashable {
    let kind: String
    let inputs: [Int]
  }

  private var known: [Key: [Int]] = [:]

  /// The nodes of the same kind and inputs, which alone can be equal, in the order of their notes.
  func candidates(_ operation: Operation, reading inputs: [Int]) -> [Int] {
    known[Key(kind: operation.displayName, inputs: inputs)] ?? []
  }

  /// Makes a node one of the candidates.
  mutating func note(_ index: Int, _ operation: Operation, reading inputs: [Int]) {
    known[Key(kind: operation.displayName, inputs: inputs), default: []].append(index)
  }
}
