import ReferenceInference
import Synchronization
import Testing

@testable import InferenceGraph

/// Values of different shapes share memory, and nobody notices.
@Suite struct SharedMemoryTests {
  /// Three values of 160, 96 and 64 floats: the first and the last are not alive together.
  @Test func threeValuesByHand() {
    var memory = SharedMemory()
    _ = memory.add([10], Border(), lifetime: 0...1)
    _ = memory.add([6], Border(), lifetime: 1...2)
    _ = memory.add([4], Border(), lifetime: 2...3)
    memory.place()
    #expect(memory.values.map(\.range) == [0..<160, 160..<256, 0..<64])
    #expect(memory.size == 256)
  }

  /// The smallest gap that holds a value takes it, not the first.
  @Test func theSmallestGapIsTaken() {
    var memory = SharedMemory()
    // By size: 20 at 0, then 19 over it, 18, 17; in the time of the last two are gaps.
    _ = memory.add([20], Border(), lifetime: 0...0)
    _ = memory.add([19], Border(), lifetime: 0...5)
    _ = memory.add([4], Border(), lifetime: 0...0)
    _ = memory.add([3], Border(), lifetime: 0...5)
    _ = memory.add([2], Border(), lifetime: 3...3)
    memory.place()
    let starts = memory.values.map { $0.start / laneCount }
    #expect(starts == [0, 20, 39, 43, 39])
  }

  @Test(arguments: Sizes.seeds("shared memory", 400))
  func nothingThatLivesTogetherOverlaps(seeds: Range<UInt64>) {
    for seed in seeds {
      var random = SplitMix64(seed: seed)
      var memory = SharedMemory()
      for _ in 0..<random.int(1...24) {
        let first = random.int(-1...12)
        let border = random.oneIn(2) ? Border() : Border(top: random.int(0...2), left: 1)
        _ = memory.add(
          [random.int(1...3), random.int(1...3), random.int(1...4)], border,
          lifetime: first...first + random.int(0...6))
      }
      memory.place()
      let values = memory.values
      for (number, a) in values.enumerated() {
        #expect(a.range.lowerBound >= 0 && a.range.upperBound <= memory.size, "seed \(seed)")
        for b in values[..<number] where a.lifetime.overlaps(b.lifetime) {
          #expect(!a.range.overlaps(b.range), "seed \(seed)")
        }
      }
      // No less than what lives at one moment, no more than all.
      let moments = (-1...18).map { moment in
        values.filter { $0.lifetime.contains(moment) }.reduce(0) { $0 + $1.size }
      }
      #expect(memory.size >= moments.max()! && memory.size <= values.reduce(0) { $0 + $1.size })
      // A border that nobody else touches stays as it is; every other one must be stored again.
      for (value, isOverwritten) in zip(values, memory.overwrittenBorders()) {
        let touching = values.filter {
          $0.range.overlaps(value.range)
            && !($0.start == value.start && $0.border == value.border
              && BufferView.extents(of: $0.shape) == BufferView.extents(of: value.shape))
        }
        #expect(isOverwritten == (value.border != Border() && !touching.isEmpty), "seed \(seed)")
      }
    }
  }

  /// The threads of a run together take no more than a run may: there are fewer of them.
  @Test(arguments: [(1, 1), (3, 3), (8, 8), (1000, 8)])
  func memoryBoundsTheThreads(share: Int, threads: Int) throws {
    let started = Mutex(0)
    try runInParallel(
      pieces: 400, options: ExecutionOptions(threads: 8),
      memory: MemoryError.runLimit / share,
      prepare: { started.withLock { $0 += 1 } }, body: { _, _ in })
    #expect(started.withLock { $0 } == threads)
  }

  /// A network whose images shrink takes the memory of its two largest values, not of all.
  @Test func aNarrowingNetwork() throws {
    var net = try NetworkBuilder([32, 32, 4])
    for layer in 0..<4 {
      try net.conv("conv\(layer)", 4 + layer, activation: .relu)
      try net.maxPool("pool\(layer)")
    }
    try net.add("flat", .flatten)
    try net.dense("scores", 3)
    let fused = Fused(
      Normalized(net.graph).nodes, inputs: [0], outputs: [net.graph.nodes.count - 1])
    let layout = BufferLayout(fused, blocks: 1)
    let sizes = fused.nodes.indices.compactMap { layout.sharedRange(of: $0)?.count }
    let largest = sizes.sorted(by: >).prefix(2).reduce(0, +)
    #expect(layout.bufferSizes[0] == largest, "\(layout)")
    #expect(sizes.reduce(0, +) > largest)
  }

  /// Convolutions read zeros around values whose memory held others, in every block of every group.
  @Test(arguments: Sizes.seeds("borders", 60))
  func bordersAreRestored(seeds: Range<UInt64>) throws {
    var restored = 0
    for seed in seeds {
      var random = SplitMix64(seed: seed)
      let size = random.int(5...12)
      var net = try NetworkBuilder([size, size, random.int(1...3)])
      for layer in 0..<random.int(3...6) {
        switch random.int(0...3) {
        case 0:
          try net.add(
            "pad\(layer)",
            .zeroPadding(
              top: random.int(0...2), bottom: random.int(0...2), left: random.int(0...2),
              right: random.int(0...2)))
        case 1: try net.conv("even\(layer)", random.int(1...6), 2, activation: .linear)
        default: try net.conv("conv\(layer)", random.int(1...6), activation: .relu)
        }
      }
      try net.add("flat", .flatten)
      try net.dense("scores", 3, activation: .linear)
      let fused = Fused(
        Normalized(net.graph).nodes, inputs: [0], outputs: [net.graph.nodes.count - 1])
      restored += BufferLayout(fused, blocks: 1).overwrittenBorders.count
      let shape = net.graph.inputShape
      let source = ExecutorTests.images(70, shape: shape, seed: seed)
      let got = try ExecutorTests.outputs([Model(graph: net.graph)], source)[0].map(Double.init)
      let count = shape.reduce(1, *)
      let expected = (0..<70).flatMap {
        referenceOutput(net.graph, image: Array(source.values[$0 * count..<($0 + 1) * count]))
      }
      #expect(PassReference.difference(expected, got) < 1e-5, "seed \(seed)")
    }
    #expect(restored > seeds.count, "too few borders to restore")
  }
}
