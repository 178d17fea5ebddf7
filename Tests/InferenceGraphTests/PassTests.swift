import Synchronization
import Testing

@testable import InferenceGraph
@testable import ReferenceInference

/// Each pass by itself: what it makes computes what it was made of, and has the form that it states.
@Suite struct PassTests {
  static func graph(_ seed: UInt64) throws -> Graph {
    seed % 3 == 0 ? try RandomGraph.make(seed: seed) : try RandomDAG.make(seed: seed)
  }

  static func image(_ graph: Graph, _ seed: UInt64) -> [Float] {
    RandomGraph.image(for: graph, seed: seed)
  }

  // MARK: Normalized

  @Test(arguments: Sizes.seeds("normalized", 320))
  func normalizedGraphsComputeTheSame(seeds: Range<UInt64>) throws {
    for seed in seeds {
      let graph = try Self.graph(seed)
      let image = Self.image(graph, seed)
      let expected = reference(graph, image: image)
      for purpose in [Normalized.Purpose.inference, .training(noise: false)] {
        let normal = Normalized(graph, for: purpose)
        let values = PassReference.values(normal.nodes, image: image.map(Double.init))
        for node in graph.nodes.indices {
          let difference = PassReference.difference(expected[node], values[normal.index[node]])
          #expect(difference < 1e-9, "seed \(seed), \(purpose), node \(node): \(difference)")
        }
        for (index, node) in normal.nodes.enumerated() {
          #expect(node.inputs.allSatisfy { $0 < index })
          #expect(!(node.operation == .activation && node.activation == .linear), "seed \(seed)")
          if node.operation.facts.channelRelation == .combined { #expect(node.inputs.count == 2) }
          if case .separableConvolution = node.operation { Issue.record("seed \(seed)") }
          if case .trainingOnly = node.operation { Issue.record("seed \(seed)") }
          if purpose == .inference, !node.activation.isElementwise {
            #expect(node.operation == .activation, "seed \(seed)")
          }
        }
      }
    }
  }

  /// Softmax of the scores is the output, or there is no softmax at the end.
  @Test(arguments: 0..<60)
  func scoresAreWhatTheFinalSoftmaxIsTakenOf(seed: UInt64) throws {
    let graph = try Self.graph(seed)
    let normal = Normalized(graph)
    let image = Self.image(graph, seed).map(Double.init)
    let values = PassReference.values(normal.nodes, image: image)
    let output = values[normal.index[graph.output]]
    let endsInSoftmax = graph.nodes[graph.output].activation == .softmax
    #expect(endsInSoftmax == (normal.scores != normal.index[graph.output]))
    let scores = values[normal.scores]
    #expect(
      output
        == (endsInSoftmax ? Activation.softmax.reference(scores, channels: scores.count) : scores))
  }

  /// Every weight of the graph is a weight of one node, under the role that `sources` has for it.
  @Test(arguments: 0..<60)
  func weightsHaveTheirSource(seed: UInt64) throws {
    let graph = try Self.graph(seed)
    let normal = Normalized(graph, for: .training(noise: true))
    var found = graph.nodes.map { _ in [WeightRole: Int]() }
    for (node, source) in zip(normal.nodes, normal.sources) {
      let roles = Set(node.operation.namedWeights.map(\.role))
      #expect(roles.isSubset(of: source.roles.keys), "seed \(seed)")
      for (role, tensor) in node.operation.namedWeights {
        let origin = source.roles[role]!
        let weights = graph.nodes[source.node].operation.namedWeights
        #expect(weights.first { $0.role == origin }?.tensor == tensor, "seed \(seed)")
        found[source.node][origin, default: 0] += 1
      }
    }
    for (index, node) in graph.nodes.enumerated() {
      for (role, _) in node.operation.namedWeights {
        #expect(found[index][role] == 1, "seed \(seed), node \(index), \(role)")
      }
    }
  }

  // MARK: Merged

  /// Copies of a graph, of which some have one weight changed by one unit in the last place.
  private static func copies(_ graph: Graph, _ random: inout SplitMix64) -> [Normalized] {
    (0..<4).map { copy in
      var other = graph
      let node = random.int(0...graph.nodes.count - 1)
      var isFirst = true
      if copy % 2 == 1 {
        other.nodes[node].operation.updateWeights { _, tensor in
          if isFirst { tensor = Tensor(shape: tensor.shape, values: tensor.values.map(\.nextUp)) }
          isFirst = false
        }
      }
      return Normalized(other, preprocessing: Preprocessing(scale: random.oneIn(4) ? 0.5 : 1))
    }
  }

  @Test(arguments: Sizes.seeds("merged", 160))
  func mergingSharesExactlyWhatIsEqual(seeds: Range<UInt64>) throws {
    for seed in seeds {
      var random = SplitMix64(seed: seed)
      let graph = try Self.graph(seed)
      let models = Self.copies(graph, &random)
      let merged = Merged(models)
      // Every node is compared with every other one; `kinds` has one of each.
      var kinds: [IRNode] = []
      var places: [Int: Int] = [:]
      for (model, normal) in models.enumerated() {
        var kindOf: [Int] = []
        for var node in normal.nodes {
          node.inputs = node.inputs.map { kindOf[$0] }
          let known = kinds.firstIndex { Self.areEqual($0, node) }
          if known == nil { kinds.append(node) }
          kindOf.append(known ?? kinds.count - 1)
        }
        for node in graph.nodes.indices {
          let (kind, place) = (kindOf[normal.index[node]], merged.index[model][node])
          #expect(places[kind] ?? place == place, "seed \(seed): node \(node) occurs twice")
          places[kind] = place
        }
      }
      #expect(merged.nodes.count == kinds.count, "seed \(seed)\n\(merged)")
      #expect(Set(places.values).count == places.count, "seed \(seed): different nodes are one")
      let apart = Merged(models, sharing: false)
      #expect(apart.nodes.count == models.reduce(0) { $0 + $1.nodes.count })
    }
  }

  private static func areEqual(_ a: IRNode, _ b: IRNode) -> Bool {
    a.operation == b.operation && a.activation == b.activation && a.inputs == b.inputs
      && a.inputScale == b.inputScale && a.shape == b.shape
  }

  @Test(arguments: Sizes.seeds("masked", 160))
  func maskedCopiesComputeTheSame(seeds: Range<UInt64>) throws {
    for seed in seeds {
      var random = SplitMix64(seed: seed)
      let graph = try Self.graph(seed)
      var graphs = [graph]
      for layer in graph.prunableLayers.prefix(3) {
        let channels = graph.nodes[graph.index(of: layer)!].channels
        graphs.append(
          try graph.masking([random.int(0...channels - 1)], of: layer, zeroingBias: true))
      }
      let merged = Merged(graphs.map { Normalized($0) })
      let image = Self.image(graph, seed)
      let values = PassReference.values(merged.nodes, image: image.map(Double.init))
      for (model, graph) in graphs.enumerated() {
        let expected = reference(graph, image: image)
        for node in graph.nodes.indices {
          let difference = PassReference.difference(
            expected[node], values[merged.index[model][node]])
          #expect(difference < 1e-9, "seed \(seed), model \(model), node \(node): \(difference)")
        }
      }
    }
  }

  // MARK: Fused

  @Test(arguments: Sizes.seeds("fused", 320))
  func fusedGraphsComputeTheSame(seeds: Range<UInt64>) throws {
    for seed in seeds {
      var random = SplitMix64(seed: seed)
      let graph = try Self.graph(seed)
      let nodes = Normalized(graph).nodes
      let values = PassReference.values(
        nodes, image: Self.image(graph, seed).map(Double.init))
      let cuts = (0..<random.int(0...3)).map { _ in random.int(0...nodes.count - 1) }
      let kept = Set((0...random.int(0...3)).map { _ in random.int(0...nodes.count - 1) })
      let origin: Fused.Origin = cuts.isEmpty ? .images : .values
      let fused = Fused(nodes, inputs: Set(cuts + [0]), outputs: kept, from: origin)
      var given: [Int: [Double]] = [:]
      for node in nodes.indices {
        if let index = fused.index[node], fused.nodes[index].isInput { given[index] = values[node] }
      }
      let results = PassReference.values(fused, given: given)
      for (node, index) in fused.index.enumerated() {
        guard let index else {
          #expect(!kept.contains(node), "seed \(seed): \(node) is not kept")
          continue
        }
        // Scale and shift of a normalization are rounded to floats.
        let difference = PassReference.difference(values[node], results[index])
        #expect(difference < 1e-4, "seed \(seed), node \(node): \(difference)\n\(fused)")
        #expect(fused.outputs.contains(index) == kept.contains(node))
      }
      // Nothing is computed that nobody reads.
      let isRead = Set(fused.nodes.flatMap(\.inputs)).union(fused.outputs)
      #expect(isRead == Set(fused.nodes.indices), "seed \(seed)\n\(fused)")
      for node in kept {
        let checks = Self.checkedValues(behind: node, nodes, Set(cuts + [0]), origin)
        let got = fused.checks(behind: fused.index[node]!).map { fused.checked[$0] }
        #expect(Set(got) == Set(checks.map { fused.index[$0]! }), "seed \(seed), node \(node)")
        #expect(got.count == checks.count)
      }
    }
  }

  /// The values that layers with weights read on all ways back to what is given, walked one by one.
  private static func checkedValues(
    behind node: Int, _ nodes: [IRNode], _ inputs: Set<Int>, _ origin: Fused.Origin
  ) -> Set<Int> {
    if inputs.contains(node) { return [] }
    var result: Set<Int> = []
    for input in nodes[node].inputs {
      result.formUnion(checkedValues(behind: input, nodes, inputs, origin))
      let isImage = origin == .images && inputs.contains(input)
      if nodes[node].operation.hasOwnChannels, !isImage { result.insert(input) }
    }
    return result
  }

  /// What is fused gives the bits that it gives when every node is asked for, so that none is fused.
  @Test(arguments: Sizes.seeds("fused bits", 240))
  func fusingChangesNoBit(seeds: Range<UInt64>) throws {
    for seed in seeds {
      let graph = try Self.graph(seed)
      let source = ExecutorTests.images(5, shape: graph.inputShape, seed: seed)
      let model = Model(graph: graph)
      let names = [graph.nodes.map(\.name), [graph.nodes[graph.output].name]]
      var results: [[Float]] = []
      for names in names {
        let executor = try Executor(
          [model], observing: names.map { (0, $0) }, options: ExecutionOptions(threads: 1))
        let collected = Rows()
        try executor.run(source) { batch in
          collected.append(batch.values(ofObservation: names.count - 1), batch.outputs(of: 0))
        }
        results.append(collected.values)
      }
      #expect(results[0].map(\.bitPattern) == results[1].map(\.bitPattern), "seed \(seed)")
    }
  }

  /// An activation of a vector that is only seen in another way is not lost, nor seen by others.
  @Test func aFlattenedValueHasAnActivationOfItsOwn() throws {
    var net = try NetworkBuilder([2, 2, 1])
    let image = try net.conv("conv", 2, 1, activation: .linear)
    let flat = try net.add("flat", .flatten, from: image, activation: .relu)
    let raw = try net.add("raw", .flatten, from: image)
    try net.add("both", .concatenate, from: flat, raw)
    let source = ExecutorTests.images(3, shape: [2, 2, 1], seed: 5)
    let got = try ExecutorTests.outputs([Model(graph: net.graph)], source)[0].map(Double.init)
    let expected = (0..<3).flatMap {
      referenceOutput(net.graph, image: Array(source.values[$0 * 4..<$0 * 4 + 4]))
    }
    #expect(PassReference.difference(expected, got) < 1e-6)
  }

  // MARK: Layout

  /// Two values in one buffer are never needed at the same time.
  @Test(arguments: Sizes.seeds("layout", 320))
  func valuesThatAreNeededAreNotOverwritten(seeds: Range<UInt64>) throws {
    for seed in seeds {
      var random = SplitMix64(seed: seed)
      let nodes = Normalized(try Self.graph(seed)).nodes
      let kept = Set((0...random.int(0...2)).map { _ in random.int(0...nodes.count - 1) })
      let origin: Fused.Origin = random.oneIn(2) ? .images : .values
      let fused = Fused(nodes, inputs: [0], outputs: kept, from: origin)
      let layout = BufferLayout(fused, blocks: 2)
      /// From when to when the memory of each spatial value is its own.
      var spans: [(memory: Range<Int>, first: Int, last: Int)] = []
      var buffers: Set<Int> = []
      for (index, node) in fused.nodes.enumerated() where !layout.isTail[index] {
        let readers = fused.nodes.indices.filter { fused.nodes[$0].inputs.contains(index) }
        let spatial = readers.filter { !layout.isTail[$0] }
        let place = try #require(layout.views[index])
        let isNeededByAll = fused.outputs.contains(index) || (node.isInput && origin == .values)
        // The tail reads after all spatial nodes: from this place, or from a copy.
        let lasts = isNeededByAll || spatial.count < readers.count && !layout.isCopied(index)
        #expect((place.blockStride != 0) == lasts, "seed \(seed), node \(index)")
        if let memory = layout.sharedRange(of: index) {
          #expect(!lasts && place.buffer == 0, "seed \(seed), node \(index)")
          spans.append((memory, node.isInput ? -1 : index, spatial.max() ?? index))
        } else {
          #expect(buffers.insert(place.buffer).inserted, "seed \(seed), node \(index)")
        }
      }
      for (number, a) in spans.enumerated() {
        for b in spans[..<number] where a.memory.overlaps(b.memory) {
          #expect(b.last < a.first || a.last < b.first, "seed \(seed)\n\(fused)\n\(layout)")
        }
      }
    }
  }
}

/// Values gathered from an executor with one thread.
private final class Rows: Sendable {
  private let rows = Mutex<[Float]>([])

  func append(_ more: [Float]...) { rows.withLock { $0 += more.joined() } }

  var values: [Float] { rows.withLock { $0 } }
}
