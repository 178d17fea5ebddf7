import InferenceGraph
import NetworkTraining
import Testing

@testable import DefenseKit

@Suite("What tuning defenses have in common")
struct FineTunerTests {
  private func options(_ change: (inout FineTuningOptions) -> Void) -> FineTuningOptions {
    var options = FineTuningOptions()
    change(&options)
    return options
  }

  @Test("The split: disjoint, complete, seeded, of the share wanted")
  func split() {
    let tuner = FineTuner(options { $0.heldOut = 0.25 }, for: "x")
    let (learned, held) = tuner.split(1001)
    #expect(held.count == 250 && learned.count == 751)
    #expect((learned + held).sorted() == Array(0..<1001))
    #expect(learned == learned.sorted() && held == held.sorted())
    // Not simply the first or last ones.
    #expect(held.prefix(50) != Array(0..<50)[...] && (80...170).contains(held.count { $0 < 500 }))
    #expect(FineTuner(options { $0.heldOut = 0.25 }, for: "y").split(1001).heldOut == held)
    #expect(tuner.split(1001, seed: 1).heldOut != held)
    #expect(FineTuner(options { $0.heldOut = 0 }, for: "x").split(5).training == [0, 1, 2, 3, 4])
    // At least one, however small the share.
    #expect(FineTuner(options { $0.heldOut = 0.001 }, for: "x").split(5).heldOut.count == 1)
  }

  @Test(
    "Options out of range are refused in one line",
    arguments: [
      ("epochs", "-1", "x.epochs takes an integer from 0 to 10,000"),
      ("epochs", "10001", "x.epochs takes an integer from 0 to 10,000"),
      ("learning-rate", "0", "x.learning-rate takes a number over 0 and up to 100"),
      ("learning-rate", "-0.1", "x.learning-rate takes a number over 0 and up to 100"),
      ("learning-rate", "101", "x.learning-rate takes a number over 0 and up to 100"),
      ("batch", "0", "x.batch takes an integer from 1 to 65,536"),
      ("decay", "-1", "x.decay takes a number from 0 to 1"),
      ("recovery", "1", "x.recovery takes a share from 0 to under 1"),
      ("recovery", "-0.1", "x.recovery takes a share from 0 to under 1"),
      ("smoothing", "1", "x.smoothing takes a number from 0 to under 1"),
      ("distillation", "1.1", "x.distillation takes a share from 0 to 1"),
      ("temperature", "0", "x.temperature takes a number over 0 and up to 100"),
      ("shift", "65", "x.shift takes an integer from 0 to 64"),
      ("held-out", "1", "x.held-out takes a share from 0 to under 1"),
      ("held-out", "-0.1", "x.held-out takes a share from 0 to under 1"),
      ("patience", "0", "x.patience takes an integer over 0, or auto"),
    ])
  func ranges(_ name: String, _ value: String, _ message: String) throws {
    let options = try FineTuningOptions(
      [OptionSetting(plugin: "x", name: name, value: value)], for: "x")
    let error = #expect(throws: PluginError.self) { try options.check(for: "x", leastEpochs: 0) }
    #expect(error?.code == .badOption)
    #expect(error?.description == message)
  }

  @Test("What depends on other options")
  func dependent() throws {
    try FineTuningOptions().check(for: "x")
    try FineTuningOptions.none.check(for: "x", leastEpochs: 0)
    #expect(throws: PluginError.self) { try FineTuningOptions.none.check(for: "x") }
    let patient = options {
      $0.heldOut = 0
      $0.patience = 3
    }
    let error = #expect(throws: PluginError.self) { try patient.check(for: "x") }
    #expect(error?.description == "x.patience takes auto if no images are held out")
  }

  @Test("The training's options")
  func training() {
    let step = options {
      $0.schedule = .step
      $0.epochs = 10
      $0.optimizer = .nesterov
      $0.shift = 2
      $0.flip = true
    }.training(epochs: 10, imageShape: [28, 28, 1], seed: 9)
    #expect(step.schedule == .step(at: [5, 8]))
    #expect(step.optimizer == .sgd(momentum: 0.9, nesterov: true))
    #expect(step.augmentation == Augmentation(shift: 2, flip: true))
    #expect(step.seed == 9)
    // Whatever held-out images say, it is the last epoch that is kept.
    #expect(step.patience == nil && step.keepsLast)
    let patient = options { $0.patience = 2 }
      .training(epochs: 1, imageShape: [28, 28, 1], seed: 0)
    #expect(patient.patience == 2 && patient.keepsLast)
    #expect(
      options {
        $0.schedule = .step
        $0.epochs = 1
      }.training(epochs: 1, imageShape: [28, 28, 1], seed: 0).schedule == .step(at: []))
  }

  @Test("The last part of the epochs goes without decay, in an order of images of its own")
  func recovery() throws {
    func parts(
      _ epochs: Int, _ share: Double, decay: Double = 0.01, wasTuned: Bool = false
    ) -> [[Double]] {
      options { ($0.epochs, $0.recovery, $0.decay) = (epochs, share, decay) }
        .parts(images: 100, imageShape: [28, 28, 1], seed: 9, wasTuned: wasTuned)
        .map { [Double($0.epochs), $0.weightDecay, Double($0.seed)] }
    }
    #expect(parts(12, 0.25) == [[9, 0.01, 9], [3, 0, 10]])
    #expect(parts(10, 0.25) == [[7, 0.01, 9], [3, 0, 10]])
    // Without decay there are no parts, nor where one would have no epoch.
    #expect(parts(12, 0) == [[12, 0.01, 9]])
    #expect(parts(12, 0.25, decay: 0) == [[12, 0, 9]])
    #expect(parts(1, 0.25) == [[1, 0.01, 9]] && parts(1, 0.9) == [[1, 0.01, 9]])
    // After another tuning: a fifth, rounded up.
    for (epochs, rest) in [(1, 1), (5, 1), (6, 2), (30, 6)] {
      #expect(parts(epochs, 0.25, wasTuned: true) == [[Double(rest), 0, 10]])
    }
  }

  @Test("What is set by itself: the shift by the image, the epochs by the number of images")
  func automatic() {
    let shapes = [([28, 28, 1], 1), ([55, 47, 3], 2), ([12, 40, 3], 0), ([1, 1, 1], 0)]
    for (shape, shift) in shapes + [([28, 28], 0), ([784], 0)] {
      let training = FineTuningOptions().training(epochs: 1, imageShape: shape, seed: 0)
      #expect(training.augmentation == Augmentation(shift: shift))
    }
    for (images, epochs) in [
      (0, 100), (10, 100), (1000, 50), (3000, 36), (8000, 36), (15_000, 20), (60_000, 10),
    ] {
      #expect(FineTuningOptions().epochs(images: images) == epochs)
    }
    let rates: [(OptimizerName, Double)] = [
      (.adam, 0.00225), (.adamW, 0.00225), (.sgd, 0.05), (.nesterov, 0.05),
    ]
    for (optimizer, rate) in rates {
      let training = options { $0.optimizer = optimizer }
        .training(epochs: 1, imageShape: [28, 28, 1], seed: 0)
      #expect(training.learningRate == rate)
    }
  }

  @Test("Options of a plugin that holds them in a property")
  func nested() throws {
    struct Outer: PluginOptions {
      var tuning = FineTuningOptions()
      static var declarations: [PluginOption<Outer>] {
        FineTuningOptions.declarations.map { $0.of(\.tuning) }
      }
    }
    let outer = try Outer(
      [OptionSetting("p.schedule=one-cycle"), OptionSetting("p.batch=7")], for: "p")
    #expect(outer.tuning.schedule == .oneCycle && outer.tuning.batch == 7)
    #expect(Outer().texts.map(\.name) == FineTuningOptions().texts.map(\.name))
    #expect(outer.texts.contains { $0.name == "batch" && $0.value == "7" })
    let declaration = try #require(Outer.declarations.first)
    #expect(declaration.help == FineTuningOptions.declarations[0].help)
    #expect(FineTuningOptions.declarations[0].of(\Outer.tuning, help: "!").help == "!")
    let error = #expect(throws: PluginError.self) {
      try Outer([OptionSetting("p.optimizer=adamm")], for: "p")
    }
    #expect(error?.description.contains("did you mean 'adam'?") == true)
  }

  @Test("A selection reads what it names, in its order")
  func selection() throws {
    let source = ArraySource((0..<20).map { Float($0) }, imageShape: [1, 2, 1])
    let selection = Subset(of: source, [7, 3, 4, 5, 0, 9])
    #expect(selection.count == 6 && selection.imageShape == [1, 2, 1])
    for range in [0..<6, 1..<4, 2..<3, 5..<6] {
      var values = [Float](repeating: -1, count: range.count * 2)
      // The array is as large as the images.
      try unsafe values.withUnsafeMutableBytes { try unsafe selection.read(range, into: $0) }
      #expect(values == selection.indices[range].flatMap { [Float(2 * $0), Float(2 * $0 + 1)] })
    }
  }

  /// A model of three classes for images of one pixel, which it multiplies with these weights.
  private func network(_ weights: [Float]) throws -> Model {
    var graph = try Graph(inputShape: [1, 1, 1])
    try graph.append("flatten", .flatten, inputs: [0])
    try graph.append(
      "output", .dense(Dense(kernel: Tensor(shape: [1, 3], values: weights))), inputs: [1],
      activation: .softmax)
    return Model(graph: graph)
  }

  /// Images of one pixel and a model for them.
  private func place(_ labels: [Int32]) throws -> (Model, CleanData) {
    let values = labels.map { Float(1 - $0) }
    let data = try CleanData(
      ArraySource(values, imageShape: [1, 1, 1]), labels: labels, name: "clean.h5")
    return (try network([1, 0, -1]), data)
  }

  @Test("Fewer images than a batch are refused before anything is computed")
  func tooFew() throws {
    let (model, data) = try place(Array(repeating: 1, count: 100))
    let tuner = FineTuner(options { $0.batch = 91 }, for: "fine-tuning")
    let context = RunContext()
    let error = #expect(throws: PluginError.self) {
      try tuner.tune(model, using: data, in: context)
    }
    #expect(error?.code == .untrainable)
    #expect(
      error?.description
        == "fine-tuning needs a batch of 91 images, but clean.h5 has 90 to train on (10 more are held "
        + "out); give more images or lower fine-tuning.batch")
    #expect(context.statistics.phases.isEmpty)
  }

  @Test("An input that is no image is tuned with the defaults too")
  func vectors() throws {
    var graph = try Graph(inputShape: [2])
    try graph.append(
      "output", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1, 0, 0, 1]))), inputs: [0],
      activation: .softmax)
    let values = (0..<80).map { Float($0 * 7 % 5) }
    let data = try CleanData(
      ArraySource(values, imageShape: [2]), labels: (0..<40).map { Int32($0 % 2) }, name: "v.h5")
    let tuner = FineTuner(options { $0.epochs = 1 }, for: "x")
    let result = try tuner.tune(Model(graph: graph), using: data, in: RunContext())
    #expect(result.summary.images == 36)
  }

  /// With all of the suspect's scores and none of the labels a copy that differs comes back to what the
  /// suspect says, whatever the labels are.
  @Test("The suspect's scores are learned, each for its own image")
  func distillation() throws {
    let labels = (0..<60).map { Int32($0 * 11 % 3) }
    let (suspect, data) = try place(labels)
    // Labels that are wrong for every image; the images are still told apart by the suspect.
    let wrong = try CleanData(data.source, labels: labels.map { ($0 + 1) % 3 }, name: "wrong.h5")
    let copy = try network([0.1, -0.3, 0.2])
    func tuned(_ share: Double) throws -> [Float] {
      let options = options {
        ($0.distillation, $0.temperature, $0.batch, $0.epochs) = (share, 1, 6, 200)
        ($0.optimizer, $0.decay, $0.learningRate, $0.smoothing) = (.sgd, 0, 0.1, 0)
      }
      let model = try FineTuner(options, for: "x")
        .tune(copy, suspect: suspect, using: wrong, in: RunContext()).model
      guard case .dense(let dense) = model.graph.nodes[2].operation else { return [] }
      return dense.kernel.values
    }
    // The scores depend on differences of the weights [1, 0, -1] alone.
    let taught = try tuned(1)
    #expect(abs(taught[0] - taught[1] - 1) < 0.01 && abs(taught[1] - taught[2] - 1) < 0.01)
    let labelled = try tuned(0)
    #expect(labelled[0] < labelled[2])
  }

  @Test("Images of another shape or with unknown labels are refused")
  func misfits() throws {
    let (model, data) = try place([0, 1, 3])
    #expect(throws: DataError.self) {
      try FineTuner(options { $0.batch = 1 }, for: "x").tune(model, using: data, in: RunContext())
    }
  }
}
