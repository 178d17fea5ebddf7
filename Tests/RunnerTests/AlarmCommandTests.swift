import Foundation
import Testing

@testable import ModelIO

@Suite("GoodNet by a share of false alarms, on the command line")
struct AlarmCommandTests {
  private func arguments(_ place: borrowing BadInputPlace, _ extra: [String]) -> [String] {
    [
      "--defense", "fine-tuning", "--detector", "goodnet", "--model", place.model, "--clean",
      place.good, "--test", place.test, "--poisoned", place.poisoned, "--option",
      "fine-tuning.epochs=1", "--option", "fine-tuning.batch=2",
    ] + extra
  }

  @Test("run sets the threshold on what the defense held out, and the report has it")
  func run() throws {
    let place = try BadInputPlace.make()
    func report(_ extra: [String]) throws -> (json: JSON, errors: String) {
      let result = try RunnerProgram.run(
        arguments(place, ["--json", "--option", "fine-tuning.held-out=0.5"] + extra))
      #expect(result.status == 0, "\(result.errors)")
      return (try JSONParser.parse(result.output), result.errors)
    }
    let output = ["--output", place.path("out")]
    let (soft, errors) = try report(["--option", "goodnet.alarms=0.4"] + output)
    #expect(soft["options"]?["detectors"]?["goodnet"]?["alarms"]?.string == "0.4")
    let detector = try #require(soft["repairs"]?[0]?["detectors"]?[0])
    // 0.4 of 3 images is one.
    #expect(detector["threshold"]?["images"]?.int == 3)
    #expect(try #require(detector["threshold"]?["flagged"]?.int) <= 1)
    #expect(!errors.contains("threshold"), "\(errors)")
    let files = try FileManager.default.contentsOfDirectory(atPath: place.path("out"))
    #expect(files.contains("fine-tuning.h5") && !files.contains { $0.hasPrefix("goodnet") })

    let (hard, _) = try report([])
    #expect(hard["options"]?["detectors"]?["goodnet"]?["alarms"]?.string == "auto")
    #expect(try #require(hard["repairs"]?[0]?["detectors"]?[0])["threshold"] == nil)
    #expect(soft["repairs"]?[0]?["test"] == hard["repairs"]?[0]?["test"])

    let few = try report(["--option", "goodnet.alarms=0.1"])
    #expect(
      few.errors.contains(
        "goodnet with fine-tuning: a share of 0.1 of 3 images is less than one image"))
    #expect(few.json["repairs"]?[0]?["detectors"]?[0]?["threshold"]?["flagged"]?.int == 0)
  }

  @Test("A repair that held nothing out gets its threshold from all clean images, and a warning")
  func allImages() throws {
    let place = try BadInputPlace.make()
    let result = try RunnerProgram.run(
      arguments(
        place,
        ["--json", "--option", "fine-tuning.held-out=0", "--option", "goodnet.alarms=0.2"]))
    #expect(result.status == 0, "\(result.errors)")
    let report = try JSONParser.parse(result.output)
    #expect(report["repairs"]?[0]?["detectors"]?[0]?["threshold"]?["images"]?.int == 6)
    #expect(
      result.errors.contains(
        "goodnet with fine-tuning: the threshold is set on all 6 images of good.h5, as none are "
          + "known to be held out of the repair"))
  }

  @Test("predict with a repaired model from a file needs clean images, and warns")
  func predict() throws {
    let place = try BadInputPlace.make()
    let arguments = [
      "predict", place.model, "--repaired", place.model, "--detector", "goodnet", "--data",
      place.test, "--option", "goodnet.alarms=0.2",
    ]
    let without = try RunnerProgram.run(arguments)
    #expect(without.status == 64 && without.output == "")
    #expect(
      without.errors.contains("runner: goodnet learns from clean images; give some with --clean\n"))
    let with = try RunnerProgram.run(arguments + ["--clean", place.good])
    #expect(with.status == 0, "\(with.errors)")
    #expect(with.output.split(separator: "\n").count == 6)
    #expect(with.errors.contains("goodnet with repaired: the threshold is set on all 6 images of"))
  }

  @Test("Without clean images nothing is run; a share out of range is refused")
  func refusals() throws {
    let place = try BadInputPlace.make()
    let missing = try RunnerProgram.run([
      "--defense", "clp", "--detector", "goodnet", "--model", place.model, "--option",
      "goodnet.alarms=0.1",
    ])
    #expect(missing.status == 64)
    #expect(
      missing.errors.contains(
        "runner: --model needs --clean, the clean images that goodnet works with\n"))
    for share in ["1", "-0.1", "few"] {
      let wrong = try RunnerProgram.run(arguments(place, ["--option", "goodnet.alarms=\(share)"]))
      #expect(wrong.status == 64)
      #expect(wrong.errors.hasPrefix("runner: goodnet.alarms takes a number"), "\(wrong.errors)")
    }
  }

  @Test("A plan compares both rules")
  func plan() throws {
    let place = try ComparePlace()
    let plan = try place.plan(
      """
      defenses: [faulty]
      detectors: [goodnet, {name: goodnet, label: soft, options: {alarms: 0.2}}]
      """)
    let output = place.path("out")
    let ending = try Compare.run([plan, "--output", output])
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(
      try Compare.failures(output)
        == ["": "", "faulty": "", "faulty+goodnet": "", "faulty+soft": ""])
    let records = try FileManager.default.contentsOfDirectory(atPath: "\(output)/units").map {
      try String(contentsOfFile: "\(output)/units/\($0)", encoding: .utf8)
    }
    #expect(records.count { $0.contains("the threshold is set on all 6 images") } == 1)
  }
}
