import Foundation
import LabFiles
import Testing

/// The models that a run writes, loaded and run by stock Keras.
@Suite("Written models in stock Keras", .enabled(if: Lab.runsSmall && Lab.runsPython))
struct WrittenModelTests {
  static let drops = [2, 4, 10, 30]

  /// Runs the job and returns the paths of its repaired models and of its GoodNets.
  private func write(
    to output: String, _ extra: [String]
  ) throws -> (repaired: [String], goodnets: [String]) {
    let (lab, small) = (try #require(Lab.folder).path, try #require(Lab.small).path)
    let result = try RunnerProgram.run(
      [
        "--defense", "fine-pruning", "--option", "fine-pruning.epochs=0", "--detector", "goodnet",
        "--model", "\(lab)/bd_net.h5",
        "--clean", "\(small)/cl/valid.h5", "--output", output, "--option",
        "fine-pruning.drops=" + Self.drops.map { "\($0)" }.joined(separator: ","),
      ] + extra)
    #expect(result.status == 0, "\(result.errors)")
    let repaired = Self.drops.map { "\(output)/fine-pruning-\($0).h5" }
    let goodnets = Self.drops.map { "\(output)/goodnet-fine-pruning-\($0).h5" }
    let names = try FileManager.default.contentsOfDirectory(atPath: output)
    let expected =
      (repaired + goodnets).map { URL(filePath: $0).lastPathComponent }
      + ["report.json", "curve.csv", "curve.svg"]
    #expect(names.sorted() == expected.sorted())
    return (repaired, goodnets)
  }

  private func classes(_ text: some StringProtocol, by separator: Character) -> [Int] {
    text.split(separator: separator).compactMap { Int($0) }
  }

  /// What `runner predict` says of a model's file for all images.
  private func ours(_ model: String, _ data: [String], _ extra: [String] = []) throws -> [Int] {
    try data.flatMap { set in
      let result = try RunnerProgram.run(["predict", model, "--data", set] + extra)
      #expect(result.status == 0, "\(result.errors)")
      return classes(result.output, by: "\n")
    }
  }

  @Test("Repaired models and GoodNets, masked and compact, predict the same as here")
  func predictions() throws {
    let folder = try TemporaryFolder()
    let suspect = try #require(Lab.folder).appending(path: "bd_net.h5").path
    let small = try #require(Lab.small).path
    let data = ["cl/valid", "cl/test", "bd/bd_valid", "bd/bd_test"].map { "\(small)/\($0).h5" }
    let masked = try write(to: "\(folder.path)/masked", [])
    let compact = try write(to: "\(folder.path)/compact", ["--compact"])
    let models = masked.repaired + compact.repaired + masked.goodnets + compact.goodnets
    let outputs = "\(folder.path)/outputs"
    try FileManager.default.createDirectory(atPath: outputs, withIntermediateDirectories: false)
    let lines = try Lab.run(
      Lab.repository.appending(path: "Tests/RunnerTests/Fixtures/predict.py"),
      [outputs, data.joined(separator: ",")] + models
    ).split(separator: "\n")
    #expect(lines.count == models.count)
    let keras = Dictionary(
      uniqueKeysWithValues: zip(models, lines.map { classes($0, by: " ") }))

    for model in models {
      #expect(keras[model]?.count == 226)
      #expect(try ours(model, data) == keras[model], "\(model)")
    }
    for (index, drop) in Self.drops.enumerated() {
      // What Keras says of the GoodNet file is what the detector says of the pair.
      let pair = try ours(
        suspect, data, ["--repaired", masked.repaired[index], "--detector", "goodnet"])
      #expect(keras[masked.goodnets[index]] == pair, "\(drop) %")
      #expect(keras[compact.goodnets[index]] == pair, "\(drop) %")
      #expect(pair.contains(1283))
      // Removed channels change nothing, and the file is smaller.
      let (large, smaller) = (
        try floats("\(outputs)/\(index)"), try floats("\(outputs)/\(index + Self.drops.count)")
      )
      #expect(large.count == 226 * 1283 && large.count == smaller.count)
      let difference = zip(large, smaller).map { abs($0 - $1) }.max() ?? 1
      #expect(difference <= 1e-4, "\(drop) %")
      #expect(try size(compact.repaired[index]) < size(masked.repaired[index]))
    }
  }

  private func floats(_ path: String) throws -> [Float] {
    let data = try Data(contentsOf: URL(filePath: path))
    return stride(from: 0, to: data.count, by: 4).map { start in
      Float(
        bitPattern: (0..<4).reduce(0) {
          $0 | UInt32(data[data.startIndex + start + $1]) << (8 * $1)
        }
      )
    }
  }

  private func size(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
  }
}
