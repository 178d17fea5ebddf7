import Foundation
import InferenceGraph
import LabFiles
import Synchronization
import Testing

@testable import ModelIO

/// Files that two readers could take for two networks: what we read is what every Keras reads that
/// takes the file.
@Suite("The same network as Keras sees", .enabled(if: Lab.runsPython))
struct ViewsTests {
  /// A file, and what the two versions of Keras see in it; see `views.py`.
  private struct Case: Decodable {
    let name: String
    let file: String
    /// The version that wrote an honest file, which must be read as it reads it.
    let by: Int?
    /// The rule by which others must be refused; empty if they may be read.
    let rule: String
    let architecture: String
    let tolerance: Float
    let shape: [Int]
    let images: [Float]
    let keras2: [[Float]]?
    let keras3: [[Float]]?
  }

  private static func number(_ variable: String, _ otherwise: Int) -> Int {
    Int(ProcessInfo.processInfo.environment[variable] ?? "") ?? otherwise
  }

  /// Random networks of either version, and their seed: `DEFENSEKIT_VIEWS` and
  /// `DEFENSEKIT_VIEWS_SEED` choose others.
  static let count = number("DEFENSEKIT_VIEWS", 2)
  static let seed = number("DEFENSEKIT_VIEWS_SEED", 7)

  @Test("Files with names, orders, numbers, settings and versions that contradict each other")
  func views() throws {
    print("views.py: seed \(Self.seed), \(Self.count) random networks of either version")
    let folder = FileManager.default.temporaryDirectory.appending(path: "views-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try Fixtures.run("views.py", [folder.path, "\(Self.seed)", "\(Self.count)"])
    let cases = try JSONDecoder().decode(
      [Case].self, from: Data(contentsOf: folder.appending(path: "views.json")))
    #expect(cases.count > 300)
    for sample in cases { try check(sample, in: folder) }
  }

  private func check(_ sample: Case, in folder: URL) throws {
    func path(_ name: String) -> String { folder.appending(path: name).path }
    let model: Model
    do throws(FileError) {
      model = try KerasModel.load(
        path(sample.file),
        architecture: sample.architecture.isEmpty ? nil : path(sample.architecture))
    } catch {
      #expect(sample.by == nil, "\(sample.name): an honest file is refused: \(error.problem)")
      if !sample.rule.isEmpty {
        #expect(error.finding?.rule.name == sample.rule, "\(sample.name): \(error.problem)")
      }
      return
    }
    #expect(sample.rule.isEmpty, "\(sample.name): it is read, and not refused by \(sample.rule)")
    guard model.graph.inputShape == sample.shape else {
      Issue.record("\(sample.name): it takes images of \(model.graph.inputShape)")
      return
    }
    let scores = try scores(of: model, sample)
    for (version, expected) in [(2, sample.keras2), (3, sample.keras3)] {
      // An honest file means what the version meant that wrote it.
      if let by = sample.by, by != version { continue }
      guard let expected else {
        #expect(sample.by == nil, "\(sample.name): Keras \(version) does not read its own file")
        continue
      }
      let difference = zip(scores, expected.flatMap { $0 }).map { abs($0 - $1) }.max() ?? .infinity
      let size = expected.flatMap { $0 }.map { abs($0) }.max() ?? 0
      #expect(
        scores.count == expected.count * expected[0].count
          && difference <= sample.tolerance * max(1, size),
        "\(sample.name): Keras \(version) sees another network, by \(difference)")
    }
  }

  /// The scores for the sample's images.
  private func scores(of model: Model, _ sample: Case) throws -> [Float] {
    let scores = Mutex<[Float]>([])
    // They are fewer than a group.
    try Executor([model]).run(ArraySource(sample.images, imageShape: sample.shape)) { batch in
      scores.withLock { $0 += batch.outputs(of: 0) }
    }
    return scores.withLock { $0 }
  }
}
