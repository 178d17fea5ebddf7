internal import DefenseKit

/// A chain of channels from the image to a class.
struct Chain {
  /// The ratio of the weakest link in it to the strongest link to the rest of the network.
  let isolation: Double
  /// The vertices, ascending.
  let channels: [Int]
  /// The class to which it has its strongest link.
  let target: Int
}

extension ChannelGraph {
  /// The least weight of a chain's weakest link.
  private static var leastBirth: Float { 1e-3 }

  /// Returns the chains that merge with a larger one, or stay apart.
  func chains() -> [Chain] {
    var parts = Parts(count: places.count)
    for (a, b) in equals { _ = parts.unite(a, b) }
    for vertex in places.indices where isClass(vertex) { parts.remove(vertex) }
    var chains: [Chain] = []
    let order = edges.indices.sorted {
      (edges[$1].weight, edges[$0].to, edges[$0].from)
        < (edges[$0].weight, edges[$1].to, edges[$1].from)
    }
    for edge in order.lazy.map({ edges[$0] }) {
      let (from, to) = (Int(edge.from), Int(edge.to))
      if let target = classes[to] {
        // A class that the image reaches directly, without hidden channels, is no chain.
        if from >= 0, !isClass(from) { parts.reach(target, from: from, weight: edge.weight) }
      } else if from < 0 {
        parts.read(at: to, weight: edge.weight)
      } else if let (smaller, larger) = parts.unite(from, to, weight: edge.weight) {
        chains += chain(smaller, beside: larger, joinedBy: edge.weight).map { [$0] } ?? []
      }
    }
    // The largest of those that stay apart is the network itself.
    let apart = parts.all.filter { $0.birth > 0 }.sorted { $0.members.count > $1.members.count }
    if let largest = apart.first {
      chains += apart.dropFirst().compactMap { chain($0, beside: largest, joinedBy: 0) }
    }
    return chains
  }

  private func chain(_ smaller: Part, beside larger: Part, joinedBy weight: Float) -> Chain? {
    let birth = min(smaller.birth, larger.birth)
    guard birth >= Self.leastBirth else { return nil }
    return Chain(
      isolation: Double(birth) / Double(max(weight, Self.leastWeight)),
      channels: smaller.members.sorted(), target: smaller.target)
  }
}

/// A component of the graph of channels.
struct Part {
  var members: [Int]
  var readsImage = false
  /// The class of its strongest link; -1 without one.
  var target = -1
  /// The weight of that link.
  fileprivate var link: Float = 0
  /// The weight of the edge that made it a chain; 0 if it is none.
  var birth: Float = 0

  fileprivate mutating func complete(_ weight: Float) {
    if birth == 0, readsImage, target >= 0 { birth = weight }
  }
}

/// Components that grow by union.
private struct Parts {
  /// `owners[v]`: the component of vertex v; -1 for none.
  private var owners: [Int]
  private var parts: [Part]

  init(count: Int) {
    owners = Array(0..<count)
    parts = (0..<count).map { Part(members: [$0]) }
  }

  /// All components.
  var all: [Part] { parts.filter { !$0.members.isEmpty } }

  /// Takes a vertex out of its component.
  mutating func remove(_ vertex: Int) {
    guard owners[vertex] >= 0 else { return }
    parts[owners[vertex]].members.removeAll { $0 == vertex }
    owners[vertex] = -1
  }

  mutating func read(at vertex: Int, weight: Float) {
    let owner = owners[vertex]
    guard owner >= 0, !parts[owner].readsImage else { return }
    parts[owner].readsImage = true
    parts[owner].complete(weight)
  }

  mutating func reach(_ target: Int, from vertex: Int, weight: Float) {
    let owner = owners[vertex]
    guard owner >= 0, parts[owner].target < 0 else { return }
    (parts[owner].target, parts[owner].link) = (target, weight)
    parts[owner].complete(weight)
  }

  /// Unites the components of two vertices.
  ///
  /// - Returns: Both as they were, the one with fewer channels first, if both were chains.
  mutating func unite(_ a: Int, _ b: Int, weight: Float = .infinity) -> (Part, Part)? {
    var (small, large) = (owners[a], owners[b])
    guard small >= 0, large >= 0, small != large else { return nil }
    if parts[small].members.count > parts[large].members.count { swap(&small, &large) }
    let before = (parts[small], parts[large])
    for vertex in before.0.members { owners[vertex] = large }
    parts[small] = Part(members: [])
    parts[large].members += before.0.members
    parts[large].readsImage = before.0.readsImage || before.1.readsImage
    parts[large].birth = max(before.0.birth, before.1.birth)
    if before.0.link > before.1.link {
      (parts[large].target, parts[large].link) = (before.0.target, before.0.link)
    }
    parts[large].complete(weight)
    return before.0.birth > 0 && before.1.birth > 0 ? before : nil
  }
}
