import DefenseKit
import DefenseKitTesting
import Foundation
import LabFiles
import Testing

@testable import Contamination

@Suite("Contamination")
struct ContaminationTests {
  @Test("The statistic in one dimension, worked by hand")
  func byHand() {
    // Relative to the mean of all, with Sm = 4 and Se = 1.
    let second = [false, false, true, true]
    func statistic(_ values: [Double], _ kind: Contamination.Statistic) -> Double {
      LabelAnalysis.statistic(
        of: Matrix(rows: 4, columns: 1, values: values), second, ratios: [4], kind)
    }
    let clean = [5.9, 6, 6, 6.1]
    let poisoned = [5.9, 6.1, 2.9, 3.1]
    #expect(abs(statistic(clean, .corrected) - 0.1271) < 1e-4)
    #expect(abs(statistic(poisoned, .corrected) - 2.3201) < 1e-4)
    // The published statistic ranks the clean class higher.
    #expect(abs(statistic(clean, .published) - 21.05) < 0.005)
    #expect(abs(statistic(poisoned, .published) - 14.09) < 0.005)
  }

  @Test("Indices are deviations from the median, worked by hand")
  func indices() {
    let found = Contamination.indices(of: [1, 2, 3, 14, 2])
    // Median 2, deviations 1 0 1 12 0 with the median 1.
    for (index, wanted) in zip(found, [-1, 0, 1, 12, 0].map { $0 / 1.4826 }) {
      #expect(abs(index - wanted) < 1e-12)
    }
    #expect(Contamination.indices(of: [2, 2, 2]) == [0, 0, 0])
  }

  private struct Given: Encodable {
    let classes: [[[Double]]]
    let points: [[Double]]
    let second: [Bool]
    let steps: Int
  }

  private struct Expected: Decodable {
    let between: [Double]
    let within: [Double]
    let corrected: Double
    let published: Double
  }

  @Test(
    "Covariances after three steps and statistics are NumPy's", .enabled(if: Lab.runsPython),
    arguments: 1...4)
  func numPy(seed: UInt64) throws {
    var numbers = SeededGenerator(seed: seed)
    let axes = 1 + numbers.below(8)
    func points(_ count: Int) -> [[Double]] {
      let center = numbers.normals(axes).map { 3 * $0 }
      return (0..<count).map { _ in zip(numbers.normals(axes), center).map { $0 + $1 } }
    }
    let classes = (0..<6).map { _ in points(5 + numbers.below(20)) }
    let suspects = points(30)
    let second = (0..<30).map { $0 % 3 == 0 }
    let given = Given(classes: classes, points: suspects, second: second, steps: 3)
    let file = FileManager.default.temporaryDirectory.appending(path: "points-\(UUID()).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try JSONEncoder().encode(given).write(to: file)
    let script = Lab.repository.appending(
      path: "Tests/ContaminationTests/Fixtures/contamination.py")
    let right = try JSONDecoder().decode(
      Expected.self, from: Data(try Lab.run(script, [file.path]).utf8))
    func matrix(_ points: [[Double]]) -> Matrix {
      Matrix(rows: points.count, columns: axes, values: points.flatMap { $0 })
    }
    let model = try TwoComponentModel(of: classes.map(matrix), steps: 3)
    for (ours, theirs) in zip(
      model.between.values + model.within.values, right.between + right.within)
    {
      #expect(abs(ours - theirs) < 1e-4 * max(1, abs(theirs)), "seed \(seed)")
    }
    let white = model.white(matrix(suspects))
    for (kind, wanted) in [
      (Contamination.Statistic.corrected, right.corrected), (.published, right.published),
    ] {
      let found = LabelAnalysis.statistic(of: white, second, ratios: model.ratios, kind)
      #expect(abs(found - wanted) < 1e-4 * max(1, abs(wanted)), "\(kind), seed \(seed)")
    }
  }

  @Test("The foreign group is the one away from the label's clean images, however large")
  func majority() throws {
    // Clean classes at -8, 0, 8 and 16; of the label at 0 three quarters of the images are at 5.
    var numbers = SeededGenerator(seed: 8)
    func points(_ count: Int, at center: Double) -> Matrix {
      Matrix(rows: count, columns: 1, values: numbers.normals(count).map { $0 + center })
    }
    let model = try TwoComponentModel(of: [-8.0, 0, 8, 16].map { points(50, at: $0) })
    let values = points(20, at: 0).values + points(60, at: 5).values
    let white = model.white(Matrix(rows: 80, columns: 1, values: values))
    let cleanMean = model.white(points(50, at: 0)).meanRow()
    let found = LabelAnalysis(of: white, model, .corrected, cleanMean: cleanMean, group: 0)
    #expect(found.leads.indices.count { (found.leads[$0] > 0) == ($0 >= 20) } >= 78)
    let smaller = LabelAnalysis(of: white, model, .corrected, cleanMean: nil, group: 0)
    #expect(smaller.leads == found.leads.map { -$0 })
    let clean = LabelAnalysis(
      of: model.white(points(80, at: 8)), model, .corrected, cleanMean: nil, group: 2)
    #expect(found.statistic > 5 * clean.statistic, "\(found.statistic), \(clean.statistic)")
  }

  @Test("Drops poisoned images of the toy problem, of the target label alone")
  func finds() throws {
    let problem = try ToyProblem.standard()
    let training = problem.poisonedTraining
    let found = try Contamination().scores(
      of: training, model: problem.plain.model, using: problem.clean, in: RunContext())
    let dropped = try #require(found.dropped)
    let experiment = try Experiment(
      suspect: problem.plain.model, clean: problem.clean, train: training)
    let counts = try experiment.scores(by: Contamination(), in: RunContext()).counts
    print("contamination: \(counts)")
    #expect((counts.auroc ?? 0) > 0.9, "\(counts)")
    #expect(Set(dropped.map { training.labels[$0] }) == [0], "\(counts)")
    // A model of clean images on clean images: nothing is contaminated.
    let clean = try Contamination().scores(
      of: TrainingData(problem.training.dataSet()), model: problem.cleanModel,
      using: problem.clean, in: RunContext())
    #expect(clean.dropped == [])
  }

  @Test("Without clean images of two classes, and of few labels, there is no verdict")
  func refusals() throws {
    let problem = try ToyProblem.standard()
    let first = problem.cleanImages.selecting(
      problem.cleanImages.labels.indices.filter { problem.cleanImages.labels[$0] == 1 },
      name: "one class")
    let refused = #expect(throws: PluginError.self) {
      try Contamination().scores(
        of: problem.poisonedTraining, model: problem.plain.model,
        using: CleanData(first.dataSet()), in: RunContext())
    }
    #expect(
      refused?.description
        == "contamination needs clean images of at least two classes, two of each, and one class "
        + "has 1 such class; give more", "\(refused?.description ?? "")")
    let missing = #expect(throws: PluginError.self) {
      try Contamination().scores(
        of: problem.poisonedTraining, model: problem.plain.model, using: nil, in: RunContext())
    }
    #expect(
      missing?.description == "contamination learns from clean images; give some",
      "\(missing?.description ?? "")")
    let two = problem.training.selecting(
      problem.training.labels.indices.filter { problem.training.labels[$0] < 2 }, name: "two")
    let context = RunContext()
    let found = try Contamination().scores(
      of: TrainingData(two.dataSet()), model: problem.plain.model, using: problem.clean,
      in: context)
    #expect(found.dropped == nil && found.scores.allSatisfy { $0 == 0 })
    #expect(
      context.statistics.warnings == [
        "contamination: no verdict on two, because fewer than three labels have four images with "
          + "different representations"
      ])
  }

  static let checks = PluginChecks(
    Contamination.self,
    refusing: [
      "statistic": ["fixed"], "threshold": ["0", "-1", "inf"], "components": ["0", "1001"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }
}
