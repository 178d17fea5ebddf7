import DefenseKit
import Foundation
import Testing

@testable import ModelIO

/// Trigger files and checkpoints that are damaged or made to attack whoever reads them.
@Suite("Hostile triggers and checkpoints")
struct HostileArtifactsTests {
  /// An attack's trigger and the checkpoint of its training, which has ended.
  private static func make(_ place: borrowing AttackPlace) throws -> (
    trigger: String, state: String
  ) {
    let state = place.path("state.h5")
    let made = try RunnerProgram.run(place.arguments("wanet", ["--checkpoint", state]))
    try #require(made.status == 0, "\(made.errors)")
    return ("\(place.output)/trigger.h5", state)
  }

  /// Reads a file in the way that it is read, and expects to be refused in one line with nothing
  /// written, or where `mayWork` to succeed; returns whether it did.
  @discardableResult
  private func attempt(
    _ place: borrowing AttackPlace, _ arguments: [String], mayWork: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Bool {
    let output = place.path("new")
    let result = try RunnerProgram.run(arguments + ["--output", output])
    let exists = FileManager.default.fileExists(atPath: output)
    if mayWork, result.status == 0 {
      try FileManager.default.removeItem(atPath: output)
      return true
    }
    #expect(result.status == 65, "\(result.errors)", sourceLocation: sourceLocation)
    let lines = result.errors.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
      lines.count == 2 && lines[0].hasPrefix("runner: "), "\(result.errors)",
      sourceLocation: sourceLocation)
    #expect(!exists && result.output == "", sourceLocation: sourceLocation)
    return false
  }

  private func apply(_ place: borrowing AttackPlace, _ trigger: String) -> [String] {
    ["trigger", "apply", trigger, "--data", place.test]
  }

  private func resume(_ place: borrowing AttackPlace, _ state: String) -> [String] {
    [
      "attack", "wanet", "--train", place.train, "--test", place.test, "--architecture",
      "small-cnn", "--epochs", "2", "--batch", "20", "--checkpoint", state, "--resume",
    ]
  }

  @Test("Cut short, and with single bits flipped")
  func damage() throws {
    let place = try AttackPlace()
    let files = try Self.make(place)
    var random = SeededGenerator(seed: 5)
    let path = place.path("bad.h5")
    for (file, arguments) in [
      (files.trigger, apply(place, path)), (files.state, resume(place, path)),
    ] {
      let good = [UInt8](try Data(contentsOf: URL(filePath: file)))
      for part in 0..<12 {
        try Data(good.prefix(good.count * part / 12)).write(to: URL(filePath: path))
        try attempt(place, arguments)
      }
      for index in 0..<48 {
        var bytes = good
        // The first of them lie among HDF5's structures, others anywhere.
        let end = index % 2 == 0 ? min(bytes.count, 4096) : bytes.count
        bytes[Int(random.next() % UInt64(end))] ^= 1 << UInt8(index % 8)
        try Data(bytes).write(to: URL(filePath: path))
        try attempt(place, arguments, mayWork: true)
      }
      try Data(good).write(to: URL(filePath: path))
      #expect(try attempt(place, arguments, mayWork: true))
    }
  }

  @Test("Of another kind, and with numbers that nothing has")
  func contents() throws {
    let place = try AttackPlace()
    let files = try Self.make(place)
    for path in [files.state, "\(place.output)/model.h5", place.test] {
      try attempt(place, apply(place, path))
    }
    for path in [files.trigger, "\(place.output)/model.h5"] {
      try attempt(place, resume(place, path))
    }
    let path = place.path("bad.h5")
    let two = Tensor(shape: [1, 2, 1], values: [1, 2])
    let good = [
      ("attack", "wanet"), ("mode", "all-to-one"), ("target", "0"), ("classes", "3"), ("seed", "0"),
      ("shape", "1,2,1"),
    ]
    for (name, value) in [
      ("shape", "4611686018427387904,4,1"), ("shape", "4096,4096,3"), ("shape", "0,0,0"),
      ("shape", "-1,-2,1"), ("classes", "1000000000000"), ("classes", "9223372036854775807"),
      ("target", "9223372036854775807"), ("mode", "\u{1B}[31m"), ("seed", "1e400"),
    ] {
      try ArrayFile(
        kind: "trigger", settings: good.map { $0.0 == name ? (name, value) : $0 },
        arrays: [("addition", two)]
      ).save(to: path)
      try attempt(place, apply(place, path))
    }
    // HDF5's own extents: the file claims far more than it holds.
    func bytes(_ number: UInt64) -> [UInt8] {
      (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
    try ArrayFile(
      kind: "trigger", settings: good,
      arrays: [("addition", Tensor(shape: [7, 9, 1], repeating: 1))]
    ).save(to: path)
    let claim = try Data(contentsOf: URL(filePath: path))
    let extents = try #require(claim.firstRange(of: Data(bytes(7) + bytes(9))))
    for extent: UInt64 in [1 << 20, 1 << 31, 1 << 39, 1 << 62, .max] {
      var claim = claim
      claim.replaceSubrange(extents, with: bytes(extent) + bytes(extent))
      try claim.write(to: URL(filePath: path))
      try attempt(place, apply(place, path))
    }
    // Another number of images' pixels than the data has.
    try ArrayFile(kind: "trigger", settings: good, arrays: [("addition", two)]).save(to: path)
    try attempt(place, apply(place, path))
    let state = try Checkpoint.load(files.state)
    for change: (inout TrainingState) -> Void in [
      { $0.weights.removeLast() }, { $0.weights = [] }, { $0.slots = [] }, { $0.identity = [] },
      { $0.slots[1].append(0) },
    ] {
      var state = state
      change(&state)
      try Checkpoint.save(state, to: path)
      try attempt(place, resume(place, path))
    }
    for text in [
      #"{"weights": 1000000000000000, "slots": 2, "best": null, "identity": [], "epochs": []}"#,
      #"{"weights": -1, "slots": 2, "best": null, "identity": [], "epochs": []}"#, "{", "",
      String(repeating: "[", count: 100_000),
    ] {
      try ArrayFile(kind: "checkpoint", settings: [("training", text)], arrays: []).save(to: path)
      try attempt(place, resume(place, path))
    }
  }
}
