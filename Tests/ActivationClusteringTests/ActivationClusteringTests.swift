import DefenseKit
import DefenseKitTesting
import Foundation
import LabFiles
import Testing

@testable import ActivationClustering

@Suite("Activation clustering")
struct ActivationClusteringTests {
  private func options(
    _ change: (inout ActivationClustering.Options) -> Void
  ) -> ActivationClustering.Options {
    var options = ActivationClustering.Options()
    change(&options)
    return options
  }

  @Test("Two heaps on a line, worked by hand")
  func byHand() throws {
    // Seven at 0 and three at 10: the smaller has 30 %, and no point is nearer to the others.
    let points = Matrix(rows: 10, columns: 1, values: [0, 0, 10, 0, 0, 10, 0, 0, 10, 0])
    let second = [false, false, true, false, false, true, false, false, true, false]
    let clusters = Clusters(points, .init())
    #expect(clusters.means.isSecond == second && clusters.means.inertia == 0)
    #expect(clusters.isPoisoned)
    #expect(clusters.scores == second.map { $0 ? 1 : -1 })
    #expect(Clusters.silhouette(of: points, second) == 1)
    #expect(!Clusters(points, options { $0.size = 0.3 }).isPoisoned)
    #expect(Clusters(points, options { $0.size = 0.3 }).scores == second.map { $0 ? 0 : -2 })
    #expect(Clusters(points, options { $0.rule = .silhouette }).isPoisoned)
    #expect(!Clusters(points, options { ($0.rule, $0.silhouette) = (.silhouette, 1) }).isPoisoned)
    #expect(Clusters(points, options { ($0.rule, $0.size) = (.smaller, 0.01) }).isPoisoned)
    // 0, 2 | 10: silhouettes (10 - 2) / 10, (8 - 2) / 8 and 0 of a single point.
    let three = Matrix(rows: 3, columns: 1, values: [0, 2, 10])
    let silhouette = Clusters.silhouette(of: three, [false, false, true])
    #expect(abs(silhouette - (0.8 + 0.75) / 3) < 1e-12)
  }

  @Test("Too few and equal images have no clusters")
  func degenerate() {
    #expect(Clusters(of: [1, 2, 3, 4], count: 2, .init()) == nil)
    #expect(Clusters(of: [1, 2, 1, 2, 1, 2], count: 3, .init()) == nil)
  }

  private struct Given: Encodable {
    let rows: [[Float]]
    let components: Int
    let ica: Bool
  }

  private struct Expected: Decodable {
    let second: [Bool]
    let scores: [Double]
    let silhouette: Double
    let share: Double
  }

  @Test(
    "Clusters, scores and silhouette are NumPy's", .enabled(if: Lab.runsPython), arguments: 1...6)
  func numPy(seed: UInt64) throws {
    var numbers = SeededGenerator(seed: seed)
    let (count, size) = (30 + numbers.below(60), 3 + numbers.below(20))
    let shift = numbers.normals(size).map { 3 * $0 }
    let rows = (0..<count).map { row -> [Float] in
      let factor: Double = row % 5 == 0 ? 1 : 0
      let noise = numbers.normals(size)
      return (0..<size).map { Float(noise[$0] + factor * shift[$0]) }
    }
    let reduction = seed % 2 == 0 ? ActivationClustering.Reduction.pca : .ica
    let given = Given(rows: rows, components: 4, ica: reduction == .ica)
    let file = FileManager.default.temporaryDirectory.appending(path: "rows-\(UUID()).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try JSONEncoder().encode(given).write(to: file)
    let script = Lab.repository.appending(
      path: "Tests/ActivationClusteringTests/Fixtures/activation_clustering.py")
    let right = try JSONDecoder().decode(
      Expected.self, from: Data(try Lab.run(script, [file.path]).utf8))
    let found = try #require(
      Clusters(
        of: rows.flatMap { $0 }, count: count,
        options {
          ($0.components, $0.reduction) = (4, reduction)
          $0.size = 0.5
        }), "seed \(seed)")
    #expect(found.means.isSecond == right.second, "seed \(seed)")
    #expect(found.isPoisoned == (right.share < 0.5))
    let offset = found.isPoisoned ? 0.0 : -1
    for (ours, theirs) in zip(found.scores, right.scores) {
      #expect(abs(ours - offset - theirs) < 1e-4, "seed \(seed)")
    }
    let silhouette = Clusters.silhouette(of: found.points, found.means.isSecond)
    #expect(abs(silhouette - right.silhouette) < 1e-4, "seed \(seed)")
  }

  /// The training set of the toy problem with a third of its poisoned images: of 109 with the target
  /// label, 34 are poisoned.
  private func training(_ problem: ToyProblem) throws -> TrainingData {
    let groups = problem.poisonedImages.labels.indices.map { $0 / problem.classCount }
    let kept = groups.indices.filter { groups[$0] % 4 != 0 || groups[$0] % 12 == 0 }
    let images = problem.poisonedImages.selecting(kept)
    return try TrainingData(
      images.dataSet(), labels: images.labels, isPoisoned: kept.map { groups[$0] % 4 == 0 })
  }

  @Test(
    "Drops the poisoned images of the toy problem, those with scores over 0",
    arguments: ActivationClustering.Reduction.allCases)
  func finds(_ reduction: ActivationClustering.Reduction) throws {
    let problem = try ToyProblem.standard()
    let training = try training(problem)
    for rule in ActivationClustering.Rule.allCases {
      let detector = try ActivationClustering(
        options: options { ($0.reduction, $0.rule) = (reduction, rule) })
      let experiment = try Experiment(
        suspect: problem.plain.model, clean: nil, train: training)
      let counts = try experiment.scores(by: detector, in: RunContext()).counts
      print("activation-clustering: \(reduction) \(rule) \(counts)")
      #expect(counts.poisoned == 36 && (counts.droppedPoisoned ?? 0) >= 32, "\(counts)")
      #expect((counts.auroc ?? 0) > 0.8, "\(counts)")
      let found = try detector.scores(
        of: training, model: problem.plain.model, using: nil, in: RunContext())
      #expect(found.scores.indices.filter { found.scores[$0] > 0 } == found.dropped)
    }
  }

  @Test("Bad options and models are refused")
  func refusals() throws {
    func message(_ work: () throws -> Void) -> String? {
      do { try work() } catch { return "\(error)" }
      return nil
    }
    let problem = try ToyProblem.standard()
    #expect(
      message {
        _ = try ActivationClustering(options: options { $0.layer = "nowhere" }).scores(
          of: problem.poisonedTraining, model: problem.plain.model, using: nil, in: RunContext())
      }
        == "activation-clustering.layer takes a layer of the model, not 'nowhere'; inspect the model "
        + "for the names")
    #expect(
      message { _ = try ActivationClustering(options: options { $0.size = 0.6 }) }
        == "activation-clustering.size takes a share over 0 and up to 0.5, such as 0.35")
  }

  static let checks = PluginChecks(
    ActivationClustering.self,
    refusing: [
      "components": ["0", "101"], "reduction": ["umap"], "rule": ["distance"],
      "size": ["0", "0.51", "-1"], "silhouette": ["-1.1", "2"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }
}
