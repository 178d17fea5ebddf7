import Foundation
import InferenceGraph
import LabFiles
import Synchronization
import Testing

@testable import ModelIO

/// Networks as Keras itself builds them, with random weights.
@Suite("keras.applications")
struct ApplicationsTests {
  /// Each family at its smallest size; or the networks that DEFENSEKIT_APPLICATIONS names, at their
  /// smallest and their own size, as Scripts/applications asks for.
  @Test("The networks load, and their scores are Keras's", .enabled(if: Lab.python != nil))
  func scores() throws {
    let chosen = (ProcessInfo.processInfo.environment["DEFENSEKIT_APPLICATIONS"] ?? "")
      .split(separator: " ").map(String.init)
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "defensekit-applications-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let names = try Fixtures.run("applications.py", [folder.path] + chosen)
      .split(separator: "\n").map(String.init)
    #expect(names.count == (chosen.isEmpty ? 14 : 2 * chosen.count))
    for name in names {
      let model = try KerasModel.load(folder.appending(path: "\(name).h5").path)
      let check = try HDF5File(folder.appending(path: "\(name).check.h5").path)
      let images = try check.dataset("images").floats()
      let expected = try check.dataset("outputs").floats()
      let classes = model.classCount
      let source = ArraySource(images, imageShape: model.graph.inputShape)
      let scores = Mutex([Float](repeating: .nan, count: source.count * classes))
      try Executor([model]).run(source) { batch in
        let values = batch.outputs(of: 0)
        scores.withLock {
          $0.replaceSubrange(
            batch.indices.lowerBound * classes..<batch.indices.upperBound * classes,
            with: values.prefix(batch.indices.count * classes))
        }
      }
      let found = scores.withLock { $0 }
      #expect(found.count == expected.count, "\(name)")
      // Before the softmax, relative to the largest score.
      let largest = expected.map { abs($0) }.max() ?? 0
      let difference = (zip(found, expected).map { abs($0 - $1) }.max() ?? .nan) / largest
      #expect(difference < 5e-4, "\(name): \(difference)")
      print("\(name): \(difference)")
    }
  }
}
