import Testing

@testable import DefenseKit

/// Returns what it was made with, without looking at the model.
private struct Given: Defense {
  static let name = "given"
  static let summary = "Repairs nothing."

  init(options: NoOptions) {}

  func repair(_ model: Model, using clean: CleanData?, in context: RunContext) -> [Repair] { [] }
}

@Suite("Records of comparisons")
struct ComparisonRecordTests {
  /// Classifies points of the plane by their larger coordinate.
  private func experiment(trueLabels: [Int32] = [0, 1, 1]) throws -> Experiment {
    var graph = try Graph(inputShape: [2])
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1, 0, 0, 1]))), inputs: [0],
      activation: .softmax)
    let images = ArraySource([1, 0, 0, 1, 3, 1], imageShape: [2])
    let triggered = ArraySource([1, 0.5, 0.5, 1, 3, 0], imageShape: [2])
    let clean = try CleanData(images, labels: [0, 1, 1])
    return try Experiment(
      suspect: Model(graph: graph), clean: clean, test: clean,
      poisoned: try PoisonedData(triggered, targets: [0, 0, 0], trueLabels: trueLabels))
  }

  private let suspect = ComparisonUnit(model: "m", inputs: ["model": "1"])
  private let repaired = ComparisonUnit(
    model: "m", inputs: ["model": "1"], defense: PluginChoice(name: "given"))

  @Test("The suspect's record, counted by hand")
  func suspectRecord() throws {
    let record = try experiment().record(of: suspect, nil, [], otherPlugin: nil, in: RunContext())
    #expect(record.failure == nil && record.classCount == 2 && record.rows.count == 1)
    let figures = record.rows[0].model
    // The third image of class 1 is held to be of class 0.
    #expect(figures.test == CleanCounts(correct: 2, images: 3))
    #expect(
      figures.byClass == [ClassCounts(correct: 1, images: 1), ClassCounts(correct: 1, images: 2)])
    // The first triggered image shows the target class.
    #expect(figures.poisoned == PoisonedCounts(hits: 1, restored: 1, images: 2))
    #expect(record.rows[0].cleanSamples == 0 && record.suspect == figures)
    let table = ComparisonTable([record])
    #expect(
      table.rows[0].values[.attackSuccess] == 0.5 && table.rows[0].values[.effectiveness] == 0.5)
  }

  @Test("Where every triggered image shows the target class there is no attack success")
  func nothingCounted() throws {
    let record = try experiment(trueLabels: [0, 0, 0])
      .record(of: suspect, nil, [], otherPlugin: nil, in: RunContext())
    #expect(record.rows[0].model.poisoned == nil)
    let values = ComparisonTable([record]).rows[0].values
    #expect(values[.attackSuccess] == nil && values[.effectiveness] == nil)
    #expect(values[.cleanAccuracy] == 2.0 / 3)
  }

  @Test("Titles tell a defense's models apart, and no model at all is a failure with its reason")
  func titles() throws {
    let experiment = try experiment()
    func repair(_ drop: Double?, _ note: String?) -> Repair {
      var repair = Repair(model: experiment.suspect, defense: "given", drop: drop, clean: nil)
      repair.note = note
      return repair
    }
    let repairs = [
      repair(4, "pruned only"), repair(nil, nil), repair(nil, nil), repair(4, "pruned only"),
    ]
    let record = try experiment.record(
      of: repaired, Given(options: .init()), repairs, otherPlugin: nil, in: RunContext())
    #expect(record.rows.map(\.title) == ["4 %, pruned only", "", "2", "4 %, pruned only (2)"])
    #expect(record.rows.allSatisfy { $0.cleanSamples == 3 })
    let context = RunContext()
    context.warn("nothing to prune")
    let none = try experiment.record(
      of: repaired, Given(options: .init()), [], otherPlugin: nil, in: context)
    #expect(none.failure == "made no repaired model: nothing to prune" && none.rows.isEmpty)
  }

  @Test("The key is of all that decides the result, and of nothing else")
  func keys() {
    let unit = ComparisonUnit(
      model: "m", inputs: ["model": "1", "scale": "1"],
      defense: PluginChoice(name: "d", options: [.init(name: "o", value: "1")]),
      detector: PluginChoice(name: "e"), seed: 1)
    func changed(_ change: (inout ComparisonUnit) -> Void) -> ComparisonUnit {
      var unit = unit
      change(&unit)
      return unit
    }
    let others = [
      changed { $0.inputs["model"] = "2" }, changed { $0.inputs["scale"] = "2" },
      changed { $0.inputs["test"] = "1" }, changed { $0.defense = nil },
      changed { $0.defense?.name = "f" }, changed { $0.defense?.options[0].value = "2" },
      changed { $0.defense?.options[0].name = "p" }, changed { $0.detector = nil },
      changed { $0.detector?.name = "d" }, changed { $0.seed = 2 },
      changed { ($0.defense, $0.detector) = ($0.detector, $0.defense) },
    ]
    #expect(Set((others + [unit]).map(\.key)).count == others.count + 1)
    // Names in tables are no part of it.
    #expect(changed { $0.model = "n" }.key == unit.key)
    #expect(changed { $0.defense?.label = "x" }.key == unit.key)
    #expect(unit.key.count == 64)
  }
}
