import InferenceGraph
import Testing

@testable import DefenseKit
@testable import ModelIO

@Suite("Labels as a requirement")
struct LabelRequirementTests {
  /// Returns the suspect and counts on the clean images, whether or not they have labels.
  private struct Counting: Defense {
    static let name = "counting"
    static let summary = "Counts."
    static let requirements: [PluginRequirement] = [.classes(2), .cleanData, .images(3)]
    let options = NoOptions()
    init(options: NoOptions = NoOptions()) {}

    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      return [
        Repair(
          model: model, defense: Self.name,
          clean: try CleanCounts(of: model, on: clean, in: context))
      ]
    }
  }

  /// Declares nothing, so that it needs labels.
  private struct Learning: Defense {
    static let name = "learning"
    static let summary = "Learns."
    let options = NoOptions()
    init(options: NoOptions = NoOptions()) {}

    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] { [] }
  }

  private func model() throws -> Model {
    var graph = try Graph(inputShape: [3])
    try graph.append(
      "scores",
      .dense(Dense(kernel: Tensor(shape: [3, 3], values: [1, 0, 0, 0, 1, 0, 0, 0, 1]))),
      inputs: [0], activation: .softmax)
    return Model(graph: graph)
  }

  /// Four images whose classes are 0, 1, 2 and 0.
  private func clean(isLabelled: Bool) throws -> CleanData {
    let values = [0, 1, 2, 0].flatMap { c in (0..<3).map { Float($0 == c ? 9 : 1) } }
    var data = DataSet(
      values: values, imageShape: [3], labels: isLabelled ? [0, 1, 2, 0] : [0, 0, 0, 0],
      name: "images.h5")
    data.isLabelled = isLabelled
    return try CleanData(data)
  }

  @Test("A plugin that declares nothing needs labels; the error names others that do not")
  func errors() throws {
    #expect(Learning.requirements == [.cleanData, .labels])
    #expect(Learning.requiresLabels && !Counting.requiresLabels)
    #expect(PluginRequirement.labels.title == "their labels")
    let plugins: [any Plugin.Type] = [Learning.self, Counting.self]
    func message(_ inputs: PluginInputs) -> String {
      do {
        try inputs.check(Learning.self, besides: plugins)
        return "none"
      } catch {
        return error.description
      }
    }
    let unlabelled = "learning needs the labels of the clean images, and these have none; give "
    #expect(
      message(PluginInputs(cleanImages: 3, hasLabels: false))
        == unlabelled + "labelled ones or try counting")
    // Too few for the other.
    #expect(
      message(PluginInputs(cleanImages: 2, hasLabels: false)) == unlabelled + "labelled ones")
    #expect(
      message(PluginInputs(cleanImages: 0))
        == "learning learns from clean images; give some")
    #expect(message(PluginInputs(cleanImages: 2)) == "none")
    // Not opened yet.
    #expect(message(PluginInputs(cleanImages: nil)) == "none")
  }

  @Test("Without labels there is no accuracy on the clean images, and a note says so")
  func experiment() throws {
    for isLabelled in [true, false] {
      let experiment = try Experiment(suspect: model(), clean: clean(isLabelled: isLabelled))
      let statistics = RunStatistics()
      let context = RunContext(statistics: statistics)
      let evaluation = try experiment.run([Counting()], in: context)
      let counts = try #require(evaluation.repairs.first).repair.clean
      #expect(counts == (isLabelled ? CleanCounts(correct: 4, images: 4) : nil))
      #expect(
        statistics.warnings
          == (isLabelled ? [] : ["images.h5: has no labels, so no accuracy is measured on it"]))
      guard !isLabelled else {
        _ = try experiment.run([Learning()], in: context)
        continue
      }
      #expect(throws: PluginError.self) { try experiment.run([Learning()], in: context) }
    }
  }
}
