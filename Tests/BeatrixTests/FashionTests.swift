import DefenseKit
import Foundation
import LabFiles
import Testing

@testable import Beatrix

/// The BadNet that comes with the program, on Fashion-MNIST.
@Suite("Beatrix on Fashion-MNIST")
struct FashionTests {
  private static let file = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
  static let isPresent = Lab.isRequired || FileManager.default.fileExists(atPath: file)

  @Test("Triggered images score higher than clean ones", .enabled(if: isPresent))
  func badNet() throws {
    let suspect = try KerasModel.load(
      Lab.repository.appending(path: "Sources/RunnerKit/Resources/fashion-mnist-badnet.h5").path)
    let clean = try CleanData(try FashionMNIST().load(.test, range: 0..<1000))
    let test = try FashionMNIST().load(.test, range: 5000..<5300)
    var triggered = try test.values(of: 0..<test.count)
    for image in 0..<test.count {
      for pixel in 0..<9 { triggered[image * 784 + (25 + pixel / 3) * 28 + 25 + pixel % 3] = 255 }
    }
    func found(_ source: any SampleSource) throws -> [Detection] {
      try Beatrix().detections(
        on: source, suspect: suspect, repaired: nil, using: clean, in: RunContext())
    }
    let (plain, others) = (
      try found(test), try found(ArraySource(triggered, imageShape: [28, 28, 1]))
    )
    let positives = test.labels.indices.filter { test.labels[$0] != 0 }.map { others[$0] }
    func scores(_ detections: [Detection]) -> [Float] {
      detections.filter { $0.prediction != .noVerdict }.map(\.score)
    }
    let auroc = try #require(areaUnderROC(negatives: scores(plain), positives: scores(positives)))
    let flagged = [plain, positives].map { $0.count { $0.prediction == .flagged } }
    let without = [plain, positives].map { $0.count { $0.prediction == .noVerdict } }
    print(
      "Beatrix, Fashion-MNIST: AUROC \(auroc), flagged \(flagged) of \([plain.count, positives.count]), "
        + "without a verdict \(without)")
    #expect(auroc > 0.8)
    #expect(Double(flagged[0]) <= 0.1 * Double(plain.count))
  }
}
