import DefenseKit
import Foundation
import Testing

@testable import ModelIO

/// A folder with small data sets to attack: 8x8 pictures of three classes.
struct AttackPlace: ~Copyable {
  let folder: TemporaryFolder
  var train: String { path("train.h5") }
  var test: String { path("test.h5") }
  var output: String { path("out") }

  init() throws {
    let folder = try TemporaryFolder()
    try Self.write(to: "\(folder.path)/train.h5", 120, seed: 1)
    try Self.write(to: "\(folder.path)/test.h5", 30, seed: 2)
    self.folder = folder
  }

  func path(_ name: String) -> String { "\(folder.path)/\(name)" }

  /// Writes pictures whose class is that of the brightest third.
  @discardableResult
  func write(
    _ name: String, _ count: Int, seed: UInt64, classes: Int = 3, shape: [Int] = [8, 9, 1]
  ) throws -> String {
    try Self.write(to: path("\(name).h5"), count, seed: seed, classes: classes, shape: shape)
    return path("\(name).h5")
  }

  private static func write(
    to path: String, _ count: Int, seed: UInt64, classes: Int = 3, shape: [Int] = [8, 9, 1]
  ) throws {
    var generator = SeededGenerator(seed: seed)
    let size = shape.reduce(1, *)
    let labels = (0..<count).map { Int32($0 % classes) }
    let bytes = labels.flatMap { label in
      (0..<size).map { UInt8(generator.next() >> 58) + ($0 % 9 / 3 == label ? 100 : 0) }
    }
    try DataSet(
      bytes: bytes, elementType: .uint8, imageShape: shape, labels: labels, name: "pictures"
    ).write(to: path)
  }

  /// The arguments of an attack on these images.
  func arguments(_ attack: String = "badnets", _ extra: [String] = []) -> [String] {
    [
      "attack", attack, "--train", train, "--test", test, "--architecture", "small-cnn", "--output",
      output, "--epochs", "2", "--batch", "20",
    ] + extra
  }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: path(name))) }

  /// Runs the program and expects a status and one line; no file may come or go.
  func fails(
    _ status: Int32, _ line: String, _ arguments: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    let result = try RunnerProgram.run(arguments)
    #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(
      result.errors.replacing(folder.path + "/", with: "") == "runner: \(line)\n",
      sourceLocation: sourceLocation)
    #expect(result.output == "", sourceLocation: sourceLocation)
    let after = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    #expect(after == before, sourceLocation: sourceLocation)
  }
}
