import DefenseKit
import DefenseKitTesting
import ReferenceInference
import Testing

@testable import SentiNet

@Suite("SentiNet")
struct SentiNetTests {
  private static var quick: SentiNet.Options {
    var options = SentiNet.Options()
    (options.images, options.samples) = (20, 60)
    return options
  }

  static let checks = PluginChecks(
    SentiNet.self, options: quick,
    refusing: [
      "images": ["0", "10001"], "share": ["0", "1", "-0.1"], "samples": ["9", "10001"],
      "alarms": ["-0.1", "1"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  /// Class 1 if the sum of 2 x 2 pixels is over 1, by logits 0 and 1000 (sum - 1).
  private func sums() throws -> Model {
    var graph = try Graph(inputShape: [2, 2, 1])
    try graph.append("flatten", .flatten, inputs: [0])
    let kernel = Tensor(shape: [4, 2], values: (0..<8).map { $0 % 2 == 0 ? 0 : 1000 })
    try graph.append(
      "output", .dense(Dense(kernel: kernel, bias: Tensor(shape: [2], values: [0, -1000]))),
      inputs: [1], activation: .softmax)
    return Model(graph: graph, preprocessing: Preprocessing(scale: 1 / 255), name: "sums")
  }

  @Test("By hand: the share of clean images that get the class, and the confidence under noise")
  func points() throws {
    // Sums of 0, 0.6, 0.9 and 1.5, with nothing in the last pixel.
    let carriers: [Float] = [0, 0, 0, 0, 0.6, 0, 0, 0, 0, 0.9, 0, 0, 0.7, 0.8, 0, 0]
    let context = RunContext()
    // Noise in 0...0 changes nothing.
    let meter = try PasteMeter(sums(), carriers: carriers, range: 0...0, in: context)
    let image: [Float] = [0, 0, 0.7, 0.5]
    let found = try meter.points(
      of: image + image + image + image, [[3], [2, 3], [], [0]],
      [.class(1), .class(1), .class(1), .class(0)])
    // Pixel 3 adds 0.5: sums 0.5, 1.1, 1.4, 2: three of four. Pixels 2 and 3 add 1.2: all.
    // Pixel 0 is cleared: 0, 0, 0.9, 0.8.
    #expect(found.map { $0?.fooled } == [0.75, 1, nil, 1])
    // All are certain: no sum is within 0.1 of 1.
    #expect(found.compactMap { $0?.confidence }.allSatisfy { abs($0 - 1) < 1e-6 })
    #expect(context.statistics.imagesRun == 24)
    // At the limit of both classes each has a confidence of 1/2.
    let half = try PasteMeter(sums(), carriers: [0, 0, 0, 1], range: 0...0, in: RunContext())
    let point = try half.points(of: [0, 0, 0, 0], [[0]], [.class(0)])[0]
    #expect(point == PastePoint(fooled: 1, confidence: 0.5))
  }

  @Test("The source holds all clean images with the region, then all with noise, patch by patch")
  func pasted() throws {
    let source = PastedImages(
      imageShape: [1, 2, 2], carriers: [1, 2, 3, 4, 5, 6, 7, 8],
      patches: [
        ([1], [10, 11, 12, 13], [20, 21, 22, 23]), ([0], [30, 31, 32, 33], [40, 41, 42, 43]),
      ])
    #expect(source.count == 8)
    #expect(
      try source.values(of: 0..<8) == [
        1, 2, 12, 13, 5, 6, 12, 13, 1, 2, 22, 23, 5, 6, 22, 23,
        30, 31, 3, 4, 30, 31, 7, 8, 40, 41, 3, 4, 40, 41, 7, 8,
      ])
    #expect(try source.values(of: 3..<5) == [5, 6, 22, 23, 30, 31, 3, 4])
  }

  @Test("Triggered images score higher than clean ones; few clean ones are flagged")
  func trial() throws {
    let problem = try ToyProblem.standard()
    for suspect in problem.suspects {
      func found(_ images: LabelledImages) throws -> [Detection] {
        var options = SentiNet.Options()
        options.samples = 100
        return try SentiNet(options: options).detections(
          on: images.dataSet(), suspect: suspect.model, repaired: nil, using: problem.clean,
          in: RunContext())
      }
      let (clean, triggered) = (
        try found(problem.testImages), try found(problem.triggeredImages)
      )
      func scores(_ detections: [Detection]) -> [Float] {
        detections.filter { $0.prediction != .noVerdict }.map(\.score)
      }
      let auroc = try #require(
        areaUnderROC(negatives: scores(clean), positives: scores(triggered)))
      let flagged = [clean, triggered].map { $0.count { $0.prediction == .flagged } }
      let without = (clean + triggered).count { $0.prediction == .noVerdict }
      print("sentinet, \(suspect.model.name): AUROC \(auroc), flagged \(flagged), \(without) none")
      #expect(auroc > 0.7)
      #expect(Double(flagged[0]) <= 0.25 * Double(clean.count))
    }
  }

  @Test("The parts of the clean images are disjoint, depend on the seed, and keep to their limits")
  func split() throws {
    let problem = try ToyProblem.standard()
    func split(_ images: Int, _ samples: Int, seed: UInt64 = 0) throws -> ([Int], [Int]) {
      var options = SentiNet.Options()
      (options.images, options.samples) = (images, samples)
      return try SentiNet(options: options).split(problem.clean, seed: seed)
    }
    let (carriers, inputs) = try split(20, 60)
    #expect(carriers.count == 20 && inputs.count == 60 && Set(carriers + inputs).count == 80)
    let half = try split(100, 400)
    #expect(half.0.count == 80 && half.1.count == 80 && Set(half.0 + half.1).count == 160)
    #expect(try split(20, 60, seed: 1).0 != carriers)
    // Whole groups, of which the smaller part is to paste on.
    let grouped = try CleanData(
      problem.clean.source, labels: problem.clean.labels, groups: (0..<160).map { $0 < 150 ? 0 : 1 }
    )
    let parts = try SentiNet().split(grouped, seed: 0)
    #expect(Set(parts.carriers) == Set(150..<160) && parts.inputs.allSatisfy { $0 < 150 })
  }

  @Test("The layer: the input of the last stage, or a named one that no path bypasses")
  func layer() throws {
    let problem = try ToyProblem.standard()
    #expect(try SentiNet().layer(of: problem.plain.model) == "conv_1")
    #expect(try SentiNet().layer(of: problem.normalized.model) == "relu_1")
    var network = try NetworkBuilder([16, 16, 3])
    let stem = try network.conv("stem", 4)
    let long = try network.conv("long", 8, stride: 2, from: stem)
    try network.conv("longer", 8, from: long)
    let tip = network.tip
    let short = try network.conv("short", 8, 1, stride: 2, from: stem, activation: .linear)
    try network.add("sum", .add, from: tip, short, activation: .relu)
    try network.add("mean", .globalPooling(.average, keepsDimensions: false))
    try network.dense("output", 3)
    let residual = Model(graph: network.graph, name: "residual")
    #expect(try SentiNet().layer(of: residual) == "stem")
    var options = SentiNet.Options()
    options.layer = "sum"
    #expect(try SentiNet(options: options).layer(of: residual) == "sum")
    for name in ["longer", "mean", "input", "nowhere"] {
      options.layer = name
      let error = #expect(throws: PluginError.self) {
        try SentiNet(options: options).layer(of: residual)
      }
      #expect(
        error?.description
          == "sentinet.layer takes an inner layer that every image passes through and whose result "
          + "is [height, width, channels], not '\(name)' (layers: stem, sum)")
    }
  }

  @Test("What cannot be examined is said in a line")
  func refusals() throws {
    func message(
      _ model: Model, _ clean: CleanData? = nil, _ options: SentiNet.Options = Self.quick
    ) throws -> String {
      let shape = model.graph.inputShape
      let size = shape.reduce(1, *)
      let images = ArraySource((0..<20 * size).map { Float($0 % 7) }, imageShape: shape)
      let given = try clean ?? CleanData(images, labels: Array(repeating: 0, count: 20))
      let error = #expect(throws: (any Error).self) {
        try SentiNet(options: options).detections(
          on: given.source, suspect: model, repaired: nil, using: given, in: RunContext())
      }
      return "\(try #require(error))"
    }
    var dense = try NetworkBuilder([4])
    try dense.dense("output", 3)
    #expect(
      try message(Model(graph: dense.graph, name: "network"))
        == "sentinet pastes regions of images, but network takes [4]")
    #expect(
      try message(sums())
        == "sentinet weighs the feature map of a convolution, and sums has none")
    let problem = try ToyProblem.standard()
    let few = try CleanData(problem.cleanImages.selecting(Array(0..<19)).dataSet())
    #expect(
      try message(problem.plain.model, few)
        == "sentinet needs at least 20 clean images; give more")
    // Black images have no feature that speaks for a class.
    var blind = try NetworkBuilder([4, 4, 1])
    try blind.add(
      "conv",
      .convolution(Convolution(kernel: Tensor(shape: [1, 1, 1, 1], repeating: 0), bias: nil)))
    try blind.add("flatten", .flatten)
    try blind.dense("output", 2)
    #expect(
      try message(Model(graph: blind.graph, name: "blind"))
        == "sentinet found no region that speaks for the class in half of the images of clean data; "
        + "set sentinet.layer to another one")
  }
}
