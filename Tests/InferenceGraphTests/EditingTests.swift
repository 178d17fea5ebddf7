import InferenceGraph
import ReferenceInference
import Testing

@Suite("Removing channels equals masking them")
struct EditingTests {
  /// Why a removal may be refused; everything else is a bug.
  static let documented = [
    "which keeps the same channels", "cannot be removed:", "can only be removed together",
    "its operands cannot lose the same channels", "all its channels would be removed",
  ]

  /// The largest difference of two results, relative to their size where that exceeds 1.
  static func difference(_ a: [Double], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    let size = max(1, a.map { abs($0) }.max() ?? 1)
    return zip(a, b).map { $1.isFinite ? abs($0 - $1) / size : .infinity }.max() ?? 0
  }

  @Test("on random graphs, every layer, some channels")
  func randomGraphs() throws {
    var done = 0
    var refused: [String: Int] = [:]
    var kinds: [String: Int] = [:]
    for seed in UInt64(1)...120 {
      let graph = try RandomGraph.make(seed: seed)
      let images = (0..<2).map { RandomGraph.image(for: graph, seed: seed * 100 + $0) }
      var random = SplitMix64(seed: seed)
      for layer in graph.prunableLayers {
        let node = try #require(graph.index(of: layer).map { graph.nodes[$0] })
        let channels = (0..<node.channels).filter { _ in random.oneIn(3) }
        guard !channels.isEmpty, channels.count < node.channels else { continue }
        let masked = try graph.masking(channels, of: layer)
        #expect(masked.parameterCount == graph.parameterCount)
        do {
          let smaller = try graph.removing(channels, of: layer)
          #expect(
            smaller.parameterCount < graph.parameterCount, "seed \(seed), \(layer) \(channels)")
          for image in images {
            let error = Self.difference(
              referenceOutput(masked, image: image), referenceOutput(smaller, image: image))
            #expect(error < 1e-5, "seed \(seed), \(layer) \(channels)")
          }
          done += 1
          kinds[node.operation.displayName, default: 0] += 1
        } catch let error {
          #expect(
            Self.documented.contains { error.message.contains($0) }, "seed \(seed): \(error)")
          let reason = error.message.split(separator: ":").last.map(String.init) ?? ""
          refused[String(reason.prefix(60)), default: 0] += 1
        }
      }
    }
    print("removed: \(done), by kind: \(kinds.sorted { $0.key < $1.key })")
    for (reason, count) in refused.sorted(by: { $0.value > $1.value }) { print(count, reason) }
    #expect(done >= 200)
    #expect(kinds.count >= 5)
  }
}
