import DefenseKit
import Testing

@testable import FinePruning

/// A network whose three channels are known: a 1x1 convolution of a 1x1x3 image, and a dense layer.
///
/// Channel means over the images are chosen by hand; with all channels kept the class is the
/// largest element.
private func network() throws -> Model {
  var graph = try Graph(inputShape: [1, 1, 3])
  let identity: [Float] = [1, 0, 0, 0, 1, 0, 0, 0, 1]
  try graph.append(
    "conv",
    .convolution(
      Convolution(
        kernel: Tensor(shape: [1, 1, 3, 3], values: identity),
        bias: Tensor(shape: [3], values: [0, 0, 0.25]))),
    inputs: [0], activation: .relu)
  try graph.append("flatten", .flatten, inputs: [1])
  try graph.append(
    "dense", .dense(Dense(kernel: Tensor(shape: [3, 3], values: identity))), inputs: [2],
    activation: .softmax)
  return Model(graph: graph)
}

/// Ten images: six of class 0, three of class 1, one of class 2, each 4 at its class.
private func images() throws -> CleanData {
  let labels: [Int32] = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2]
  let values = labels.flatMap { label in (0..<3).map { Int32($0) == label ? Float(4) : 0 } }
  return try CleanData(ArraySource(values, imageShape: [1, 1, 3]), labels: labels)
}

@Suite("Fine-pruning")
struct FinePruningTests {
  // Means: channel 0: 2.4, channel 1: 1.2, channel 2: 0.4 + 0.25. So the order is 2, 1, 0, and
  // 10, 9, 6 images are right after 0, 1, 2 channels. With all three pruned every score is 0,
  // the class is 0, and 6 are right again.
  @Test("A network worked out by hand")
  func byHand() throws {
    let defense = try FinePruning(options: .init(drops: [5, 10, 10.5, 40, 41], tuning: .none))
    let context = RunContext()
    let repairs = try defense.repair(try network(), using: try images(), in: context)
    let curve = try #require(repairs.first?.curve)
    #expect(curve.layer == "conv")
    #expect(curve.order == [2, 1, 0])
    #expect(curve.correct == [10, 9, 6, 6])
    #expect(repairs.map(\.drop) == [5, 10, 10.5, 40])
    #expect(repairs.map { $0.pruned[0].channels } == [[2], [2], [2, 1], [2, 1]])
    #expect(repairs.map(\.clean?.correct) == [9, 9, 6, 6])
    #expect(
      context.statistics.warnings == [
        "fine-pruning: no pruned network reaches a drop of 41 points (the largest is 40, with 10 "
          + "of 10 correct before pruning); no repaired model for this drop"
      ])
    #expect(repairs.map(\.fileStem).contains("fine-pruning-10.5"))
  }

  /// The network with a weight of 1e30 behind the layer, so that image 9 with its huge pixel is
  /// finite at the layer and has no class until channel 2 is pruned.
  @Test("Images without a class are counted at every step and told")
  func nonfinite() throws {
    let identity = Tensor(shape: [1, 1, 3, 3], values: [1, 0, 0, 0, 1, 0, 0, 0, 1])
    var graph = try Graph(inputShape: [1, 1, 3])
    try graph.append(
      "conv", .convolution(Convolution(kernel: identity)), inputs: [0], activation: .relu)
    try graph.append("flatten", .flatten, inputs: [1])
    try graph.append(
      "dense",
      .dense(Dense(kernel: Tensor(shape: [3, 3], values: [1, 0, 0, 0, 1, 0, 0, 0, 1e30]))),
      inputs: [2], activation: .softmax)
    var values = try #require(try images().source as? ArraySource).values
    values[29] = 1e10
    let clean = try CleanData(
      ArraySource(values, imageShape: [1, 1, 3]), labels: try images().labels, name: "valid.h5")
    let context = RunContext()
    let repairs = try FinePruning(options: .init(drops: [1], tuning: .none)).repair(
      Model(graph: graph), using: clean, in: context)
    // Channel means: 2.4, 1.2, 1e9.
    let curve = try #require(repairs.first?.curve)
    #expect(curve.order == [1, 0, 2])
    #expect(curve.correct == [9, 6, 6, 6])
    #expect(curve.nonfinite == [1, 1, 1, 0])
    #expect(repairs[0].clean == CleanCounts(correct: 6, nonfinite: 1, images: 10))
    #expect(
      context.statistics.warnings.contains {
        $0.contains("no class for 1 of 10 images of valid.h5")
      })
  }

  @Test("An image that no ranking can take stops the defense, named")
  func unranked() throws {
    var values = try #require(try images().source as? ArraySource).values
    values[4] = 3e38
    let clean = try CleanData(
      ArraySource(values, imageShape: [1, 1, 3]), labels: try images().labels, name: "valid.h5")
    let error = #expect(throws: (any Error).self) {
      try Experiment(suspect: try network(), clean: clean).run(
        [FinePruning(options: .init(tuning: .none))], in: RunContext())
    }
    #expect(
      error.map { "\($0)" }?.hasPrefix(
        "valid.h5: image 1: layer 'conv' cannot be ranked: in 1 of its 3 channels (first: 1)")
        == true)
  }

  @Test("Kernel and bias are zeroed, or the kernel alone")
  func bias() throws {
    for zeroing in [true, false] {
      let defense = try FinePruning(
        options: .init(layer: "conv", drops: [5], bias: zeroing, tuning: .none))
      let repairs = try defense.repair(try network(), using: try images(), in: RunContext())
      guard case .convolution(let layer)? = repairs.first?.model.graph.nodes[1].operation else {
        Issue.record("the layer isn't a convolution any more")
        continue
      }
      // Its bias alone still wins for the image of class 2, so that another channel must go.
      #expect(layer.kernel.values == [1, 0, 0, 0, zeroing ? 1 : 0, 0, 0, 0, 0])
      #expect(layer.bias?.values == [0, 0, zeroing ? 0 : 0.25])
    }
  }

  @Test("Equal means are pruned in the order of their indices")
  func ties() {
    #expect(FinePruning.order([0.5, 0, 0.25, 0, 0.25]) == [1, 3, 2, 4, 0])
  }

  @Test("The crossing prune is the first at least so many points under the baseline, exactly")
  func crossing() {
    let curve = PruningCurve(
      layer: "c", order: [0, 1, 2, 3], prunesBias: true, correct: [9900, 9950, 9893, 9892, 0],
      images: 10_000)
    // 0.07 * 10,000 / 100 is 7 images; in floating point 0.07 * 100 is a little more than 7.
    #expect(FinePruning.crossing(of: curve, drop: 0.07) == 2)
    #expect(FinePruning.crossing(of: curve, drop: 0.0701) == 3)
    #expect(FinePruning.crossing(of: curve, drop: 99) == 4)
    #expect(FinePruning.crossing(of: curve, drop: 99.01) == nil)
  }

  @Test("Bad options and layers are refused")
  func refusals() throws {
    for drops in [[], [0], [-1], [101], [2, 2]] as [[Double]] {
      #expect(throws: PluginError.self) { try FinePruning(options: .init(drops: drops)) }
    }
    let defense = try FinePruning(options: .init(layer: "cnov"))
    do {
      _ = try defense.repair(try network(), using: try images(), in: RunContext())
      Issue.record("a layer that isn't there was pruned")
    } catch let error as PluginError {
      #expect(error.code == .badOption)
      #expect(error.description.contains("did you mean 'conv'?"))
    }
  }

  @Test("Ranking at the layer differs from ranking at what its consumers read")
  func ranking() throws {
    // One image of 2x1 pixels: channel 0 has 3 and 0, channel 1 has 2 and 2; max pooling reverses.
    var graph = try Graph(inputShape: [2, 1, 2])
    let identity: [Float] = [1, 0, 0, 1]
    try graph.append(
      "conv", .convolution(Convolution(kernel: Tensor(shape: [1, 1, 2, 2], values: identity))),
      inputs: [0], activation: .relu)
    try graph.append(
      "pool", .pooling(Pooling(.max, window: Extent(2, 1))), inputs: [1])
    try graph.append("flatten", .flatten, inputs: [2])
    try graph.append(
      "dense", .dense(Dense(kernel: Tensor(shape: [2, 2], values: identity))), inputs: [3],
      activation: .softmax)
    let data = try CleanData(ArraySource([3, 2, 0, 2], imageShape: [2, 1, 2]), labels: [0])
    for (ranking, order) in [(FinePruning.Ranking.pool, [1, 0]), (.convolution, [0, 1])] {
      let defense = try FinePruning(options: .init(drops: [100], ranking: ranking, tuning: .none))
      let repairs = try defense.repair(Model(graph: graph), using: data, in: RunContext())
      // Without channel 0 the image is of class 1; when all is pruned, class 0 wins again.
      if ranking == .convolution { #expect(repairs.first?.curve?.order == order) }
      if ranking == .pool { #expect(repairs.isEmpty) }
    }
  }

  @Test("Pruning alone is called that")
  func prunedOnly() throws {
    let repairs = try FinePruning(options: .init(drops: [5], tuning: .none)).repair(
      try network(), using: try images(), in: RunContext())
    #expect(repairs.map(\.title) == ["fine-pruning 5 %, pruned only"])
    #expect(repairs.map(\.fileStem) == ["fine-pruning-5"])
    #expect(repairs.allSatisfy { $0.tuning == nil })
  }

  @Test("A share of the channels, whatever it costs")
  func share() throws {
    #expect(FinePruning.count(0.95, of: 60) == 57)
    #expect(FinePruning.count(0.29, of: 100) == 29)
    #expect(FinePruning.count(0.99, of: 60) == 59)
    #expect(FinePruning.count(0.001, of: 60) == 1)
    #expect(FinePruning.count(1, of: 60) == 60)
    let repairs = try FinePruning(options: .init(share: 0.7, tuning: .none)).repair(
      try network(), using: try images(), in: RunContext())
    #expect(repairs.map { $0.pruned[0].channels } == [[2, 1]])
    #expect(repairs.map(\.drop) == [nil])
    #expect(repairs.map(\.clean?.correct) == [6])
    #expect(repairs.map(\.title) == ["fine-pruning, pruned only"])
  }

  @Test("Drops relative to the accuracy before")
  func relative() {
    let curve = PruningCurve(
      layer: "c", order: [0, 1, 2], prunesBias: true, correct: [50, 48, 45, 40], images: 100)
    #expect(FinePruning.crossing(of: curve, drop: 10, in: .points) == 3)
    #expect(FinePruning.crossing(of: curve, drop: 10, in: .relative) == 2)
    #expect(FinePruning.crossing(of: curve, drop: 10.1, in: .relative) == 3)
    #expect(FinePruning.crossing(of: curve, drop: 21, in: .relative) == nil)
    #expect(
      FinePruning.unreached(21, .relative, curve)
        == "fine-pruning: no pruned network reaches a drop of 21 per cent (the largest is 20, with "
        + "50 of 100 correct before pruning); no repaired model for this drop")
  }

  @Test("The pruned network is tuned, and its pruned channels stay zero")
  func tuned() throws {
    var tuning = FineTuningOptions()
    tuning.batch = 2
    tuning.heldOut = 0.2
    tuning.epochs = 15
    let context = RunContext()
    let repairs = try FinePruning(options: .init(drops: [5, 6, 40], tuning: tuning)).repair(
      try network(), using: try images(), in: context)
    #expect(repairs.map { $0.pruned[0].channels } == [[2], [2], [2, 1]])
    #expect(repairs.map(\.title) == ["fine-pruning 5 %", "fine-pruning 6 %", "fine-pruning 40 %"])
    // The same channels are tuned once.
    #expect(repairs[0].model.graph == repairs[1].model.graph)
    let titles = context.statistics.phases.map(\.title)
    #expect(titles.filter { $0.hasPrefix("tuning") } == ["tuning, 5 %", "tuning, 40 %"])
    // A larger drop's network goes on from the smaller one's for a fifth of the epochs, rounded up.
    #expect(repairs.map { $0.tuning?.epochs } == [15, 15, 18])
    for repair in repairs {
      let summary = try #require(repair.tuning)
      #expect(summary.images == 8 && summary.before?.images == 2)
      #expect(repair.heldOut.count == 2 && repair.heldOut == repairs[0].heldOut)
      let pruned = try network().graph.masking(repair.pruned[0].channels, of: "conv")
      #expect(repair.model.graph != pruned)
      let again = try repair.model.graph.masking(repair.pruned[0].channels, of: "conv")
      #expect(again == repair.model.graph)
      #expect(
        try CleanCounts(of: repair.model, on: images(), in: RunContext()) == repair.clean)
    }
  }

  /// Which drop comes first decides nothing but the order of the results.
  @Test("A larger drop's tuning goes on from a smaller one's, in whatever order they are named")
  func goesOn() throws {
    var tuning = FineTuningOptions()
    tuning.batch = 2
    tuning.heldOut = 0.2
    tuning.epochs = 6
    func repairs(_ drops: [Double]) throws -> [Repair] {
      try FinePruning(options: .init(drops: drops, tuning: tuning)).repair(
        try network(), using: try images(), in: RunContext())
    }
    let ascending = try repairs([5, 40])
    let descending = try repairs([40, 5])
    #expect(descending.map(\.drop) == [40, 5])
    for (one, other) in zip(ascending, descending.reversed()) {
      #expect(one.model.graph == other.model.graph && one.tuning == other.tuning)
    }
    let alone = try #require(try repairs([5]).first)
    #expect(alone.model.graph == ascending[0].model.graph)
    // By hand: prune the smaller drop's tuned model, and tune that for 2 epochs, a fifth of 6.
    let suspect = try network()
    let tuner = FineTuner(tuning, for: "x")
    var result = try tuner.tune(
      try masked(suspect, [2]), suspect: suspect, using: try images(), in: RunContext())
    #expect(result.model.graph == ascending[0].model.graph && result.summary == ascending[0].tuning)
    result.model = try masked(result.model, [2, 1])
    let second = try tuner.tune(
      try masked(suspect, [2, 1]), after: result, suspect: suspect, using: try images(),
      in: RunContext())
    #expect(second.model.graph == ascending[1].model.graph && second.summary == ascending[1].tuning)
    #expect(second.summary.epochs == 8)
  }

  @Test("Without epochs that go without decay, each drop is tuned by itself")
  func tunedApart() throws {
    var tuning = FineTuningOptions()
    tuning.batch = 2
    tuning.epochs = 4
    tuning.recovery = 0
    let context = RunContext()
    let repairs = try FinePruning(options: .init(drops: [5, 40], tuning: tuning)).repair(
      try network(), using: try images(), in: context)
    let alone = try FinePruning(options: .init(drops: [40], tuning: tuning)).repair(
      try network(), using: try images(), in: RunContext())
    #expect(repairs[1].model.graph == alone[0].model.graph)
  }

  private func masked(_ model: Model, _ channels: [Int]) throws -> Model {
    var model = model
    model.graph = try model.graph.masking(channels, of: "conv")
    return model
  }

  @Test("Shares and tuning options out of range are refused")
  func moreRefusals() {
    for share in [0, -0.5, 1.01] {
      #expect(throws: PluginError.self) { try FinePruning(options: .init(share: share)) }
    }
    var tuning = FineTuningOptions()
    tuning.learningRate = 0
    let error = #expect(throws: PluginError.self) {
      try FinePruning(options: .init(tuning: tuning))
    }
    #expect(
      error?.description == "fine-pruning.learning-rate takes a number over 0 and up to 100")
  }
}
