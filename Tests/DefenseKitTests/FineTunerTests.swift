import InferenceGraph
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
    let other = FineTuner(
      options {
        $0.heldOut = 0.25
        $0.seed = 1
      }, for: "x")
    #expect(other.split(1001).heldOut != held)
    #expect(FineTuner(options { $0.heldOut = 0 }, for: "x").split(5).learned == [0, 1, 2, 3, 4])
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
      ("smoothing", "1", "x.smoothing takes a number from 0 to under 1"),
      ("shift", "65", "x.shift takes an integer from 0 to 64"),
      ("held-out", "1", "x.held-out takes a share from 0 to under 1"),
      ("held-out", "-0.1", "x.held-out takes a share from 0 to under 1"),
      ("patience", "0", "x.patience takes an integer over 0, or auto"),
      ("seed", "-1", "x.seed takes an integer of 0 or more"),
    ])
  func ranges(_ name: String, _ value: String, _ message: String) throws {
    let options = try FineTuningOptions(
      [OptionSetting(plugin: "x", name: name, value: value)], for: "x")
    let error = #expect(throws: PluginError.self) { try options.check(for: "x", leastEpochs: 0) }
    #expect(error?.code == .badOption)
    #expect(error?.message == message)
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
    #expect(error?.message == "x.patience takes auto where no images are held out")
  }

  @Test("The training's options")
  func training() {
    let step = options {
      $0.schedule = .step
      $0.epochs = 10
      $0.optimizer = .nesterov
      $0.shift = 2
      $0.flip = true
      $0.seed = 9
    }.training(images: 3000, imageShape: [28, 28, 1])
    #expect(step.schedule == .step(at: [5, 8]))
    #expect(step.optimizer == .sgd(momentum: 0.9, nesterov: true))
    #expect(step.augmentation == Augmentation(shift: 2, flip: true))
    #expect(step.seed == 9)
    // Without an end to patience the best epoch is kept all the same, if anything can tell it.
    #expect(step.patience == 10)
    #expect(
      options { $0.heldOut = 0 }.training(images: 3000, imageShape: [28, 28, 1]).patience == nil)
    #expect(
      options { $0.patience = 2 }.training(images: 3000, imageShape: [28, 28, 1]).patience == 2)
    #expect(
      options {
        $0.schedule = .step
        $0.epochs = 1
      }.training(images: 3000, imageShape: [28, 28, 1]).schedule == .step(at: []))
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
    #expect(error?.message.contains("did you mean 'adam'?") == true)
  }

  @Test("A selection reads what it names, in its order")
  func selection() throws {
    let source = ArraySource((0..<20).map { Float($0) }, imageShape: [1, 2, 1])
    let selection = Selection(of: source, [7, 3, 4, 5, 0, 9])
    #expect(selection.count == 6 && selection.imageShape == [1, 2, 1])
    for range in [0..<6, 1..<4, 2..<3, 5..<6] {
      var values = [Float](repeating: -1, count: range.count * 2)
      // The array is as large as the images.
      try unsafe values.withUnsafeMutableBytes { try unsafe selection.read(range, into: $0) }
      #expect(values == selection.indices[range].flatMap { [Float(2 * $0), Float(2 * $0 + 1)] })
    }
  }

  /// Images of one pixel and a model of two classes for them.
  private func place(_ labels: [Int32]) throws -> (Model, CleanData) {
    var graph = try Graph(inputShape: [1, 1, 1])
    try graph.append("flatten", .flatten, inputs: [0])
    try graph.append(
      "output", .dense(Dense(kernel: Tensor(shape: [1, 3], values: [1, 0, -1]))), inputs: [1],
      activation: .softmax)
    let values = labels.map { Float(1 - $0) }
    let data = try CleanData(
      ArraySource(values, imageShape: [1, 1, 1]), labels: labels, name: "clean.h5")
    return (Model(graph: graph), data)
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
      error?.message
        == "fine-tuning: clean.h5 has 90 images to learn (10 more are held out), fewer "
        + "than one batch of 91; give more images or set fine-tuning.batch to a smaller number")
    #expect(context.statistics.phases.isEmpty)
  }

  @Test("Images of another shape or with unknown labels are refused")
  func misfits() throws {
    let (model, data) = try place([0, 1, 3])
    #expect(throws: DataError.self) {
      try FineTuner(options { $0.batch = 1 }, for: "x").tune(model, using: data, in: RunContext())
    }
  }
}
