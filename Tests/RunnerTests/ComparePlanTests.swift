import Foundation
import LabFiles
import Testing

@Suite("compare: plans")
struct ComparePlanTests {
  @Test(
    "A plan that says what there is not: named, with the line and the nearest, and nothing is run",
    arguments: [
      ("modles: [a]", "there is no key 'modles'; did you mean 'models'?", 64),
      ("defenses: [falty]", "falty is not a defense; did you mean 'faulty'?", 64),
      ("defenses:\n  - {name: faulty, options: {misdeeds: none}}", "did you mean 'misdeed'?", 64),
      ("defenses:\n  - {name: faulty, options: {misdeed: trp}}", "did you mean 'trap'?", 64),
      ("defenses:\n  - {nam: faulty}", "there is no key 'nam'; did you mean 'name'?", 64),
      ("detectors: [faulty]", "faulty is a defense, not a detector", 64),
      ("seeds: 3-1", "seeds takes different integers of at least 0", 64),
      ("seeds: [1, 1]", "seeds takes different integers of at least 0", 64),
      ("timeout: -1", "timeout takes seconds, over 0", 64),
      ("defenses: [faulty, faulty]", "two defenses are called 'faulty'", 64),
      ("a: &a [1]\nb: *a", "anchor", 65),
      ("defenses: [", "is not YAML", 65),
    ] as [(String, String, Int32)])
  func badPlans(text: String, words: String, status: Int32) throws {
    let place = try ComparePlace()
    let file = place.path("plan.yaml")
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    let output = place.path("out")
    let ending = try Compare.run([file, "--output", output] + place.model)
    #expect(ending.status == status, "\(ending.errors)")
    #expect(ending.errors.contains(words), "\(ending.errors)")
    #expect(ending.errors.split(separator: "\n").count == 1)
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test("Files that are missing are named, and nothing is run")
  func missingFiles() throws {
    let place = try ComparePlace()
    let output = place.path("out")
    for (models, words) in [
      ("models: [nowhere]", "nowhere: no such folder; check the path"),
      ("models: [bulit-in]", "bulit-in: no such folder; did you mean 'built-in'?"),
      ("models: [{model: no.h5}]", "no.h5: no such file; check the path"),
      (
        "models: [\(place.path(""))]",
        "report.json: no such report; give a folder that 'attack' wrote"
      ),
    ] {
      let file = place.path("plan.yaml")
      try "defenses: all\n\(models)\n".write(toFile: file, atomically: true, encoding: .utf8)
      let ending = try Compare.run([file, "--output", output])
      #expect(ending.status == 66)
      #expect(
        ending.errors.contains("plan.yaml:2: ") && ending.errors.contains(words), "\(ending.errors)"
      )
      #expect(!FileManager.default.fileExists(atPath: output))
    }
  }

  @Test("What would be ignored is refused")
  func ignored() throws {
    let place = try ComparePlace()
    let file = place.path("plan.yaml")
    for (text, arguments, words) in [
      (
        "models: [{folder: built-in, scale: 1/255}]\ndefenses: all", [],
        "plan.yaml:1: 'scale' cannot"
      ),
      (
        "models: [{folder: x, model: y}]\ndefenses: all", [],
        "'model' cannot be combined with 'folder: x'"
      ),
      ("models: []\ndefenses: all", [], "the plan has no 'models'"),
      ("defenses: all", [], "the plan has no 'models'"),
      (
        "models: [built-in]\ndefenses: all", ["--scale", "2"],
        "--scale is for a model that --model names"
      ),
      (
        "models: [built-in]\ndefenses: all", ["--test", "x"],
        "--test is for a model that --model names"
      ),
      (
        "models: [{folder: built-in, name: ' '}]\ndefenses: all", [],
        "one of the models has an empty name"
      ),
      ("models: [built-in]\ndefenses: [{name: faulty, label: ''}]", [], "empty label"),
      (
        "models: [built-in]\ndefenses: [{name: faulty, label: suspect}]", [],
        "'suspect' is the name"
      ),
      ("models: [built-in]\ndefenses: [all, faulty]", [], "'all' means every one"),
      ("models: [built-in]", ["--defense", "all,faulty"], "--defense all means every one"),
    ] as [(String, [String], String)] {
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      let ending = try Compare.run([file, "--output", place.path("out")] + arguments)
      #expect(ending.status == 64 && ending.errors.contains(words), "\(ending.errors)")
    }
    let folders = try Compare.run(
      ["--model", "built-in", "--scale", "2", "--defense", "all", "--output", place.path("out")])
    #expect(folders.status == 64 && folders.errors.contains("--scale is for one model"))
    #expect(!FileManager.default.fileExists(atPath: place.path("out")))
  }

  @Test("Options of the command line replace those of the plan, wherever it has their plugin")
  func optionsOnTop() throws {
    let place = try ComparePlace()
    let plan = try place.plan(
      """
      defenses: [{name: faulty, label: mended, options: {misdeed: throw}}]
      detectors: [goodnet]
      """)
    let output = place.path("out")
    let mended = try Compare.run([plan, "--option", "faulty.misdeed=none", "--output", output])
    #expect(mended.status == 0, "\(mended.errors)")
    #expect(try Compare.failures(output) == ["": "", "mended": "", "mended+goodnet": ""])
    for (option, words) in [
      ("goodnet.nothing=1", "faulty-runner: goodnet.nothing is not an option"),
      ("faulty-detector.misdeed=none", "faulty-detector isn't part of this run"),
    ] {
      let refused = try Compare.run([plan, "--option", option, "--output", place.path("none")])
      #expect(refused.status == 64 && refused.errors.contains(words), "\(refused.errors)")
    }
    let two = try place.plan("defenses: [faulty, {name: faulty, label: b, options: {once: x}}]")
    let same = try Compare.run([two, "--option", "faulty.once=y", "--output", place.path("same")])
    #expect(same.status == 64 && same.errors.contains("are the same"), "\(same.errors)")
  }

  @Test("Models are called as their folders and files are, without the seed")
  func names() throws {
    let place = try ComparePlace()
    func models(_ path: String, seeds: String) throws -> [String] {
      let output = place.path("names-\(UUID().uuidString)")
      let file = place.path("plan.yaml")
      let model = "{model: '\(path)', clean: \(place.inner.good), test: \(place.inner.good)}"
      try "models: [\(model)]\ndefenses: faulty\nseeds: \(seeds)\n"
        .write(toFile: file, atomically: true, encoding: .utf8)
      let ending = try Compare.run([file, "--output", output])
      #expect(ending.status == 0, "\(ending.errors)")
      let lines = try String(contentsOfFile: "\(output)/summary.csv", encoding: .utf8)
      return lines.split(separator: "\n").dropFirst().map { String($0.prefix { $0 != "," }) }
    }
    for name in ["e-0.1.h5", "m_0.h5", "m_1.h5", "runs/0.h5", "runs/1.h5", "a,b.h5"] {
      let path = place.path(name)
      try FileManager.default.createDirectory(
        atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
        withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: place.inner.model, toPath: path)
    }
    #expect(try models(place.path("e-0.1.h5"), seeds: "0") == ["e-0.1", "e-0.1"])
    #expect(try models(place.path("m_{seed}.h5"), seeds: "0-1") == ["m", "m"])
    #expect(try models(place.path("runs/{seed}.h5"), seeds: "0-1") == ["runs", "runs"])
    // A comma separates models, but is part of a path that is there.
    let output = place.path("comma")
    let ending = try Compare.run([
      "--model", place.path("a,b.h5"), "--clean", place.inner.good, "--defense", " faulty",
      "--output", output,
    ])
    #expect(ending.status == 0, "\(ending.errors)")
  }
}
