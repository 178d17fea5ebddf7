import DefenseKit
import Foundation
import LabFiles
import Testing

/// Small inputs, beside the lab's folder, that went wrong once.
@Suite("Cases that went wrong", .enabled(if: Lab.runsLab))
struct CaseTests {
  private func path(_ name: String) throws -> String {
    try #require(Lab.folder).appending(path: "../cases/\(name)").standardizedFileURL.path
  }

  /// Two blocks of images of 12,288 numbers make a group, which is no whole group of a kernel's.
  @Test func denseLayersOnGroupsOfTwoBlocks() throws {
    let model = try KerasModel.load(try path("F1_model_64x64x3.h5"))
    let set = try DataSet.load(
      try path("F1_data_64x64x3.h5"), for: model.graph.inputShape, classCount: model.classCount)
    let predictions = try Executor([model]).labels(for: set)[0]
    #expect(predictions == [2, 2, 2, 0, 3, 3, 2, 0, 0, 0, 0, 2])
    #expect(predictions == set.labels)
  }
}
