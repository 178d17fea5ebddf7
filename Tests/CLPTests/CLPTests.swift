import DefenseKit
import Testing

@testable import CLP

@Suite("CLP")
struct CLPTests {
  /// Twelve channels, of which one is strong.
  static func norms(_ strong: Int...) -> [Float] {
    (0..<12).map { strong.contains($0) ? 9 : 1 + Float($0) / 100 }
  }

  private func repair(
    _ model: Model, u: Double = 3, sums: CLP.Sums = .skip, in context: RunContext = RunContext()
  ) throws -> Repair {
    let experiment = try Experiment(suspect: model, clean: nil)
    let evaluation = try experiment.run(
      [CLP(options: .init(u: u, sums: sums))], in: context)
    return try #require(evaluation.repairs.first).repair
  }

  private func statistics(_ model: Model, _ options: CLP.Options = .init()) throws
    -> ChannelStatistics
  {
    try ChannelStatistics(of: model, options, in: RunContext())
  }

  // MARK: The rule

  /// Two channels with the matrices (rows are input channels)
  ///
  ///     W_0 = 3 0    W_0 W_0ᵀ =  9 12    trace 50, determinant 369 - 144 = 225: eigenvalues 45 and 5
  ///           4 5               12 41    sigma_max = sqrt(45)
  ///     W_1 = 1 0    sigma_max = 1
  ///           0 1
  ///
  /// gamma = 2 and -3, variance = 3 and 8, epsilon = 1: the factors are 2/2 and 3/3, the bounds sqrt(45)
  /// and 1. Their mean is (sqrt(45) + 1) / 2, their deviation (by n - 1 = 1) (sqrt(45) - 1) / sqrt(2), so
  /// that the larger lies 1/sqrt(2) = 0.7071 deviations over the mean.
  @Test("Two kernels, worked out by hand")
  func byHand() throws {
    var net = try ToyNetwork([1, 4, 2])
    try net.add(
      "conv",
      .convolution(
        Convolution(kernel: Tensor(shape: [1, 2, 2, 2], values: [3, 1, 4, 0, 0, 0, 5, 1]))))
    try net.add(
      "norm",
      .batchNormalization(
        BatchNormalization(
          gamma: Tensor(shape: [2], values: [2, -3]), beta: Tensor(shape: [2], values: [1, 2]),
          mean: Tensor(shape: [2], values: [5, 6]), variance: Tensor(shape: [2], values: [3, 8]),
          epsilon: 1)))
    try net.classifier()
    let layer = try #require(try statistics(net.model).layers.first)
    #expect(abs(layer.bounds[0] - 45.0.squareRoot()) < 1e-14 && layer.bounds[1] == 1)
    #expect(abs(CLP.scores(layer.bounds)[0] - 0.5.squareRoot()) < 1e-14)

    #expect(try repair(net.model, u: 0.708).pruned == [])
    let pruned = try repair(net.model, u: 0.707)
    #expect(pruned.pruned == [PrunedChannels(layer: "conv", channels: [0], of: 2)])
    #expect(pruned.model.normalization("norm")?.gamma?.values == [0, -3])
    #expect(pruned.model.normalization("norm")?.beta?.values == [0, 2])
    #expect(pruned.model.convolution("conv")?.kernel.values == [0, 1, 0, 0, 0, 0, 0, 1])
    #expect(net.model.convolution("conv")?.kernel.values[0] == 3)
  }

  @Test("The deviation is divided by n - 1; under 11 channels nothing can exceed 3")
  func deviation() {
    // One of n channels is strong: it lies (n - 1) / sqrt(n) over the mean; divided by n, it were
    // sqrt(n - 1), which is 3.16 for 11.
    let eleven = Array(repeating: 1.0, count: 10) + [500]
    #expect(abs(CLP.scores(eleven)[10] - 10 / 11.0.squareRoot()) < 1e-12)
    #expect(CLP.outliers(eleven, u: 3) == [10])
    #expect(CLP.outliers(eleven, u: 3.1) == [])
    #expect(CLP.outliers(Array(repeating: 1, count: 9) + [1e9], u: 3) == [])
  }

  @Test(
    "Equal bounds: none exceeds the mean; equal outliers go together; one channel is left alone")
  func ties() {
    #expect(CLP.outliers(Array(repeating: 0.1, count: 7), u: 1e-12) == [])
    #expect(CLP.outliers([3], u: 1e-12) == [])
    #expect(CLP.outliers([], u: 3) == [])
    let two = Array(repeating: 1.0, count: 30) + [9, 9]
    #expect(CLP.outliers(two, u: 3) == [30, 31])
    // At the threshold itself: 1 and 3 have the mean 2 and the deviation sqrt(2).
    #expect(CLP.outliers([1, 3], u: 1 / 2.0.squareRoot()) == [])
  }

  /// Channel 7 of 12 is nine times as strong as the others, whose weights are 1. Every channel reads three
  /// ones (sigma_max = sqrt(3)), or six in the separable convolution; (n - 1) / sqrt(n) is 3.175.
  static let kinds: [(Graph.Operation, Double)] = {
    func ones(_ shape: [Int], outputs: Int = 12) -> Tensor {
      Tensor(
        shape: shape,
        values: (0..<shape.reduce(1, *)).map { outputs == 12 && $0 % 12 == 7 ? 9 : 1 })
    }
    return [
      // Output channel 7 is of input channel 3, multiplied by 2.
      (.depthwiseConvolution(DepthwiseConvolution(kernel: ones([3, 1, 6, 2]))), 3.0.squareRoot()),
      (
        .convolution(Convolution(kernel: ones([1, 1, 3, 12]), groups: 2)), 3.0.squareRoot()
      ),
      (
        .separableConvolution(
          SeparableConvolution(
            depthwise: DepthwiseConvolution(kernel: ones([1, 1, 6, 1], outputs: 6)),
            pointwise: ones([1, 1, 6, 12]))), 6.0.squareRoot()
      ),
    ]
  }()

  @Test("Other kinds of convolutions, and a normalization without gamma", arguments: kinds)
  func otherKinds(_ operation: Graph.Operation, _ bound: Double) throws {
    var net = try ToyNetwork([4, 4, 6])
    try net.add("conv", operation)
    let (zero, one) = (Tensor(shape: [12], repeating: 0), Tensor(shape: [12], repeating: 1))
    try net.add(
      "norm",
      .batchNormalization(
        BatchNormalization(gamma: nil, beta: one, mean: zero, variance: one, epsilon: 0)))
    try net.classifier()
    let layer = try #require(try statistics(net.model).layers.first)
    for (channel, found) in layer.bounds.enumerated() {
      #expect(abs(found - bound * (channel == 7 ? 9 : 1)) < 1e-6)
    }
    let repair = try repair(net.model)
    #expect(repair.pruned == [PrunedChannels(layer: "conv", channels: [7], of: 12)])
    let ones = (0..<12).map { Float($0 == 7 ? 0 : 1) }
    #expect(repair.model.normalization("norm")?.gamma?.values == ones)
    #expect(repair.model.normalization("norm")?.beta?.values == ones)
    let masked = try net.model.graph.masking([7], of: "conv")
    #expect(masked != net.model.graph)
    #expect(repair.model.graph.nodes[1] == masked.nodes[1])
  }

  // MARK: Which convolution

  @Test("The graph decides, not the order in which layers are listed")
  func graphOrder() throws {
    var net = try ToyNetwork([4, 4, 2])
    try net.convolution("stem", norms: Self.norms(2))
    let active = try net.relu("relu")
    try net.convolution("conv_1", norms: Self.norms(5), from: active)
    let main = net.tip
    let shortcut = try net.convolution("shortcut", norms: Self.norms(7), from: active)
    // Listed right behind the shortcut, it reads conv_1; norm_2 reads the shortcut.
    let first = try net.normalization("norm_1", from: main)
    let second = try net.normalization("norm_2", from: shortcut)
    try net.add("sum", .add, from: first, second)
    try net.classifier()
    let repair = try repair(net.model)
    #expect(
      repair.pruned == [
        PrunedChannels(layer: "conv_1", channels: [5], of: 12),
        PrunedChannels(layer: "shortcut", channels: [7], of: 12),
      ])
    #expect(repair.model.convolution("stem") == net.model.convolution("stem"))
  }

  @Test("Dropout and linear activations in between do not matter")
  func throughDropout() throws {
    var net = try ToyNetwork([4, 4, 2])
    try net.convolution("conv", norms: Self.norms(4))
    try net.add("dropout", .trainingOnly(.spatialDropout(rate: 0.1)))
    try net.add("linear", .activation)
    try net.normalization("norm")
    try net.classifier()
    #expect(
      try repair(net.model).pruned == [PrunedChannels(layer: "conv", channels: [4], of: 12)])
  }

  @Test("A convolution that others read too keeps its weights; the normalization alone is pruned")
  func shared() throws {
    var net = try ToyNetwork([4, 4, 2])
    let conv = try net.convolution("conv", norms: Self.norms(4))
    let first = try net.normalization("norm_1")
    try net.add("sum", .add, from: first, conv)
    try net.classifier()
    let repair = try repair(net.model)
    #expect(repair.pruned == [PrunedChannels(layer: "norm_1", channels: [4], of: 12)])
    #expect(repair.model.convolution("conv") == net.model.convolution("conv"))
    #expect(repair.model.normalization("norm_1")?.gamma?.values[4] == 0)
    #expect(repair.model.normalization("norm_1")?.beta?.values[4] == 0)
  }

  @Test("Normalizations without a convolution are left alone, and the user is told which")
  func leftAlone() throws {
    var net = try ToyNetwork([4, 4, 2])
    try net.normalization("norm_0")
    let first = try net.convolution("conv_1", norms: Self.norms(4))
    try net.normalization("norm_1")
    let second = try net.convolution("conv_2", norms: Self.norms(3))
    try net.add("sum", .add, from: second, first)
    try net.normalization("norm_2")
    try net.convolution("conv_3", norms: Self.norms(1), activation: .relu)
    try net.normalization("norm_3")
    try net.classifier()
    let context = RunContext()
    let repair = try repair(net.model, in: context)
    #expect(repair.pruned == [PrunedChannels(layer: "norm_1", channels: [4], of: 12)])
    #expect(
      context.statistics.warnings == [
        "clp leaves 3 of 4 batch normalizations as they are: 1 reads a sum (first: norm_2), 2 read "
          + "no convolution's own result (norm_0 reads the image itself); clp.sums=bound includes "
          + "the sums"
      ])
    let all = RunContext()
    _ = try self.repair(net.model, sums: .bound, in: all)
    #expect(
      all.statistics.warnings == [
        "clp leaves 2 of 4 batch normalizations as they are: 2 read no convolution's own result "
          + "(norm_0 reads the image itself)"
      ])
  }

  // MARK: Sums

  /// norm reads (a + b) + c, where a is a 1x1 convolution of norms 3, 4, b a 1x2 convolution whose channels
  /// are the rows (3, 4) and (0, 1) on one input channel, and c a rectifier: the bounds are
  /// 3 + sqrt(2) * 5 + 1 and 4 + sqrt(2) * 1 + 1.
  @Test("With sums=bound the operands' bounds are added, worked out by hand")
  func sums() throws {
    var net = try ToyNetwork([4, 4, 2])
    let active = try net.relu("relu")
    let a = try net.convolution("a", norms: [3, 4], from: active)
    let b = try net.add(
      "b",
      .convolution(
        Convolution(
          kernel: Tensor(shape: [1, 2, 2, 2], values: [3, 0, 0, 0, 4, 1, 0, 0]), padding: .same)),
      from: active)
    let inner = try net.add("inner", .add, from: a, b)
    let dropped = try net.add("dropout", .trainingOnly(.dropout(rate: 0.5)), from: inner)
    try net.add("outer", .add, from: dropped, active)
    try net.normalization("norm")
    try net.classifier()
    let layer = try #require(try statistics(net.model, .init(sums: .bound)).layers.first)
    #expect(layer.normalization == "norm" && layer.convolution == nil)
    #expect(abs(layer.bounds[0] - (3 + 2.0.squareRoot() * 5 + 1)) < 1e-12)
    #expect(abs(layer.bounds[1] - (4 + 2.0.squareRoot() + 1)) < 1e-12)

    let repair = try repair(net.model, u: 0.5, sums: .bound)
    #expect(repair.pruned == [PrunedChannels(layer: "norm", channels: [0], of: 2)])
    #expect(repair.model.convolution("a") == net.model.convolution("a"))
    let error = #expect(throws: PluginError.self) { try self.repair(net.model) }
    #expect(
      error?.description
        == "clp needs batch normalizations that read a convolution, but of the 1 in 'toy' 1 reads a sum "
        + "(first: norm); set clp.sums to bound or choose another defense, such as fine-pruning"
    )
  }

  @Test("No image moves a channel of a sum by more than its bound")
  func soundness() throws {
    let shape = [6, 6, 3]
    var net = try ToyNetwork(shape)
    let a = try net.convolution("a", 4)
    let b = try net.convolution("b", 4, 1, from: 0)
    try net.add("sum", .add, from: a, b)
    try net.normalization("norm")
    try net.classifier()
    let bounds = try statistics(net.model, .init(sums: .bound)).layers[0].bounds
    let values = Collected()
    let images = ToyNetwork.images(60, shape)
    try Executor(
      [net.model], observing: [(0, "sum")], options: ExecutionOptions(threads: 1)
    ).run(images) { values.add($0.values(ofObservation: 0)) }
    var closest = 0.0
    for channel in 0..<4 {
      for image in 0..<59 {
        func distance(_ all: [Float], _ size: Int, _ elements: some Sequence<Int>) -> Double {
          elements.reduce(0) {
            let d = Double(all[image * size + $1] - all[(image + 1) * size + $1])
            return $0 + d * d
          }.squareRoot()
        }
        let moved = distance(values.all, 36 * 4, stride(from: channel, to: 36 * 4, by: 4))
        let share = moved / (bounds[channel] * distance(images.values, 108, 0..<108))
        #expect(share <= 1)
        closest = max(closest, share)
      }
    }
    #expect(closest > 0.1)
  }

  @Test("A sum whose operands have different shapes has no bound")
  func repeatedOperand() throws {
    var net = try ToyNetwork([4, 4, 2])
    let conv = try net.convolution("conv", norms: Self.norms())
    try net.normalization("norm_1")
    let pooled = try net.add("pool", .globalPooling(.max, keepsDimensions: true))
    try net.add("sum", .add, from: conv, pooled)
    try net.normalization("norm_2")
    try net.classifier()
    let context = RunContext()
    _ = try repair(net.model, sums: .bound, in: context)
    #expect(
      context.statistics.warnings.first
        == "clp leaves 1 of 2 batch normalizations as they are: 1 reads no convolution's own result "
        + "(norm_2 reads 'sum', a sum of different shapes)")
  }

  @Test("Sums of sums of sums are added up once each")
  func deepSums() throws {
    var net = try ToyNetwork([2, 2, 2])
    try net.convolution("conv", norms: [1, 2, 5])
    for depth in 0..<1000 {
      // Twice the same operand: 2^1000 ways lead back to the convolution.
      try net.add("sum_\(depth)", .add, from: net.tip, net.tip)
    }
    try net.normalization("norm")
    try net.classifier()
    let bounds = try statistics(net.model, .init(sums: .bound)).layers[0].bounds
    #expect(bounds == [0x1p1000, 2 * 0x1p1000, 5 * 0x1p1000])
  }

  // MARK: What comes of it

  @Test("Nothing to prune: the repair is the suspect, and a warning says so")
  func nothing() throws {
    var net = try ToyNetwork([4, 4, 2])
    try net.convolution("conv", norms: [1, 2, 3, 4])
    try net.normalization("norm")
    try net.classifier()
    let context = RunContext()
    let repair = try repair(net.model, in: context)
    #expect(repair.model.graph == net.graph && repair.pruned.isEmpty)
    #expect(repair.clean == nil && repair.title == "clp")
    #expect(
      context.statistics.warnings == [
        "clp prunes nothing and returns the suspect: no channel is more than 3 standard deviations "
          + "above its layer's mean (at most 1.16, at norm); lower clp.u to prune more"
      ])
  }

  @Test("Clean images are counted on if there are any; none are needed")
  func cleanCounts() throws {
    var net = try ToyNetwork([4, 4, 2])
    try net.convolution("conv", norms: Self.norms(4))
    try net.normalization("norm")
    try net.classifier()
    #expect(CLP.requirements == [.batchNormalization])
    #expect(try repair(net.model).clean == nil)
    let clean = try CleanData(
      ToyNetwork.images(30, [4, 4, 2]), labels: (0..<30).map { Int32($0 % 3) })
    let repair = try #require(CLP().repair(net.model, using: clean, in: RunContext()).first)
    #expect(
      try repair.clean == CleanCounts(of: repair.model, on: clean, in: RunContext()))
    // No image was read, so none was learned.
    #expect(repair.heldOut == Array(0..<30))
  }

  @Test("Networks without batch normalization are refused")
  func unsuitable() throws {
    var net = try ToyNetwork([4, 4, 2])
    try net.convolution("conv", norms: Self.norms(4))
    try net.classifier()
    let error = #expect(throws: PluginError.self) { try repair(net.model) }
    #expect(error?.code == .unsuitableModel)
    #expect(
      error?.description
        == "clp needs batch normalization, which this network lacks")
  }

  @Test("A bound that is not finite is an error that names the channel")
  func nonfinite() throws {
    var net = try ToyNetwork([4, 4, 2])
    try net.convolution("conv", norms: [1, 2, 3])
    try net.add(
      "norm",
      .batchNormalization(
        BatchNormalization(
          gamma: nil, beta: nil, mean: Tensor(shape: [3], repeating: 0),
          variance: Tensor(shape: [3], values: [1, 0, 1]), epsilon: 0)))
    try net.classifier()
    let error = #expect(throws: PluginError.self) { try repair(net.model) }
    #expect(error?.code == .unsuitableModel)
    #expect(
      error?.description
        == "clp cannot bound channel 1 of 'norm': its weights, or 1 / sqrt(variance + epsilon), are not "
        + "finite, and such a network cannot classify either; inspect the model's file")
  }

  @Test("It stops when the run is cancelled")
  func cancellation() throws {
    var net = try ToyNetwork([4, 4, 2])
    try net.convolution("conv", norms: Self.norms(4))
    try net.normalization("norm")
    try net.classifier()
    let cancellation = Cancellation()
    cancellation.cancel()
    let context = RunContext(execution: ExecutionOptions(cancellation: cancellation))
    #expect(throws: CancellationError.self) { try repair(net.model, in: context) }
  }

  @Test("Options have ranges, and are read and written")
  func options() throws {
    for u in [0, -1, Double.infinity, .nan] {
      let error = #expect(throws: PluginError.self) { try CLP(options: .init(u: u)) }
      #expect(error?.description == "clp.u takes a number over 0, such as 3")
    }
    #expect(CLP.Options().texts.map(\.value) == ["3", "skip"])
    let settings = try ["clp.u=2.5", "clp.sums=bound"].map { try OptionSetting($0) }
    let options = try CLP.Options(settings, for: "clp")
    #expect(options.u == 2.5 && options.sums == .bound)
  }
}
