import DefenseKit
import Foundation
import Testing

@testable import ModelIO

/// Every kind of attack and training that can be asked for, from end to end on small pictures.
@Suite("attack, one option after another")
struct AttackVariantsTests {
  struct Variant: Sendable, CustomTestStringConvertible {
    let attack: String
    var extra: [String] = []
    /// How the summary begins.
    let summary: String
    /// Whether the pictures have colours.
    var isColoured = false

    var testDescription: String { ([attack] + extra).joined(separator: " ") }
  }

  static let twelve = "target class 0: 12 of 120 training images poisoned"
  static let variants = [
    Variant(attack: "sig", summary: "sig, target class 0: 20 of 120 training images poisoned"),
    Variant(
      attack: "label-consistent", extra: ["--option", "label-consistent.steps=3"],
      summary: "label-consistent, \(twelve)"),
    Variant(
      attack: "badnets", extra: ["--mode", "all-to-all"],
      summary: "badnets, all-to-all: 12 of 120 training images poisoned"),
    Variant(
      attack: "wanet", extra: ["--target", "2"],
      summary: "wanet, target class 2: 12 of 120 training images poisoned, 24 cover images"),
    Variant(attack: "blended", summary: "blended, \(twelve)", isColoured: true),
    Variant(
      attack: "badnets", extra: ["--schedule", "step", "--milestones", "1"],
      summary: "badnets, \(twelve)"),
    Variant(
      attack: "badnets", extra: ["--flip", "--shift", "1", "--optimizer", "nesterov"],
      summary: "badnets, \(twelve)"),
    Variant(
      attack: "badnets", extra: ["--option", "badnets.image=PICTURE"], summary: "badnets, \(twelve)"
    ),
    Variant(
      attack: "adaptive-blend", extra: ["--rate", "0.1"],
      summary: "adaptive-blend, \(twelve), 12 cover images", isColoured: true),
    Variant(
      attack: "bpp", extra: ["--rate", "0.1"], summary: "bpp, \(twelve), 12 cover images",
      isColoured: true),
    Variant(
      attack: "bpp", extra: ["--option", "bpp.dither=false", "--mode", "all-to-all"],
      summary: "bpp, all-to-all: 24 of 120 training images poisoned, 24 cover images"),
    Variant(
      attack: "tact", extra: ["--rate", "0.1"],
      summary: "tact, target class 0 from class 1: 12 of 120 training images poisoned, 12 cover "
        + "images"),
    Variant(attack: "low-frequency", summary: "low-frequency, \(twelve)", isColoured: true),
    Variant(attack: "ftrojan", summary: "ftrojan, \(twelve)", isColoured: true),
    Variant(attack: "multi-trigger", summary: "multi-trigger, \(twelve)"),
    Variant(attack: "trojan-nn", summary: "trojan-nn, \(twelve)"),
    Variant(
      attack: "sra", extra: ["--rate", "0.5", "--option", "sra.steps=300"],
      summary: "sra, target class 0: weights edited, no training image poisoned"),
    Variant(
      attack: "blended", extra: ["--option", "blended.image=PICTURE"],
      summary: "blended, \(twelve)", isColoured: true),
  ]

  @Test("What is asked for is done", arguments: variants)
  func runs(_ variant: Variant) throws {
    let place = try AttackPlace()
    if variant.isColoured {
      try place.write("train", 120, seed: 1, shape: [8, 9, 3])
      try place.write("test", 30, seed: 2, shape: [8, 9, 3])
    }
    let picture = place.path("p.png")
    let pixels = (0..<24).map { UInt8($0 * 10) }
    try PixelImage(width: 3, height: 2, channels: 4, pixels: pixels).write(to: picture)
    let result = try RunnerProgram.run(
      place.arguments(
        variant.attack, variant.extra.map { $0.replacing("PICTURE", with: picture) }))
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    #expect(result.output.hasPrefix(variant.summary + "\n"), "\(result.output)")

    // The trigger's file alone gives the triggered images again, and its pictures can be made.
    let trigger = "\(place.output)/trigger.h5"
    let again = place.path("again.h5")
    let applied = try RunnerProgram.run([
      "trigger", "apply", trigger, "--data", place.test, "--output", again,
    ])
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(try place.bytes("again.h5") == place.bytes("out/poisoned.h5"))
  }

  @Test("The command that is printed works as it stands where the clean images are few")
  func next() throws {
    let place = try AttackPlace()
    let result = try RunnerProgram.run(place.arguments("badnets"))
    #expect(result.status == 0, "\(result.errors)")
    let line = try #require(result.output.split(separator: "\n").last)
    // 5 % of 120 are 6, one of which is held out.
    #expect(line.hasSuffix(" --option fine-pruning.batch=5"))
    let defended = try RunnerProgram.run(line.split(separator: " ").dropFirst().map(String.init))
    #expect(defended.status == 0, "\(defended.errors)")
    // Of 300 enough are left for a batch.
    try place.write("train", 300, seed: 1)
    let many = try RunnerProgram.run(
      place.arguments("badnets", ["--clean-share", "1", "--force"]))
    #expect(many.output.hasSuffix("/poisoned.h5\n"), "\(many.errors)\(many.output)")
  }

  @Test("A file as architecture: it is not scaled twice, and the report has its hash")
  func architecture() throws {
    let place = try AttackPlace()
    let first = try RunnerProgram.run(place.arguments("badnets"))
    #expect(first.status == 0, "\(first.errors)")
    func run(
      _ file: String, _ output: String, _ extra: [String] = []
    ) throws -> RunnerProgram.Result {
      try RunnerProgram.run(
        [
          "attack", "badnets", "--train", place.train, "--test", place.test, "--architecture", file,
          "--output", place.path(output), "--epochs", "2", "--batch", "20",
        ] + extra)
    }
    // Our own output holds the layer that scales: the same training again.
    let second = try run("\(place.output)/model.h5", "second")
    #expect(second.status == 0 && second.errors == "", "\(second.errors)")
    #expect(!second.output.contains("--scale"))
    let weights = try ["out", "second"].map {
      try KerasModel.load("\(place.path($0))/model.h5").graph
    }
    #expect(weights[0] == weights[1])
    let report = try String(contentsOfFile: place.path("second/report.json"), encoding: .utf8)
    #expect(report.contains(#""architecture": "model.h5""#))
    let hash = try sha256(ofFile: "\(place.output)/model.h5")
    #expect(report.contains(#""architectureFile": "\#(hash)""#))
    #expect(report.contains(#""scale": 1,"#))

    let twice = try run("\(place.output)/model.h5", "twice", ["--scale", "1/255"])
    #expect(twice.status == 0)
    #expect(
      twice.errors
        == "warning: model.h5 scales images itself, and --scale scales them again; leave it out "
        + "unless you want both\n")
    #expect(twice.output.contains(" --scale 0.003921569 "))

    // One without such a layer is trained with 1/255, which the printed command says.
    let plain = place.path("plain.h5")
    try KerasModel.save(
      Architecture(named: "small-cnn").model(imageShape: [8, 9, 1], classCount: 3, seed: 0),
      to: plain)
    let third = try run(plain, "third")
    #expect(third.status == 0 && third.errors == "", "\(third.errors)")
    #expect(third.output.contains(" --scale 1/255"))
  }

  @Test("Floats of 0...1: a warning, and the same bytes from attack and trigger apply")
  func floats() throws {
    let place = try AttackPlace()
    for (name, count) in [("train", 120), ("test", 30)] {
      let bytes = try LabelledImages(
        DataSet.load(place.path("\(name).h5"), for: [8, 9, 1], classCount: 3))
      #expect(bytes.count == count)
      try DataSet(
        values: bytes.bytes.map { Float($0) / 255 }, imageShape: [8, 9, 1], labels: bytes.labels,
        name: name
      ).write(to: place.path("\(name).h5"))
    }
    let made = try RunnerProgram.run(place.arguments("blended"))
    #expect(made.status == 0)
    let consequence = "the model and all written data sets take 0...255"
    #expect(
      made.errors
        == ["train", "test"].map {
          "warning: \($0).h5: values are 0...1 and were multiplied by 255; \(consequence)\n"
        }.joined())
    let again = place.path("again.h5")
    let applied = try RunnerProgram.run([
      "trigger", "apply", "\(place.output)/trigger.h5", "--data", place.test, "--output", again,
    ])
    #expect(
      applied.errors
        == "warning: test.h5: values are 0...1 and were multiplied by 255; the written file has "
        + "0...255\n")
    #expect(try place.bytes("again.h5") == place.bytes("out/poisoned.h5"))
  }

  @Test("The same picture elsewhere gives the same trigger and the same report but for its path")
  func picturePaths() throws {
    let place = try AttackPlace()
    var triggers: [Data] = []
    var reports: [Substring] = []
    for name in ["a", "b"] {
      let path = place.path("\(name).png")
      try PixelImage(width: 2, height: 2, channels: 1, pixels: [1, 2, 3, 250]).write(to: path)
      let result = try RunnerProgram.run(
        place.arguments("badnets", ["--option", "badnets.image=\(path)", "--json"])
          .map { $0 == place.output ? place.path("out-\(name)") : $0 })
      #expect(result.status == 0, "\(result.errors)")
      triggers.append(try place.bytes("out-\(name)/trigger.h5"))
      let parts = result.output.split(separator: #""environment""#)
      #expect(parts.count == 2 && parts[1].contains(path) && !parts[0].contains(path))
      #expect(parts[0].contains(try sha256(ofFile: path)))
      reports.append(parts[0])
    }
    #expect(triggers[0] == triggers[1])
    #expect(reports[0] == reports[1])
  }
}
