import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

@Suite("Clean images without labels")
final class UnlabelledTests {
  private let place: BadInputPlace
  private let bare: String

  init() throws {
    place = try BadInputPlace.make()
    bare = try place.data("bare", images: place.images(12), labels: nil)
  }

  private func run(_ arguments: [String], status: Int32 = 0) throws -> RunnerProgram.Result {
    let result = try RunnerProgram.run(arguments, in: place.folder.path)
    #expect(result.status == status, "\(arguments): \(result.errors)")
    return result
  }

  @Test("A defense that needs labels is refused by name, with others that need none")
  func refusal() throws {
    let arguments = ["--defense", "trigger-unlearning,fine-pruning", "--model", place.model]
    let refused = try run(arguments + ["--clean", bare, "--output", place.path("out")], status: 65)
    #expect(refused.output == "" && !FileManager.default.fileExists(atPath: place.path("out")))
    #expect(
      refused.errors
        == "runner: \(bare): fine-pruning needs the images' labels, but it has no data set 'label' with "
        + "the images' classes (it has: data); try trigger-unlearning instead\n")
    // Labels of another name.
    let file = try HDF5Writer(path: place.path("named.h5"))
    try file.write(place.images(12), to: "data")
    try file.write(Tensor(shape: [12], values: (0..<12).map { Float($0 % 3) }), to: "y")
    try AtomicFile.write(try file.image(), to: place.path("named.h5"))
    let named = try run(arguments + ["--clean", place.path("named.h5")], status: 65)
    #expect(
      named.errors.hasSuffix(
        "these fit: 'data' (12x2x2x1) with 'y' (12); use --keys data,y or try trigger-unlearning "
          + "instead\n"), "\(named.errors)")
  }

  @Test("A defense that needs none runs; accuracy on the images is left out, in plain words")
  func defense() throws {
    let quick = ["rounds=1", "steps=2"].flatMap { ["--option", "trigger-unlearning.\($0)"] }
    let result = try run(
      ["--defense", "trigger-unlearning", "--model", place.model, "--clean", bare, "--json"] + quick
    )
    #expect(
      result.errors.contains("warning: bare.h5: has no labels, so no accuracy is measured on it\n"))
    try WrittenJSON.expectValid(result.output, "report", "unlabelled")
    let report = try JSONParser.parse(result.output)
    #expect(report["repairs"]?[0]?["clean"] == .null)
    #expect(report["data"]?["clean"]?["images"]?.int == 12)
    let labelled = try run(
      ["--defense", "trigger-unlearning", "--model", place.model, "--json", "--clean"]
        + [try place.data("all", images: place.images(12), labels: (0..<12).map { Float($0 % 3) })]
        + quick)
    #expect(try JSONParser.parse(labelled.output)["repairs"]?[0]?["clean"]?["images"]?.int == 12)
    let text = try run(
      ["--defense", "trigger-unlearning", "--model", place.model, "--clean", bare, "--test"]
        + [place.test] + quick)
    #expect(text.output.contains("\ntrigger-unlearning "), "\(text.output)")
  }

  @Test("A detector that needs none runs and predicts; groups by label and test images need them")
  func others() throws {
    let strip = [
      "--detector", "strip", "--option", "strip.overlays=3", "--option", "strip.alarms=0.34",
    ]
    let evaluated = try run(
      strip + ["--model", place.model, "--clean", bare, "--test", place.test])
    #expect(evaluated.output.contains("strip"))
    let predicted = try run(
      ["predict", place.model, "--data", place.test, "--clean", bare] + strip)
    #expect(predicted.output.split(separator: "\n").count == 6)
    let grouped = try run(
      strip + ["--model", place.model, "--clean", bare, "--group", "label"], status: 65)
    #expect(grouped.errors.contains("has no data set 'label'"))
    let test = try run(
      strip + ["--model", place.model, "--clean", bare, "--test", bare], status: 65)
    #expect(test.errors.contains("has no data set 'label'"))
  }

  @Test("A folder of PNG files is images without labels, the same as their bytes in a file")
  func folder() throws {
    let folder = place.path("pictures")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let images = place.images(12)
    for index in 0..<12 {
      let pixels = images.values[index * 4..<index * 4 + 4].map { UInt8($0) }
      try PixelImage(width: 2, height: 2, channels: 1, pixels: pixels)
        .write(to: "\(folder)/\(index < 10 ? "0" : "")\(index).png")
    }
    _ = try place.text("pictures/notes.txt", "none of the images")
    let quick = ["census=100", "generations=1"].flatMap { ["--option", "occluder-search.\($0)"] }
    func scores(_ clean: String) throws -> JSON {
      let result = try RunnerProgram.run(["scan", place.model, "--clean", clean, "--json"] + quick)
      return try JSONParser.parse(result.output)["verdicts"]?["occluder-search"] ?? .null
    }
    #expect(try scores(folder) == scores(bare) && scores(folder) != .null)
    let steps = ["rounds=1", "steps=2"].flatMap { ["--option", "trigger-unlearning.\($0)"] }
    let repaired = try run(
      ["--defense", "trigger-unlearning", "--model", place.model, "--clean", folder] + steps)
    #expect(repaired.errors.contains("warning: pictures: has no labels"), "\(repaired.errors)")
    let refused = try run(
      ["--defense", "fine-pruning", "--model", place.model, "--clean", folder], status: 65)
    #expect(
      refused.errors.hasPrefix(
        "runner: \(folder): fine-pruning needs the images' labels, but it has no array 'label'"),
      "\(refused.errors)")
    let compared = try run(
      [
        "compare", "--model", place.model, "--clean", folder, "--test", place.test, "--detector",
        "strip", "--option", "strip.overlays=3", "--output", place.path("comparison"),
      ])
    #expect(compared.output.contains("strip"))
  }

  @Test("A comparison measures the plugins that need none; for others it has the reason")
  func comparison() throws {
    let result = try run(
      [
        "compare", "--model", place.model, "--clean", bare, "--test", place.test, "--detector",
        "strip", "--defense", "fine-tuning", "--option", "strip.overlays=3", "--output",
        place.path("comparison"),
      ], status: 2)
    #expect(
      result.output.contains(
        "needs the labels of the clean images, and these have none; give labelled ones with --clean"
      ),
      "\(result.output)")
    #expect(result.errors.contains("1 of 3 units failed permanently"), "\(result.errors)")
  }
}
