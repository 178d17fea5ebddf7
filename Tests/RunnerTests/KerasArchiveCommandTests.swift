import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

/// A suspect in Keras's own format through the commands that take a model.
@Suite("Keras archives, whole jobs")
struct KerasArchiveCommandTests {
  /// A place with its model as "net.keras".
  private func make() throws -> BadInputPlace {
    let place = try BadInputPlace.make()
    try ModelFile.save(try ModelFile.load(place.model), to: place.path("net.keras"))
    return place
  }

  private func output(_ arguments: [String], status: Int32 = 0) throws -> String {
    let result = try RunnerProgram.run(arguments)
    #expect(result.status == status, "\(arguments[0]): \(result.errors)")
    return result.output
  }

  @Test("Repaired models and detectors of an archive are archives")
  func formats() throws {
    let place = try make()
    let clean = place.good
    for (model, folder, extra, end) in [
      (place.model, "a", [], "h5"), (place.path("net.keras"), "b", [], "keras"),
      (place.path("net.keras"), "c", ["--format", "keras"], "keras"),
      (place.path("net.keras"), "d", ["--format", "onnx"], "onnx"),
    ] {
      let arguments =
        [
          "--defense", "fine-pruning", "--detector", "goodnet", "--model", model, "--clean", clean,
          "--option", "fine-pruning.drops=10", "--option", "fine-pruning.epochs=0", "--output",
          place.path(folder),
        ] + extra
      _ = try output(arguments)
      for stem in ["fine-pruning-10", "goodnet-fine-pruning-10"] {
        let file = place.path("\(folder)/\(stem).\(end)")
        #expect(
          try FileKind(at: file) == (end == "h5" ? .hdf5 : end == "onnx" ? .onnx : .kerasArchive))
        #expect(
          try output(["predict", file, "--data", clean])
            == output(["predict", place.path("a/\(stem).h5"), "--data", clean]), "\(file)")
      }
      // The results are the program's own, which it may replace.
      _ = try output(arguments + ["--force"])
    }
  }

  @Test("Commands say the same of an archive and of the HDF5 file")
  func commands() throws {
    let place = try make()
    let (clean, archive) = (place.good, place.path("net.keras"))
    for arguments in [
      ["predict", "MODEL", "--data", clean], ["evaluate", "MODEL", "--test", clean],
      ["evaluate", "MODEL", "--architecture", "OTHER", "--test", clean],
    ] {
      func run(_ model: String, _ other: String) throws -> String {
        try output(arguments.map { $0 == "MODEL" ? model : $0 == "OTHER" ? other : $0 })
          .replacing(model, with: "M")
      }
      #expect(try run(archive, place.model) == run(place.model, archive))
    }
    let listing = try output(["inspect", archive])
    #expect(
      listing.contains(
        "\nwritten back as  a new .keras file, without the state of the optimizer\n"))
    let hash = try sha256(ofFile: archive)
    #expect(listing.contains("\nSHA-256          \(hash)\n"))
    #expect(listing.contains("\nNo findings."))
    let json = try JSONParser.parse(output(["inspect", archive, "--json"]))
    #expect(json["findings"]?.array?.isEmpty == true)
  }

  @Test("A hostile archive is refused in one line, and inspected")
  func refusals() throws {
    let place = try make()
    let file = place.path("net.keras")
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: file)))
    // A byte of the configuration, which its checksum covers.
    bytes[bytes.count / 8] ^= 1
    try Data(bytes).write(to: URL(filePath: file))
    let result = try RunnerProgram.run(["evaluate", file, "--test", place.good])
    #expect(result.status == 65)
    #expect(result.errors.hasSuffix("(keras-archive)\n"))
    #expect(result.errors.split(separator: "\n").count == 1)
    let log = try JSONParser.parse(output(["inspect", file, "--sarif"], status: 65))
    let results = log["runs"]?[0]?["results"]?.array ?? []
    #expect(results.map { $0["ruleId"]?.string } == ["keras-archive"])
  }
}
