import DefenseKit
import Foundation
import LabFiles
import Testing

@testable import STRIP

/// The BadNet that comes with the program, on Fashion-MNIST (Fixtures/strip.py).
@Suite("STRIP against Keras and NumPy", .enabled(if: Lab.runsPython))
struct KerasTests {
  private static let model = Lab.repository
    .appending(path: "Sources/RunnerKit/Resources/fashion-mnist-badnet.h5").path
  /// Clean images, and triggered ones.
  private static let count = 1000

  private struct Expected: Decodable {
    let entropies: [Double]
    let auroc: Double
  }

  /// The test images, or nil where they are missing and may be.
  private func images(_ range: Range<Int>) throws -> DataSet? {
    let file = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
    if !FileManager.default.fileExists(atPath: file), !Lab.isRequired {
      print("SKIPPED: \(file) is missing; apt-get install dataset-fashion-mnist")
      return nil
    }
    return try FashionMNIST().load(.test, range: range)
  }

  private func values(_ set: DataSet, _ indices: [Int]) throws -> [Float] {
    var bytes = [UInt8](repeating: 0, count: indices.count * 784)
    // The array holds as many images as are read.
    try unsafe bytes.withUnsafeMutableBytes {
      unsafe try Subset(of: set, indices).read(0..<indices.count, into: $0)
    }
    return bytes.map { Float($0) }
  }

  @Test("On the same overlays: entropies within 1e-4, the same AUROC to 4 digits")
  func agrees() throws {
    guard let clean = try images(0..<5000), let test = try images(5000..<10000) else { return }
    let suspect = try KerasModel.load(Self.model)
    // So few overlays that clean and triggered images overlap.
    let detector = try STRIP(options: .init(overlays: 20))
    let context = RunContext()
    let (_, positions) = try detector.split(CleanData(clean), of: suspect, seed: context.seed)
    let meter = try detector.meter(for: suspect, positions, of: CleanData(clean), in: context)
    #expect(try meter.overlays == values(clean, positions))

    let shown = try values(test, Array(0..<Self.count))
    let others = test.labels.indices.filter { test.labels[$0] != 0 }.prefix(Self.count)
    var triggered = try values(test, Array(others))
    for image in 0..<Self.count {
      for pixel in 0..<9 { triggered[image * 784 + (25 + pixel / 3) * 28 + 25 + pixel % 3] = 255 }
    }
    let all = shown + triggered
    let entropies = try meter.entropies(of: all)

    let folder = FileManager.default.temporaryDirectory.appending(path: "strip-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let draws = (0..<2 * Self.count).flatMap {
      meter.draws(for: all[$0 * 784..<($0 + 1) * 784]).map { Int32($0) }
    }
    // What lies in the arrays, as it is.
    try unsafe all.withUnsafeBytes { unsafe Data($0) }
      .write(to: folder.appending(path: "images.f32"))
    try unsafe meter.overlays.withUnsafeBytes { unsafe Data($0) }
      .write(to: folder.appending(path: "overlays.f32"))
    try unsafe draws.withUnsafeBytes { unsafe Data($0) }
      .write(to: folder.appending(path: "draws.i32"))
    let script = Lab.repository.appending(path: "Tests/STRIPTests/Fixtures/strip.py")
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(try Lab.run(script, [Self.model, folder.path]).utf8))

    #expect(expected.entropies.count == entropies.count)
    let worst = zip(entropies, expected.entropies).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(worst < 1e-4)
    let scores = entropies.map { Float(-$0) }
    let auroc = try #require(
      areaUnderROC(
        negatives: Array(scores[..<Self.count]), positives: Array(scores[Self.count...])))
    #expect(abs(auroc - expected.auroc) < 5e-5)
    #expect(auroc > 0.99)
    print("STRIP: entropies off by at most \(worst), AUROC \(auroc) and \(expected.auroc)")
  }
}
