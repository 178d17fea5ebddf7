import DefenseKit
import DefenseKitTesting
import Testing

@testable import SubNetworks

@Suite("Sub-networks")
struct SubNetworksTests {
  /// Dense layers without biases, each of `[inputs][units]`.
  private func network(_ layers: [[[Float]]]) throws -> Model {
    var graph = try Graph(inputShape: [layers[0].count])
    for (index, rows) in layers.enumerated() {
      let kernel = Tensor(shape: [rows.count, rows[0].count], values: rows.flatMap { $0 })
      try graph.append(
        "layer_\(index)", .dense(Dense(kernel: kernel)), inputs: [index],
        activation: index < layers.count - 1 ? .relu : .softmax)
    }
    return Model(graph: graph, preprocessing: Preprocessing(scale: 1), name: "toy")
  }

  @Test("Two diagonal layers are two chains, which any other weight joins, worked by hand")
  func byHand() throws {
    func layers(_ across: Float) -> [[[Float]]] {
      [[[1, 1]], [[1, across], [0, 2]], [[3, 0], [0, 4]], [[1, 0.5], [0.5, 1]]]
    }
    let apart = try SubNetworks().scan(network(layers(0)), using: nil, in: RunContext())
    // The medians are 1, 2, 4 and 1; the weakest link is 1/2, the first weight of the second layer.
    #expect(apart.isBackdoored && abs(apart.statistic - 0.5e6) < 1, "\(apart)")
    #expect(apart.notes.count == 1 && apart.targets.count == 1)
    let joined = try SubNetworks().scan(network(layers(0.4)), using: nil, in: RunContext())
    // The medians are 1, 1, 4 and 1: the link 0.4 joins chains with the weakest links 3/4 and 1.
    #expect(!joined.isBackdoored && abs(joined.statistic - 1.875) < 1e-6, "\(joined)")
    #expect(joined.targets == [] && joined.notes == [])
  }

  @Test("A replaced sub-network of one channel in each layer, worked by hand")
  func replaced() throws {
    // The last channel of each layer is the sub-network, which leads to class 0.
    let model = try network([
      [[0.5, 0.4, 1]], [[1, 0.6, 0], [0.7, 0.8, 0], [0, 0, 0.5]],
      [[0.9, 1, 0], [0.8, 0.7, 0], [0, 0, 1]], [[0.1, 0.9], [0.6, 0.2], [20, 0]],
    ])
    let found = try SubNetworks().scan(model, using: nil, in: RunContext())
    #expect(found.isBackdoored && found.targets == [0] && found.topClass == 0)
    #expect(
      found.notes == ["class 0: isolated channels layer_0: 2; layer_1: 2; layer_2: 2"],
      "\(found.notes)")
  }

  /// Replaces channel `channels[l]` of each layer by a sub-network that leads to a class.
  ///
  /// - Parameter leak: What the weights across are multiplied by: 0 after the replacement.
  private func replacing(_ channels: [String: Int], of model: Model, target: Int, leak: Float)
    throws -> Model
  {
    var model = model
    var before: Int?
    for node in model.graph.nodes where node.operation.weights.first?.shape.count ?? 0 > 1 {
      let own = channels[node.name]
      let channel = before
      model.graph = try model.graph.changingKernel(of: node.name) { input, output, weight in
        let isOutput = own == nil
        let isRead = channel == nil || input == channel
        if isOutput { return isRead ? (output == target ? 20 : weight * leak) : weight }
        if output == own { return isRead ? 0.5 : weight * leak }
        return channel != nil && isRead ? weight * leak : weight
      }
      before = own
    }
    return model
  }

  @Test("A sub-network in a trained network is found with its class, and after small changes too")
  func implanted() throws {
    let problem = try ToyProblem.standard()
    for (model, channels) in [
      (problem.cleanModel, ["conv_1": 2, "conv_2": 7, "fc_1": 4]),
      (problem.normalized.repaired, ["conv_1": 5, "conv_2": 3]),
    ] {
      let before = try SubNetworks().scan(model, using: nil, in: RunContext())
      #expect(!before.isBackdoored, "\(model.name): \(before)")
      for leak: Float in [0, 0.01] {
        let found = try SubNetworks().scan(
          replacing(channels, of: model, target: 3, leak: leak), using: nil, in: RunContext())
        print("sub-networks: \(model.name), leak \(leak): \(before.statistic), \(found.statistic)")
        #expect(found.isBackdoored && found.targets == [3], "\(model.name), \(leak): \(found)")
        let names = channels.keys.sorted().map { "\($0): \(channels[$0] ?? 0)" }
        #expect(
          found.notes == ["class 3: isolated channels " + names.joined(separator: "; ")],
          "\(found.notes)")
      }
    }
  }

  @Test("Initial networks of all architectures have no chain apart", arguments: Architecture.all)
  func architectures(_ architecture: Architecture) throws {
    for seed: UInt64 in 1...3 {
      let model = try architecture.model(
        imageShape: [56, 48, 3], classCount: 10, inputScale: 1, seed: seed)
      let found = try SubNetworks().scan(model, using: nil, in: RunContext())
      print("sub-networks: \(architecture.name), seed \(seed): \(found.statistic)")
      #expect(!found.isBackdoored, "seed \(seed): \(found.statistic)")
    }
  }

  @Test("The isolation is that of a slow search through all thresholds", arguments: 1...60)
  func slow(seed: UInt64) throws {
    var numbers = SeededGenerator(seed: seed)
    var widths = [1] + (0..<2 + numbers.below(3)).map { _ in 1 + numbers.below(4) }
    widths.append(2 + numbers.below(2))
    let zeros = numbers.unit()
    let layers = zip(widths, widths.dropFirst()).map { inputs, units in
      (0..<inputs).map { _ in
        (0..<units).map { _ in numbers.unit() < zeros ? 0 : Float(numbers.unit()) }
      }
    }
    let slow = SlowIsolation(layers)
    let found: ModelVerdict
    do {
      found = try SubNetworks().scan(network(layers), using: nil, in: RunContext())
    } catch let error as PluginError where error.code == .unsuitableModel {
      // No weight joins two hidden channels.
      let hidden = layers.dropFirst().dropLast().flatMap { $0.flatMap { $0 } }
      #expect(hidden.allSatisfy { $0 == 0 }, "seed \(seed)")
      return
    }
    let wanted = max(1, slow.largest)
    #expect(
      abs(found.statistic - wanted) < 1e-5 * wanted,
      "\(widths), seed \(seed): \(found.statistic), \(wanted)")
  }

  @Test("Networks without hidden channels in a row, and broken weights, are refused")
  func refusals() throws {
    let refused = #expect(throws: PluginError.self) {
      try SubNetworks().scan(
        network([[[1, 2]], [[1, 2], [3, 4]]]), using: nil, in: RunContext())
    }
    #expect(
      refused?.description
        == "sub-networks needs two layers of hidden channels in a row, which this network lacks",
      "\(refused?.description ?? "")")
    let broken = #expect(throws: PluginError.self) {
      try SubNetworks().scan(
        network([[[1, 2]], [[1, .nan], [3, 4]], [[1, 2], [3, 4]]]), using: nil, in: RunContext())
    }
    #expect(
      broken?.description
        == "sub-networks cannot decide, because weights of 'layer_1' are NaN, infinite or too large "
        + "to square", "\(broken?.description ?? "")")
  }

  static let checks = PluginChecks(
    SubNetworks.self, refusing: ["threshold": ["1", "0", "-1", "high"]])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }
}

extension Graph {
  /// Returns the graph with other weights of a layer: of `change`, by input channel, output channel
  /// and weight.
  func changingKernel(
    of layer: String, _ change: (Int, Int, Float) -> Float
  ) throws -> Graph {
    let index = try #require(self.index(of: layer))
    var operation = nodes[index].operation
    let channels = nodes[nodes[index].inputs[0]]
    // The features of a flattened image are its pixels' channels.
    let image = nodes[channels.inputs.first ?? 0]
    let width = channels.operation == .flatten ? image.channels : channels.channels
    operation.updateWeights { role, tensor in
      guard role == .kernel else { return }
      let outputs = tensor.shape[tensor.shape.count - 1]
      tensor = Tensor(
        shape: tensor.shape,
        values: tensor.values.enumerated().map { position, weight in
          change(position / outputs % width, position % outputs, weight)
        })
    }
    return try replacing(layer, with: operation)
  }
}

/// The largest isolation of a network of dense layers, by its definition: the components at each
/// threshold, found anew.
private struct SlowIsolation {
  private let layers: [[[Double]]]
  private var starts: [Int] = []
  private(set) var largest = 0.0

  init(_ layers: [[[Float]]]) {
    self.layers = layers.map { rows in
      let weights = rows.flatMap { $0 }.filter { $0 > 0 }.sorted()
      guard !weights.isEmpty else { return rows.map { $0.map { _ in 0 } } }
      return rows.map { $0.map { Double($0 / weights[weights.count / 2]) } }
    }
    var count = 0
    for layer in layers.dropLast() {
      starts.append(count)
      count += layer[0].count
    }
    let weights = Set(self.layers.flatMap { $0.flatMap { $0 } }).filter { $0 > 1e-6 }
    var births: [(members: Set<Int>, birth: Double)] = []
    for weight in weights.sorted(by: >) {
      var next: [(members: Set<Int>, birth: Double)] = []
      for members in chains(at: weight, count) {
        let inner = births.filter { $0.members.isSubset(of: members) }.map(\.birth)
          .sorted(by: >)
        if inner.count > 1, inner[1] >= 1e-3 { largest = max(largest, inner[1] / weight) }
        next.append((members, inner.first ?? weight))
      }
      births = next
    }
    let last = births.map(\.birth).sorted(by: >)
    if last.count > 1, last[1] >= 1e-3 {
      // The largest of those apart has the first place; which births count depends on it.
      let network = births.max { $0.members.count < $1.members.count }?.members.count ?? 0
      let whole = births.filter { $0.members.count == network }
      let best = whole.map { big in
        births.filter { $0.members != big.members }.map { min($0.birth, big.birth) }.max() ?? 0
      }
      largest = max(largest, (best.max() ?? 0) / 1e-6)
    }
  }

  /// Returns the components that read the image and reach a class, of links of at least a weight.
  private func chains(at weight: Double, _ count: Int) -> [Set<Int>] {
    var links = [[Int]](repeating: [], count: count)
    for layer in 1..<layers.count - 1 {
      for (input, row) in layers[layer].enumerated() {
        for (output, value) in row.enumerated() where value >= weight {
          links[starts[layer - 1] + input].append(starts[layer] + output)
          links[starts[layer] + output].append(starts[layer - 1] + input)
        }
      }
    }
    var seen = Set<Int>()
    var result: [Set<Int>] = []
    for vertex in 0..<count where !seen.contains(vertex) {
      var members: Set<Int> = [vertex]
      var open = [vertex]
      while let next = open.popLast() {
        for other in links[next] where members.insert(other).inserted { open.append(other) }
      }
      seen.formUnion(members)
      let reads = layers[0].contains { row in
        row.indices.contains { row[$0] >= weight && members.contains($0) }
      }
      let last = layers[layers.count - 1]
      let reaches = last.indices.contains { input in
        last[input].contains { $0 >= weight } && members.contains(starts[starts.count - 1] + input)
      }
      if reads && reaches { result.append(members) }
    }
    return result
  }
}
