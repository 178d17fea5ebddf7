import InferenceGraph
import ReferenceInference
import Testing

@Suite("Preprocessing") struct PreprocessingTests {
  /// Random preprocessing: no, one or a channel's values for mean and deviation.
  static func random(_ random: inout SplitMix64, channels: Int) -> Preprocessing {
    func count() -> Int { [0, 1, channels][random.int(0...2)] }
    return Preprocessing(
      scale: [1, 0.5, 1 / 255][random.int(0...2)], mean: random.floats(count(), limit: 2),
      deviation: random.floats(count(), limit: 0.4).map { $0 + 0.5 },
      channels: channels == 3 && random.oneIn(3) ? .bgr : .rgb)
  }

  /// (v * scale - mean) / deviation in double precision, element by element.
  static func applied(_ preprocessing: Preprocessing, to values: [Float], channels: Int) -> [Float]
  {
    func value(_ list: [Float], _ channel: Int, default: Double) -> Double {
      list.isEmpty ? `default` : Double(list.count == 1 ? list[0] : list[channel])
    }
    return values.indices.map { index in
      let channel = index % channels
      let v =
        preprocessing.channels == .bgr ? values[index - channel + 2 - channel] : values[index]
      return Float(
        (Double(v) * Double(preprocessing.scale) - value(preprocessing.mean, channel, default: 0))
          / value(preprocessing.deviation, channel, default: 1))
    }
  }

  private static func expect(
    _ got: [Float], near expected: [Float], _ place: @autoclosure () -> String
  ) {
    for (value, right) in zip(got, expected) where value != right {
      #expect(abs(value - right) <= 1e-4 * max(1, abs(right)), "\(place()): \(value) for \(right)")
    }
  }

  /// A model with preprocessing is the same model on prepared images; several with different
  /// preprocessing run together as they run alone.
  @Test(arguments: 0..<120, RandomGraph.Head.allCases)
  func equalsPreparedImages(seed: Int, head: RandomGraph.Head) throws {
    var random = SplitMix64(seed: UInt64(seed) + 77)
    let graph = try RandomGraph.make(seed: UInt64(seed), head: head)
    let channels = graph.inputShape.last!
    let source = ExecutorTests.images(1 + random.int(0...40), shape: graph.inputShape, seed: 3)
    let models = (0..<3).map { _ in
      Model(graph: graph, preprocessing: Self.random(&random, channels: channels))
    }
    let got = try ExecutorTests.outputs(models, source)
    for (index, model) in models.enumerated() {
      #expect(try ExecutorTests.outputs([model], source)[0] == got[index])
      let prepared = ArraySource(
        Self.applied(model.preprocessing, to: source.values, channels: channels),
        imageShape: graph.inputShape)
      Self.expect(
        got[index], near: try ExecutorTests.outputs([Model(graph: graph)], prepared)[0],
        "seed \(seed), \(model.preprocessing)")
    }
  }

  /// Scale 1/255 with mean 0.5 and deviation 0.25, worked out by hand: 102 -> -0.4, 204 -> 1.2.
  @Test func aCaseWorkedByHand() throws {
    var graph = try Graph(inputShape: [1, 1, 2])
    try graph.append("flat", .flatten, inputs: [0])
    let model = Model(
      graph: graph,
      preprocessing: Preprocessing(scale: 1 / 255, mean: [0.5], deviation: [0.25]))
    let got = try ExecutorTests.outputs([model], ArraySource([102, 204], imageShape: [1, 1, 2]))[0]
    #expect(abs(got[0] + 0.4) < 1e-6 && abs(got[1] - 1.2) < 1e-6, "\(got)")
  }

  /// A sweep predicts what the masked models predict, with the same preprocessing.
  @Test(arguments: 0..<30)
  func sweeps(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed) + 5)
    let graph = try RandomGraph.make(seed: UInt64(seed))
    guard let layer = graph.prunableLayers.last else { return }
    let model = Model(
      graph: graph, preprocessing: Self.random(&random, channels: graph.inputShape.last!))
    let source = ExecutorTests.images(70, shape: graph.inputShape, seed: UInt64(seed))
    let sweep = try ChannelSweep(model: model, layer: layer, zeroingBias: true)
    let order = (0..<sweep.channelCount).shuffled(using: &random)
    let expected = try Executor(
      (0...order.count).map {
        Model(
          graph: try graph.masking(Array(order[..<$0]), of: layer, zeroingBias: true),
          preprocessing: model.preprocessing)
      }
    ).labels(for: source)
    #expect(try sweep.record(source).labels(masking: order) == expected)
  }

  @Test("What does not fit is an error that names it")
  func problems() throws {
    let cases: [(Preprocessing, String)] = [
      (.init(mean: [1, 2]), "the mean has 2 values for images of 3 channels"),
      (.init(deviation: [1, 2, 3, 4]), "the deviation has 4 values for images of 3 channels"),
      (.init(deviation: [1, 0, 1]), "a deviation is not over 0"),
      (.init(deviation: [-1]), "a deviation is not over 0"),
      (.init(mean: [.nan]), "the mean is not finite"),
      (.init(scale: 0), "the scale is 0.0, not a number over 0"),
    ]
    var graph = try Graph(inputShape: [4, 4, 3])
    try graph.append("flat", .flatten, inputs: [0])
    for (preprocessing, text) in cases {
      #expect(preprocessing.problem(for: [4, 4, 3]) == text)
      #expect(throws: GraphError.self) {
        try Executor([Model(graph: graph, preprocessing: preprocessing)])
      }
    }
    for values in [[], [1], [1, 2, 3] as [Float]] {
      #expect(Preprocessing(mean: values, deviation: values).problem(for: [4, 4, 3]) == nil)
    }
  }

  @Test func description() {
    let text = Preprocessing(scale: 1 / 255, mean: [0.485, 0], deviation: [2]).description
    #expect(text == "scale 1/255, mean 0.485,0, deviation 2")
    #expect("\(Preprocessing())" == "scale 1")
  }
}
