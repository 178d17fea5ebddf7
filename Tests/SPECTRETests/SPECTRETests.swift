import DefenseKit
import DefenseKitTesting
import Foundation
import LabFiles
import Testing

@testable import SPECTRE

@Suite("SPECTRE")
struct SPECTRETests {
  private func options(_ change: (inout SPECTRE.Options) -> Void) -> SPECTRE.Options {
    var options = SPECTRE.Options()
    change(&options)
    return options
  }

  @Test("The scores for a covariance of diag(1, 3), worked by hand")
  func byHand() {
    let weights = QuantumEntropy.weights(of: Matrix(diagonal: [1, 3]), alpha: 4)
    // diag(1, e^4), scaled to a largest eigenvalue of 1.
    let ratio = 54.598
    for (found, wanted) in zip(weights.values, [1 / ratio, 0, 0, 1]) {
      #expect(abs(found - wanted) < 1e-5)
    }
    // Four points with mean 0 and covariance diag(1, 3).
    let (a, b) = (2.0.squareRoot(), 6.0.squareRoot())
    let points = Matrix(rows: 4, columns: 2, values: [a, 0, -a, 0, 0, b, 0, -b])
    let entropy = QuantumEntropy(of: points, alpha: 4)
    for (found, wanted) in zip(
      entropy.scores, [0.0719 / 2, 0.0719 / 2, 3.9281 * 1.5, 3.9281 * 1.5])
    {
      #expect(abs(found - wanted) < 1e-4)
    }
    #expect(abs(entropy.value - (1 + 3 * ratio) / (1 + ratio)) < 1e-4)
    // Of a rotated covariance the exponential of the elements would be another.
    let rotated = QuantumEntropy.weights(
      of: Matrix(rows: 2, columns: 2, values: [2, 1, 1, 2]), alpha: 4)
    let (sum, difference) = ((1 + 1 / ratio) / 2, (1 - 1 / ratio) / 2)
    for (found, wanted) in zip(rotated.values, [sum, difference, difference, sum]) {
      #expect(abs(found - wanted) < 1e-5)
    }
    let flat = QuantumEntropy.weights(of: Matrix(diagonal: [1, 1]), alpha: 4)
    #expect(flat == Matrix(diagonal: [1, 1]))
  }

  @Test("Numbers of directions")
  func numbers() {
    #expect(SPECTRE.numbersOfDirections(upTo: 100) == [1, 4, 9, 16, 25, 36, 49, 64, 81, 100])
    #expect(SPECTRE.numbersOfDirections(upTo: 1) == [1])
    #expect(SPECTRE.numbersOfDirections(upTo: 4) == [1, 2, 3, 4])
  }

  @Test("A matrix exponential finds what a shift hides, and the filter leaves the clean points")
  func shifted() throws {
    // 1,000 normal points, 50 of them shifted by 4 along a random direction.
    var numbers = SeededGenerator(seed: 3)
    let (count, size) = (1000, 32)
    var direction = numbers.normals(size)
    let length = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
    direction = direction.map { $0 / length }
    var rows: [Float] = []
    for row in 0..<count {
      let shift: Double = row < 50 ? 4 : 0
      let noise = numbers.normals(size)
      for column in 0..<size { rows.append(Float(noise[column] + shift * direction[column])) }
    }
    let detector = try SPECTRE(options: options { $0.share = 0.05 })
    let entropy = try #require(try detector.entropy(of: rows, count: count, in: RunContext()))
    let order = entropy.scores.indices.sorted { entropy.scores[$0] > entropy.scores[$1] }
    let found = order.prefix(75).count { $0 < 50 }
    print("spectre: \(found) of 50 found, seed 3")
    #expect(found >= 45)
  }

  private struct Given: Encodable {
    let rows: [[Float]]
    let share: Double
    let alpha: Double
    let components: Int
  }

  private struct Expected: Decodable {
    let values: [String: Double]
    let scores: [Double]
    let kept: [Int]
  }

  @Test("Scores and filtered rows are NumPy's", .enabled(if: Lab.runsPython), arguments: 1...6)
  func numPy(seed: UInt64) throws {
    var numbers = SeededGenerator(seed: seed)
    let (count, size) = (60 + numbers.below(100), 2 + numbers.below(20))
    let shift = numbers.normals(size).map { 2 * $0 }
    let spread = (0..<size).map { _ in 0.2 + numbers.unit() }
    let rows = (0..<count).map { row -> [Float] in
      let factor: Double = row % 12 == 0 ? 1 : 0
      let noise = numbers.normals(size)
      return (0..<size).map { Float(noise[$0] * spread[$0] + factor * shift[$0]) }
    }
    let given = Given(rows: rows, share: 0.1, alpha: 4, components: 16)
    let file = FileManager.default.temporaryDirectory.appending(path: "rows-\(UUID()).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try JSONEncoder().encode(given).write(to: file)
    let script = Lab.repository.appending(path: "Tests/SPECTRETests/Fixtures/spectre.py")
    let right = try JSONDecoder().decode(
      Expected.self, from: Data(try Lab.run(script, [file.path]).utf8))
    let detector = try SPECTRE(options: options { $0.components = 16 })
    let flat = rows.flatMap { $0 }
    let found = try #require(try detector.entropy(of: flat, count: count, in: RunContext()))
    #expect(abs(found.value - (right.values.values.max() ?? 0)) < 1e-4, "seed \(seed)")
    for (ours, theirs) in zip(found.scores, right.scores) {
      #expect(abs(ours - theirs) < 1e-4 * max(1, theirs), "seed \(seed)")
    }
    let k = try #require(right.values.max { $0.value < $1.value }.flatMap { Int($0.key) })
    let components = PrincipalComponents(of: flat, count: count, most: k)
    let statistics = RobustStatistics(of: components.projections(of: flat), share: 0.1)
    #expect(statistics.kept == right.kept, "seed \(seed)")
    #expect(count - statistics.kept.count <= Int(0.2 * Double(count)))
  }

  @Test("Drops poisoned images of the toy problem, of the target label alone")
  func finds() throws {
    let problem = try ToyProblem.standard()
    let training = problem.poisonedTraining
    for labels in SPECTRE.Labels.allCases {
      // 75 of 175 images with the target label are poisoned.
      let detector = try SPECTRE(
        options: options {
          $0.share = 0.4
          $0.labels = labels
        })
      let found = try detector.scores(
        of: training, model: problem.plain.model, using: nil, in: RunContext())
      let dropped = try #require(found.dropped)
      let expected = [Int32](0..<4).filter { labels == .all || $0 == 0 }
      #expect(Set(dropped.map { training.labels[$0] }) == Set(expected))
      let experiment = try Experiment(
        suspect: problem.plain.model, clean: nil, train: training)
      let counts = try experiment.scores(by: detector, in: RunContext()).counts
      print("spectre: \(counts)")
      #expect((counts.auroc ?? 0) > 0.7, "\(counts)")
    }
  }

  @Test("Too few and equal images have no scores; bad options are refused")
  func refusals() throws {
    let detector = SPECTRE()
    #expect(try detector.entropy(of: [1, 2, 3], count: 3, in: RunContext())?.value == nil)
    #expect(try detector.entropy(of: [1, 1, 1, 1], count: 4, in: RunContext())?.value == nil)
    let refused = #expect(throws: PluginError.self) {
      try SPECTRE(options: options { $0.share = 0.5 })
    }
    #expect(
      refused?.description == "spectre.share takes a share over 0 and under 0.5, such as 0.1")
  }

  static let checks = PluginChecks(
    SPECTRE.self,
    refusing: [
      "share": ["0", "0.5", "-1"], "alpha": ["0", "101", "-1"], "components": ["0", "1001"],
      "labels": ["none"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }
}
