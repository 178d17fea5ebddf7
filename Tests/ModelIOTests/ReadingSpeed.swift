import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

/// Measures reading; runs where `DEFENSEKIT_SPEED_FILE` names a data set of 55x47 colour images.
struct ReadingSpeed {
  static let file = ProcessInfo.processInfo.environment["DEFENSEKIT_SPEED_FILE"]

  @Test(.enabled(if: file != nil))
  func groupsOf128Images() throws {
    let path = try #require(Self.file)
    let clock = ContinuousClock()
    var set: DataSet?
    let opening = try clock.measure {
      set = try DataSet.load(path, for: [55, 47, 3], classCount: 1283)
    }
    let images = try #require(set)
    let size = images.imageShape.reduce(images.elementType.size, *)
    var buffer = [UInt8](repeating: 0, count: 128 * size)
    for _ in 0..<3 {
      let time = try clock.measure {
        for start in stride(from: 0, to: images.count, by: 128) {
          let range = start..<min(start + 128, images.count)
          // The array holds 128 images.
          try unsafe buffer.withUnsafeMutableBytes { unsafe try images.read(range, into: $0) }
        }
      }
      print(
        "opened in \(opening), read at \(Double(images.count * size) / (time / .seconds(1)) / 1e9) GB/s"
      )
    }
    let hashing = try clock.measure { _ = try images.sha256() }
    print("hashed at \(Double(images.count * size) / (hashing / .seconds(1)) / 1e9) GB/s")
  }
}
