import DefenseKit
import DefenseKitTesting
import Foundation
import Testing

@testable import TeCo

@Suite("TeCo")
struct TeCoTests {
  private static var quick: TeCo.Options {
    var options = TeCo.Options()
    options.samples = 40
    return options
  }

  static let checks = PluginChecks(
    TeCo.self, options: quick,
    refusing: [
      "corruptions": ["", "fog", "fog,fog", "fog,rain"], "samples": ["0", "10001"],
      "alarms": ["-0.1", "1"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  @Test("By hand: the deviation of the severities, over their number")
  func score() {
    #expect(TeCo.score([6, 6, 6]) == 0 && TeCo.score([1, 1]) == 0)
    #expect(TeCo.score([1, 6]) == 2.5)
    // Mean 4, squares 9, 1, 4, 4, 4 and 4.
    let six = Float(26.0 / 6).squareRoot()
    #expect(abs(TeCo.score([1, 3, 6, 6, 6, 2]) - six) < 1e-6)
    // One of fifteen: 5 * sqrt(14) / 15.
    let one = TeCo.score([1] + Array(repeating: 6, count: 14))
    let expected: Float = 5 * Float(14).squareRoot() / 15
    #expect(abs(one - expected) < 1e-6)
  }

  /// Two classes: class 1 if the sum of the 64 pixels, each from 0 to 1, is over `limit`.
  private func brightnessNetwork(limit: Float, scale: Float = 1) throws -> Model {
    var graph = try Graph(inputShape: [8, 8, 1])
    try graph.append("flatten", .flatten, inputs: [0])
    let kernel = Tensor(shape: [64, 2], values: (0..<128).map { $0 % 2 == 0 ? 0 : 1 })
    try graph.append(
      "output", .dense(Dense(kernel: kernel, bias: Tensor(shape: [2], values: [0, -limit]))),
      inputs: [1], activation: .softmax)
    return Model(graph: graph, preprocessing: Preprocessing(scale: scale), name: "brightness")
  }

  @Test("By hand: brightness changes the class where the sum passes the limit, contrast never")
  func severities() throws {
    // 64 * 0.25 = 16; brightness adds 64 * 0.05, 0.1, 0.15, 0.2, 0.3 = 3.2, 6.4, 9.6, 12.8, 19.2.
    let image = Array(repeating: Float(0.25), count: 64)
    for (limit, expected) in [(17, 1), (22, 2), (25, 3), (28, 4), (35, 5), (40, 6)] {
      for scale: Float in [1, 1 / 255] {
        let meter = try SeverityMeter(
          brightnessNetwork(limit: Float(limit), scale: scale), [.brightness, .contrast],
          range: 0...1, in: RunContext())
        #expect(try meter.severities(of: image, [.class(0)]) == [[expected, 6]])
        #expect(
          try meter.severities(of: image + image, [.class(0), .undefined])
            == [[expected, 6], [6, 6]])
        #expect(try meter.scores(of: image, [.undefined])[0].isNaN)
      }
    }
  }

  @Test("Values are corrupted in the range of the clean images, scaled as network inputs")
  func range() throws {
    // The same image in other units: range -2...6 and brightness in it.
    let image = Array(repeating: Float(0), count: 64)
    // 0.25 of the range; the sum is 0, then 64 * 8 * 0.05 = 25.6, 51.2, ...
    let meter = try SeverityMeter(
      brightnessNetwork(limit: 30), [.brightness, .contrast], range: -2...6, in: RunContext())
    #expect(try meter.severities(of: image, [.class(0)]) == [[2, 6]])
  }

  @Test("Each severity corrupts the original image, and only images whose class is unchanged run")
  func costs() throws {
    let context = RunContext()
    let meter = try SeverityMeter(
      brightnessNetwork(limit: 22), [.brightness, .contrast], range: 0...1, in: context)
    _ = try meter.scores(of: Array(repeating: 0.25, count: 64), [.class(0)])
    // Brightness stops after 2 severities, contrast runs 5.
    #expect(context.statistics.imagesRun == 7)
    let images = Array(repeating: Float(0.25), count: 64)
    func corrupted(_ severity: Int) throws -> [Float] {
      try CorruptedImages(
        imageShape: [8, 8, 1], images: images, range: 0...1, severity: severity, seed: 0,
        tasks: [(0, 0, .brightness)]
      ).values(of: 0..<1)
    }
    for (severity, amount) in zip(1...5, [0.05, 0.1, 0.15, 0.2, 0.3] as [Float]) {
      #expect(try corrupted(severity).allSatisfy { abs($0 - 0.25 - amount) < 1e-6 })
    }
  }

  /// Classes 1 and 2 are the brighter half of 16 x 16 pixels; class 0 wins if the 4 x 4 pixels in the
  /// lower right corner look like a chequerboard.
  private func chequeredNetwork() throws -> Model {
    var graph = try Graph(inputShape: [16, 16, 1])
    try graph.append("flatten", .flatten, inputs: [0])
    var kernel = Array(repeating: Float(0), count: 256 * 3)
    for pixel in 0..<256 {
      let (row, column) = (pixel / 16, pixel % 16)
      if row >= 12, column >= 12 { kernel[pixel * 3] = (row + column) % 2 == 0 ? 50 : -50 }
      kernel[pixel * 3 + 1] = column < 8 ? 0.1 : -0.1
      kernel[pixel * 3 + 2] = column < 8 ? -0.1 : 0.1
    }
    let dense = Dense(
      kernel: Tensor(shape: [256, 3], values: kernel),
      bias: Tensor(shape: [3], values: [-50, 0, 0])
    )
    try graph.append("output", .dense(dense), inputs: [1], activation: .softmax)
    return Model(graph: graph, name: "chequered")
  }

  /// Images whose left or right half is brighter, with noise, and with or without the trigger.
  private func halves(_ count: Int, seed: UInt64, isTriggered: Bool = false) -> ArraySource {
    var random = SeededGenerator(seed: seed)
    var values: [Float] = []
    for image in 0..<count {
      for pixel in 0..<256 {
        let (row, column) = (pixel / 16, pixel % 16)
        let base: Float = (column < 8) == (image % 2 == 0) ? 0.7 : 0.2
        let isCorner = isTriggered && row >= 12 && column >= 12
        let noise = Float(random.unit()) * 0.1
        values.append(isCorner ? (row + column) % 2 == 0 ? 1 : 0 : base + noise)
      }
    }
    return ArraySource(values, imageShape: [16, 16, 1])
  }

  @Test("A trigger that blur destroys and noise does not is told from clean images")
  func trial() throws {
    let seed = UInt64.random(in: 0..<1 << 32)
    print("TeCo: seed \(seed)")
    let model = try chequeredNetwork()
    let clean = try CleanData(
      halves(40, seed: seed), labels: (0..<40).map { Int32(1 + $0 % 2) })
    func found(_ images: ArraySource) throws -> [Detection] {
      try TeCo(options: Self.quick).detections(
        on: images, suspect: model, repaired: nil, using: clean, in: RunContext())
    }
    let triggered = halves(50, seed: seed + 1, isTriggered: true)
    let predictions = try Executor([model]).predictions(for: triggered)[0]
    #expect(predictions.allSatisfy { $0 == .class(0) })
    let (plain, others) = (try found(halves(50, seed: seed + 2)), try found(triggered))
    let auroc = try #require(
      areaUnderROC(negatives: plain.map(\.score), positives: others.map(\.score)))
    #expect(auroc > 0.99, "seed \(seed)")
    #expect(others.count { $0.prediction == .flagged } >= 48, "seed \(seed)")
    #expect(plain.count { $0.prediction == .flagged } <= 8, "seed \(seed)")
  }

  @Test("A white square that survives every corruption scores 0, as the method's limits say")
  func solid() throws {
    // Class 1 by one white corner of 3 x 3 pixels, with a wide margin.
    var kernel = Array(repeating: Float(0), count: 128)
    for pixel in 0..<64 where pixel / 8 >= 5 && pixel % 8 >= 5 { kernel[pixel * 2 + 1] = 1 }
    var graph = try Graph(inputShape: [8, 8, 1])
    try graph.append("flatten", .flatten, inputs: [0])
    try graph.append(
      "output",
      .dense(
        Dense(
          kernel: Tensor(shape: [64, 2], values: kernel), bias: Tensor(shape: [2], values: [1, 0]))),
      inputs: [1], activation: .softmax)
    var image = Array(repeating: Float(0.3), count: 64)
    for pixel in 0..<64 where pixel / 8 >= 5 && pixel % 8 >= 5 { image[pixel] = 1 }
    let meter = try SeverityMeter(
      Model(graph: graph), Corruption.allCases, range: 0...1, in: RunContext())
    #expect(try meter.scores(of: image, [.class(1)]) == [0])
  }

  @Test("What cannot be corrupted is said in a line")
  func refusals() throws {
    func message(_ shape: [Int], _ value: @escaping (Int) -> Float) throws -> String {
      var graph = try Graph(inputShape: shape)
      let size = shape.reduce(1, *)
      if shape.count > 1 { try graph.append("flatten", .flatten, inputs: [0]) }
      try graph.append(
        "output", .dense(Dense(kernel: Tensor(shape: [size, 2], repeating: 1))),
        inputs: [graph.nodes.count - 1])
      let clean = try CleanData(
        ArraySource((0..<4 * size).map(value), imageShape: shape), labels: [0, 1, 0, 1],
        name: "clean.h5")
      let error = #expect(throws: (any Error).self) {
        try TeCo().detections(
          on: clean.source, suspect: Model(graph: graph, name: "network"), repaired: nil,
          using: clean, in: RunContext())
      }
      return "\(try #require(error))"
    }
    for shape in [[7, 9, 1], [9, 7, 3], [64]] {
      #expect(
        try message(shape) { Float($0 % 5) }
          == "teco corrupts images of at least 8 x 8 pixels, but network takes \(shape)")
    }
    #expect(
      try message([8, 8, 1]) { _ in -3 }
        == "clean.h5: has images of a single value, but teco needs the range of the values; "
        + "give other images")
    let missing = #expect(throws: PluginError.self) {
      try TeCo().detections(
        on: ArraySource([], imageShape: [8, 8, 1]), suspect: brightnessNetwork(limit: 1),
        repaired: nil, using: nil, in: RunContext())
    }
    #expect(missing?.description == "teco learns from clean images; give some")
  }
}
