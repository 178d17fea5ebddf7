import DefenseKit
import Foundation
import LabFiles
import Testing

@testable import TeCo

/// Corruptions without random numbers, beside NumPy (Fixtures/corruptions.py).
@Suite("Corruptions against NumPy", .enabled(if: Lab.runsPython))
struct NumPyTests {
  @Test(
    "Within 1e-4, whatever the shape",
    arguments: [[32, 32, 3], [13, 9, 3], [17, 20, 1], [8, 11, 2]])
  func agrees(_ shape: [Int]) throws {
    let seed = UInt64.random(in: 0..<1 << 32)
    print("corruptions against NumPy: seed \(seed)")
    let picture = randomPicture(shape[0], shape[1], shape[2], seed: seed)
    let file = FileManager.default.temporaryDirectory.appending(path: "teco-\(UUID()).f32")
    defer { try? FileManager.default.removeItem(at: file) }
    // What lies in the array, as it is.
    try unsafe picture.values.withUnsafeBytes { unsafe Data($0) }.write(to: file)
    let script = Lab.repository.appending(path: "Tests/TeCoTests/Fixtures/corruptions.py")
    let output = try Lab.run(script, [file.path] + shape.map { "\($0)" })
    let expected = try JSONDecoder().decode([String: [[Float]]].self, from: Data(output.utf8))
    #expect(expected.count == 6)
    for (name, images) in expected {
      let corruption = try #require(Corruption(rawValue: name))
      for (severity, image) in zip(Corruption.severities, images) {
        let found = corruption.applied(to: picture, severity: severity, seed: 0, stream: 0).values
        #expect(found.count == image.count)
        let wrong = zip(found, image).count { abs($0 - $1) > 1e-4 }
        #expect(wrong == 0, "\(name) \(severity): \(wrong) of \(image.count), seed \(seed)")
      }
    }
  }
}
