import Foundation
import LabFiles
import ReferenceInference
import Testing

/// A good model cut short and with single bits flipped: used or refused, never a crash.
@Suite("Damaged models", .enabled(if: Lab.runsPython), .serialized)
struct DamageTests {
  let files: HostileFiles
  let good: [UInt8]

  init() throws {
    files = try #require(HostileFiles.made)
    good = Array(try Data(contentsOf: URL(filePath: files.goodModel)))
  }

  /// Runs `evaluate` on variants of the good model; returns how many were used all the same.
  private func evaluate(_ name: String, _ variants: [[UInt8]]) throws -> Int {
    // Not among the others, where another suite watches that nothing is written.
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "defensekit-\(name)-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let jobs = try variants.enumerated().map { index, bytes in
      let file = folder.appending(path: "\(index).h5")
      try Data(bytes).write(to: file)
      // 64: weights alone, as a model is whose description has lost its name.
      return Job(
        arguments: ["evaluate", file.path, "--test", files.goodData], statuses: [0, 64, 65])
    }
    return try Job.run(jobs).filter { $0.status == 0 }.count
  }

  @Test("Cut short at 64 places")
  func truncation() throws {
    let variants = (0..<64).map { Array(good.prefix(good.count * $0 / 64)) }
    #expect(try evaluate("cut", variants) == 0)
  }

  @Test("1,000 flips of one bit")
  func flips() throws {
    var random = SplitMix64(seed: 2024)
    // Where libhdf5's structures begin; flips come close behind them as often as anywhere.
    let signatures = ["TREE", "HEAP", "SNOD", "GCOL", "\u{1}\u{0}"].flatMap {
      places(Array($0.utf8))
    }
    let variants = (0..<1000).map { index in
      var bytes = good
      let place =
        index % 2 == 0
        ? Int.random(in: 0..<good.count, using: &random)
        : min(
          signatures.randomElement(using: &random)! + Int.random(in: 0..<32, using: &random),
          good.count - 1)
      bytes[place] ^= 1 << Int.random(in: 0..<8, using: &random)
      return bytes
    }
    let used = try evaluate("flipped", variants)
    // Weights and unused bytes do no harm; an error for every flip would show that nothing is read.
    #expect((50..<990).contains(used), "\(used) of 1000 were used")
  }

  private func places(_ signature: [UInt8]) -> [Int] {
    good.indices.filter { good[$0...].starts(with: signature) }
  }
}
