import DefenseKit
import DefenseKitTesting
import Foundation
import Testing

@testable import NAD

@Suite("NAD")
struct NADTests {
  private static func quick(_ change: (inout NAD.Options) -> Void = { _ in }) -> NAD.Options {
    var options = NAD.Options()
    (options.epochs, options.teacherEpochs, options.batch) = (4, 4, 32)
    change(&options)
    return options
  }

  static let checks = PluginChecks(
    NAD.self, options: quick { ($0.epochs, $0.teacherEpochs) = (2, 1) },
    refusing: [
      "epochs": ["0", "10001"], "teacher-epochs": ["0"], "batch": ["0", "65537"],
      "learning-rate": ["0", "101"], "decay": ["-0.1", "1.1"], "weights": ["-1", "1000001"],
      "power": ["0.5", "11"], "held-out": ["1", "-0.1"], "shift": ["-1", "65"],
      "flip": ["perhaps"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  // MARK: Attention

  /// Two pixels with channels (1, 2) and (0, -2): sums of squares 5 and 4, norm sqrt(41) = 6.403124;
  /// the map is (0.780869, 0.624695). Against (1, 0) the squared differences are 0.048018 and
  /// 0.390244, with mean 0.219131 and, times a beta of 500, 109.5656.
  @Test("Map and loss, worked out by hand")
  func byHand() {
    let features: [Float] = [1, 2, 0, -2]
    let maps = AttentionMaps(features, shape: [1, 2, 2], power: 2)
    #expect(abs(maps.values[0] - 0.780869) < 1e-6 && abs(maps.values[1] - 0.624695) < 1e-6)
    let loss = maps.loss(from: [1, 0], features: features, weight: 500)
    #expect(abs(loss.value - 109.5656) < 1e-3)
    // A map of zeros has no direction and no gradient that is not finite.
    let zero = AttentionMaps([0, 0, 0, 0], shape: [1, 2, 2], power: 2)
    #expect(zero.values == [0, 0])
    #expect(zero.loss(from: [1, 0], features: [0, 0, 0, 0], weight: 1).gradient == [0, 0, 0, 0])
  }

  @Test("The loss's gradient against central differences", arguments: 0..<12)
  func gradient(seed: Int) throws {
    var numbers = SeededGenerator(seed: UInt64(seed))
    let shape = [1 + numbers.below(4), 2 + numbers.below(3), 1 + numbers.below(5)]
    let (images, power) = (1 + numbers.below(3), [1.5, 2, 3][numbers.below(3)])
    let features = numbers.normals(images * shape.reduce(1, *)).map { Float($0) }
    let teacher = (0..<images * shape[0] * shape[1]).map { _ in numbers.unit() }
    func loss(_ features: [Float]) -> (value: Double, gradient: [Float]) {
      AttentionMaps(features, shape: shape, power: power)
        .loss(from: teacher, features: features, weight: 3)
    }
    try GradientChecks(step: 1e-3, seed: UInt64(seed)).check(
      loss(features).gradient, at: features
    ) { loss($0).value }
  }

  // MARK: Steps

  /// A plain loop in double precision: a 1x1 convolution with a rectifier on images of 2x2 pixels,
  /// then a dense layer, and both gradients by central differences of the published loss.
  @Test("The first three steps against the published loss, differentiated by differences")
  func threeSteps() throws {
    var numbers = SeededGenerator(seed: 5)
    let kernel = numbers.normals(6).map { Float($0) }
    let dense = numbers.normals(24).map { Float($0 / 3) }
    func model(_ kernel: [Float], _ dense: [Float]) throws -> Model {
      var graph = try Graph(inputShape: [2, 2, 2])
      try graph.append(
        "conv", .convolution(Convolution(kernel: Tensor(shape: [1, 1, 2, 3], values: kernel))),
        inputs: [0], activation: .softplus)
      try graph.append("flatten", .flatten, inputs: [1])
      try graph.append(
        "output", .dense(Dense(kernel: Tensor(shape: [12, 2], values: dense))), inputs: [2],
        activation: .softmax)
      return Model(graph: graph)
    }
    let teacherKernel = kernel.map { $0 + 0.5 }
    let images = numbers.normals(5 * 8).map { Float($0) }
    let labels: [Int32] = [0, 1, 1, 0, 1]
    func maps(_ kernel: [Double], _ image: Int) -> (features: [Double], map: [Double]) {
      var features: [Double] = []
      for pixel in 0..<4 {
        for channel in 0..<3 {
          var z = 0.0
          for c in 0..<2 {
            z += Double(images[image * 8 + pixel * 2 + c]) * kernel[c * 3 + channel]
          }
          features.append(log(1 + exp(z)))
        }
      }
      let sums = (0..<4).map { p in (0..<3).reduce(0.0) { $0 + pow(features[p * 3 + $1], 2) } }
      let norm = sums.reduce(0) { $0 + $1 * $1 }.squareRoot() + 1e-6
      return (features, sums.map { $0 / norm })
    }
    func loss(_ weights: [Double]) -> Double {
      var sum = 0.0
      for image in 0..<5 {
        let (features, map) = maps(Array(weights[..<6]), image)
        let right = maps(teacherKernel.map { Double($0) }, image).map
        let z = (0..<2).map { c in
          (0..<12).reduce(0.0) { $0 + features[$1] * weights[6 + $1 * 2 + c] }
        }
        sum += log(exp(z[0]) + exp(z[1])) - z[Int(labels[image])]
        sum += 7 * zip(map, right).reduce(0) { $0 + pow($1.0 - $1.1, 2) } / 4
      }
      return sum / 5
    }
    var weights = (kernel + dense).map { Double($0) }
    var velocity = weights.map { _ in 0.0 }
    let student = try Student(
      model(kernel, dense), teacher: model(teacherKernel, dense), layers: ["conv"], batchSize: 5,
      Self.quick {
        $0.weights = [7]
        $0.decay = 0.01
      }, ExecutionOptions())
    let batches = try TrainingBatches(
      TrainingSet(ArraySource(images, imageShape: [2, 2, 2]), labels: labels), batchSize: 5,
      seed: 1)
    for step in 0..<3 {
      let result = try student.step(batches.epoch(step)[0], rate: 0.1)
      #expect(result.isFinite && abs(result.loss - loss(weights)) < 1e-4)
      let gradient = weights.indices.map { index in
        var (up, down) = (weights, weights)
        up[index] += 1e-5
        down[index] -= 1e-5
        return (loss(up) - loss(down)) / 2e-5
      }
      for index in weights.indices {
        velocity[index] = 0.9 * velocity[index] + gradient[index] + 0.01 * weights[index]
        weights[index] -= 0.1 * velocity[index]
      }
      let got = student.model.graph.nodes.flatMap { $0.operation.weights.flatMap(\.values) }
      let worst = zip(got, weights).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
      #expect(worst < 1e-4, "step \(step): \(worst)")
    }
  }

  // MARK: Repairs

  @Test("Rates: the first tenth of the epochs, then a tenth; weights: the last one goes on")
  func schedule() throws {
    let model = try ToyProblem.standard().plain.model
    let student = try Student(
      model, teacher: model, layers: ["conv_1"], batchSize: 1, NAD.Options(), ExecutionOptions())
    #expect(
      (0..<20).map { student.rate(epoch: $0) } == [0.1, 0.1] + Array(repeating: 0.01, count: 18))
    #expect((0..<4).map { student.weight($0) } == [500, 1000, 1000, 1000])
  }

  @Test("The last layer of each image size is distilled")
  func layers() throws {
    let problem = try ToyProblem.standard()
    #expect(
      try NAD().layers(of: problem.plain.model) == ["conv_1", "conv_2", "pool_2"])
    #expect(try NAD().layers(of: problem.normalized.model) == ["relu_1", "relu_2", "pool_2"])
  }

  @Test("It weakens the backdoor of a toy network and keeps its accuracy")
  func toy() throws {
    let problem = try ToyProblem.standard()
    let experiment = try Experiment(
      suspect: problem.normalized.model, clean: problem.clean, test: problem.test,
      poisoned: problem.poisoned)
    let options = Self.quick {
      ($0.epochs, $0.teacherEpochs, $0.batch) = (40, 40, 16)
    }
    let evaluation = try experiment.run([NAD(options: options)], in: RunContext())
    let repair = try #require(evaluation.repairs.first)
    let before = try #require(evaluation.suspect.poisoned).counted
    let after = try #require(repair.result.poisoned).counted
    #expect(before.hits > before.images * 9 / 10)
    #expect(after.hits * 2 < before.hits, "\(after.hits) of \(before.hits)")
    let tuning = try #require(repair.repair.tuning)
    #expect(tuning.epochs == 40 && tuning.images == 144 && repair.repair.heldOut.count == 16)
    #expect(try #require(tuning.after).correct >= 15)
    // The written file gives the scored predictions.
    let path = FileManager.default.temporaryDirectory.appending(path: "nad-\(UUID()).h5")
    defer { try? FileManager.default.removeItem(at: path) }
    try KerasModel.save(repair.repair.model, to: path.path)
    var written = try KerasModel.load(path.path)
    written.preprocessing = repair.repair.model.preprocessing
    let predictions = try Executor([repair.repair.model, written])
      .labels(for: problem.test.source)
    #expect(predictions[0] == predictions[1])
  }

  @Test("What it cannot work on is refused, with what would do")
  func refusals() throws {
    let problem = try ToyProblem.standard()
    func refusal(_ model: Model, _ options: NAD.Options) -> String? {
      #expect(throws: PluginError.self) {
        try NAD(options: options).repair(model, using: problem.clean, in: RunContext())
      }?.description
    }
    var graph = try Graph(inputShape: [8, 8, 1])
    try graph.append("flatten", .flatten, inputs: [0])
    try graph.append(
      "output", .dense(Dense(kernel: Tensor(shape: [64, 4], repeating: 0.1))), inputs: [1],
      activation: .softmax)
    #expect(
      refusal(Model(graph: graph, name: "flat"), Self.quick())
        == "nad needs a layer whose values are an image of more than one pixel, which 'flat' lacks; "
        + "try fine-tuning, which needs none")
    #expect(
      refusal(problem.plain.model, Self.quick { $0.layers = ["fc_1"] })
        == "nad.layers names 'fc_1', which is no layer of 'toy_plain' that all paths pass and whose "
        + "values are an image; name conv_1,conv_2,pool_2, for example")
    #expect(
      refusal(problem.plain.model, Self.quick { $0.batch = 150 })
        == "nad needs a batch of 150 images, but toy clean images has 144 to train on (16 more are "
        + "held out); give more images or lower nad.batch")
  }

  @Test("A student that loses its accuracy is told, with what to lower")
  func collapse() throws {
    let problem = try ToyProblem.standard()
    let context = RunContext()
    let options = Self.quick {
      ($0.epochs, $0.batch, $0.learningRate) = (40, 16, 0.3)
    }
    let repair = try #require(
      NAD(options: options).repair(problem.plain.model, using: problem.clean, in: context).first)
    let (before, after) = (
      try #require(repair.tuning?.before), try #require(repair.tuning?.after)
    )
    try #require(after.accuracy < before.accuracy - 0.1)
    #expect(
      context.statistics.warnings.contains(
        "nad took held-out accuracy from \(before.correct) to \(after.correct) of 16 images; lower "
          + "nad.learning-rate or lower nad.weights"), "\(context.statistics.warnings)")
  }

  @Test("A diverging student stops with its step and loss")
  func diverges() throws {
    let problem = try ToyProblem.standard()
    let options = Self.quick {
      $0.weights = [1e6]
      $0.learningRate = 100
      $0.teacherEpochs = 1
    }
    let error = #expect(throws: PluginError.self) {
      try NAD(options: options).repair(
        problem.normalized.model, using: problem.clean, in: RunContext())
    }
    #expect(error?.code == .untrainable)
    #expect(
      error?.description.contains("diverged in epoch") == true
        && error?.description.hasSuffix("lower nad.learning-rate") == true,
      "\(error?.description ?? "")")
  }
}
