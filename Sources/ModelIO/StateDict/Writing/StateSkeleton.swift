/// What a checkpoint holds around the elements of its tensors: plain values, and containers of them.
///
/// It is a tree whose parts may occur several times, as in the pickle that it is from.
struct StateSkeleton: Sendable, Hashable {
  /// A value; those within it are indices of ``StateSkeleton/nodes``.
  enum Node: Sendable, Hashable {
    case none
    case boolean(Bool)
    case integer(Int)
    /// The bits of a 64-bit float.
    case fraction(UInt64)
    case text(String)
    case tuple([Int])
    case list([Int])
    /// Keys and values in turn. An ordered one may have attributes.
    case dictionary([Int], isOrdered: Bool, attributes: Int?)
    /// The number of a tensor: of the weights, then of the others.
    case tensor(Int)

    /// The values within it.
    var parts: [Int] {
      switch self {
      case .none, .boolean, .integer, .fraction, .text, .tensor: []
      case .tuple(let items), .list(let items): items
      case .dictionary(let items, _, let attributes): items + (attributes.map { [$0] } ?? [])
      }
    }
  }

  /// The values, each behind those within it; the last is the whole.
  var nodes: [Node] = []

  /// The largest number of values.
  static let maximumNodes = 1 << 20
  /// The largest depth of containers.
  static let maximumDepth = 64
  /// The largest size of all texts in bytes.
  static let maximumText = 16 << 20

  /// Creates an ordered dictionary of tensors by these names.
  init(tensors names: [String]) {
    for (index, name) in names.enumerated() { nodes += [.text(name), .tensor(index)] }
    nodes.append(
      .dictionary(Array(nodes.indices), isOrdered: true, attributes: nil))
  }

  /// - Parameter nodes: The values; nil is returned unless each is behind those within it, none is
  ///   too deep, and tensors have numbers below `tensors`.
  init?(_ nodes: [Node], tensors: Int) {
    guard !nodes.isEmpty, nodes.count <= Self.maximumNodes else { return nil }
    var depths: [Int] = []
    for (index, node) in nodes.enumerated() {
      if case .tensor(let number) = node, !(0..<tensors).contains(number) { return nil }
      if case .dictionary(let items, let isOrdered, let attributes) = node {
        guard items.count.isMultiple(of: 2), isOrdered || attributes == nil else { return nil }
      }
      var depth = 0
      for part in node.parts {
        guard (0..<index).contains(part) else { return nil }
        depth = max(depth, depths[part] + 1)
      }
      guard depth <= Self.maximumDepth else { return nil }
      depths.append(depth)
    }
    self.nodes = nodes
  }
}
