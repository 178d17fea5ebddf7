import CKernels
import Synchronization
import Testing

@testable import InferenceGraph
@testable import ReferenceInference

/// An engine of plain loops: all that another engine than the CPU's needs.
private struct LoopBackend: Backend {
  func prepare(_ graph: Fused, blocks: Int) -> any PreparedGraph {
    LoopGraph(graph: graph, blocks: blocks)
  }
}

private struct LoopGraph: PreparedGraph {
  let graph: Fused
  let blocks: Int

  var bytes: Int { graph.nodes.reduce(0) { $0 + 64 * blocks * $1.shape.reduce(1, *) } }

  func makeMemory() -> any GroupMemory { LoopMemory(self) }
}

private final class LoopMemory: GroupMemory {
  private let graph: Fused
  private let views: [BufferView]
  private let values: [Storage<Float>]
  /// `[check][block]`.
  private var broken: [[UInt32]]

  init(_ prepared: LoopGraph) {
    graph = prepared.graph
    views = graph.nodes.map { BufferView(shape: $0.shape, isLasting: true) }
    values = views.map { Storage(count: $0.blockStride * prepared.blocks) }
    broken = graph.checked.map { _ in Array(repeating: 0, count: prepared.blocks) }
  }

  func run(blocks: Int, fill: (Int) throws -> Void) rethrows {
    for block in 0..<blocks {
      try fill(block)
      for check in broken.indices { broken[check][block] = 0 }
      for lane in 0..<laneCount { compute(block, lane) }
    }
  }

  private func compute(_ block: Int, _ lane: Int) {
    var given: [Int: [Double]] = [:]
    for (index, node) in graph.nodes.enumerated() where node.isInput {
      let value = value(of: index, block: block)
      given[index] = (0..<value.elementCount).map {
        unsafe Double(value.pointer[$0 * laneCount + lane])
      }
    }
    for (index, result) in PassReference.values(graph, given: given).enumerated() {
      let value = value(of: index, block: block)
      for (element, number) in result.enumerated() where given[index] == nil {
        unsafe value.pointer[element * laneCount + lane] = Float(number)
      }
      if let check = graph.checked.firstIndex(of: index),
        !result.allSatisfy({ Float($0).isFinite })
      {
        broken[check][block] |= 1 << UInt32(lane)
      }
    }
  }

  func value(of node: Int, block: Int) -> BlockValue {
    unsafe BlockValue(
      pointer: values[node].pointer + block * views[node].blockStride, image: views[node].image)
  }

  func brokenLanes(_ checks: [Int], block: Int) -> UInt32 {
    checks.reduce(0) { $0 | broken[$1][block] }
  }
}

/// Executor and sweep on an engine of their own, beside the CPU's.
@Suite struct BackendTests {
  private static let options = ExecutionOptions(threads: 2)

  @Test(arguments: 0..<24)
  func anExecutorRunsOnAnyEngine(seed: UInt64) throws {
    let graph = try PassTests.graph(seed)
    var masked = graph
    if let layer = graph.prunableLayers.first { masked = try graph.masking([0], of: layer) }
    let models = [graph, masked].map { Model(graph: $0, preprocessing: Preprocessing(scale: 0.5)) }
    let source = ExecutorTests.images(18, shape: graph.inputShape, seed: seed)
    let node = graph.nodes[graph.nodes.count / 2].name
    let results = try [CPU() as any Backend, LoopBackend()].map { backend in
      let executor = try Executor(
        models, observing: [(1, node)], options: Self.options, on: backend)
      let rows = Mutex<[Int: [[Double]]]>([:])
      try executor.run(source) { batch in
        let parts = [
          batch.outputs(of: 0), batch.outputs(of: 1), batch.values(ofObservation: 0),
          batch.entropies(of: 0), batch.divergence(from: 0, to: 1), batch.scores(of: 1),
        ]
        rows.withLock {
          $0[batch.indices.lowerBound] = parts.map { $0.map(Double.init) }
        }
      }
      return rows.withLock { $0 }
    }
    #expect(results[0].keys == results[1].keys)
    for (group, parts) in results[0] {
      for (number, part) in parts.enumerated() {
        let difference = PassReference.difference(part, results[1][group]![number])
        #expect(difference < 1e-3, "seed \(seed), result \(number): \(difference)")
      }
    }
  }

  /// Each step's predictions are those of the masked model on the same engine, where they are clear.
  @Test(arguments: 0..<12)
  func aSweepRunsOnAnyEngine(seed: UInt64) throws {
    let graph = try RandomGraph.make(seed: seed)
    guard let layer = graph.prunableLayers.last else { return }
    let source = ExecutorTests.images(9, shape: graph.inputShape, seed: seed)
    let sweep = try ChannelSweep(
      model: Model(graph: graph), layer: layer, zeroingBias: true, measuringLayer: true,
      options: Self.options, on: LoopBackend())
    let recording = try sweep.record(source)
    let order = Array((0..<sweep.channelCount).prefix(3))
    let got = try recording.labels(masking: order)
    let size = graph.inputShape.reduce(1, *)
    for step in 0...order.count {
      let masked = try graph.masking(Array(order[..<step]), of: layer, zeroingBias: true)
      for image in 0..<source.count {
        let scores = referenceOutput(
          masked, image: Array(source.values[image * size..<(image + 1) * size]))
        let ranks = scores.indices.sorted { scores[$0] > scores[$1] }
        guard scores[ranks[0]] - scores[ranks[1]] > 1e-3 else { continue }
        #expect(got[step][image] == Int32(ranks[0]), "seed \(seed), step \(step), image \(image)")
      }
    }
    let cpu = try ChannelSweep(model: Model(graph: graph), layer: layer, measuringLayer: true)
      .record(source)
    #expect(PassReference.difference(recording.layerMeans, cpu.layerMeans) < 1e-4)
    #expect(PassReference.difference(recording.frontierMeans, cpu.frontierMeans) < 1e-4)
  }

  /// An engine tells which values that weights read are not finite; no class follows from it.
  @Test func checksDecideOnAnyEngine() throws {
    var net = try NetworkBuilder([2])
    try net.add("big", .rescaling(Rescaling(scale: [1e38])))
    for (name, sign) in [("first", Float(-1)), ("second", 1)] {
      try net.add(
        name, .dense(Dense(kernel: Tensor(shape: [2, 2], values: [sign, 0, 0, sign]))),
        activation: .relu)
    }
    let source = ArraySource([1, 2, 1e5, 1e5, -1, 0], imageShape: [2])
    for backend in [CPU() as any Backend, LoopBackend()] {
      let executor = try Executor(
        [Model(graph: net.graph)], options: Self.options, on: backend)
      #expect(try executor.labels(for: source) == [[0, noClass, 0]])
    }
  }
}
