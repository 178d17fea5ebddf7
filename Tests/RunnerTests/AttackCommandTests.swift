import DefenseKit
import Foundation
import Testing

@Suite("attack and trigger, whole")
struct AttackCommandTests {
  @Test("An attack leaves what the other commands take, and they find what it says")
  func wholeJob() throws {
    let place = try AttackPlace()
    let result = try RunnerProgram.run(
      place.arguments("badnets", ["--clean-twin", "--training-set", "--clean-share", "0.5"]))
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors == "")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: place.output).sorted() == [
        "clean-model.h5", "clean.h5", "contact-sheet.png", "model.h5", "poisoned.h5",
        "report.json", "test.h5", "train.h5", "trigger.h5", "trigger.png",
      ])
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0] == "badnets, target class 0: 12 of 120 training images poisoned")
    #expect(lines[2].hasPrefix("Clean accuracy:       ") && lines[2].hasSuffix(" of 30)"))
    #expect(lines[3].hasPrefix("Attack success rate:  ") && lines[3].hasSuffix(" of 20)"))
    #expect(lines[4].hasPrefix("Clean twin accuracy:  ") && lines[4].hasSuffix(" of 30)"))
    #expect(lines[6] == "All results are in \(place.output). Next:")

    let evaluated = try RunnerProgram.run([
      "evaluate", "\(place.output)/model.h5", "--test", "\(place.output)/test.h5",
      "--poisoned", "\(place.output)/poisoned.h5",
    ])
    #expect(evaluated.output == lines[2...3].joined(separator: "\n") + "\n", "\(evaluated.errors)")

    let next = lines[8].split(separator: " ").map(String.init)
    #expect(next.first == "runner")
    let defended = try RunnerProgram.run(
      next.dropFirst() + ["--option", "fine-pruning.epochs=0", "--option", "fine-pruning.drops=1"])
    #expect(defended.status == 0, "\(defended.errors)")
    #expect(defended.output.contains("fine-pruning"))
    let clean = try DataSet.load(
      "\(place.output)/clean.h5", for: [8, 9, 1], classCount: 3)
    #expect(clean.count == 60)
  }

  @Test("The report names every file by its hash, and the poisoned images")
  func report() throws {
    let place = try AttackPlace()
    let result = try RunnerProgram.run(
      place.arguments("wanet", ["--json", "--training-set", "--seed", "18446744073709551615"]))
    #expect(result.status == 0, "\(result.errors)")
    let written = try String(contentsOfFile: "\(place.output)/report.json", encoding: .utf8)
    #expect(result.output == written)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(written.utf8)) as? [String: Any])
    let files = try #require(json["files"] as? [[String: String]])
    let names = try FileManager.default.contentsOfDirectory(atPath: place.output)
    #expect(Set(files.compactMap { $0["file"] } + ["report.json"]) == Set(names))
    for file in files {
      let path = "\(place.output)/\(file["file"] ?? "")"
      #expect(try sha256(ofFile: path) == file["sha256"])
    }
    let attack = try #require(json["attack"] as? [String: Any])
    #expect(attack["name"] as? String == "wanet")
    #expect(attack["seed"] as? String == "18446744073709551615")
    let poisoned = try #require(json["poisonedImages"] as? [Int])
    let covers = try #require(json["coverImages"] as? [Int])
    #expect(poisoned.count == 12 && covers.count == 24)
    // What was learnt and what is true differ in the poisoned images alone.
    let training = try DataSet.load(
      "\(place.output)/train.h5", for: [8, 9, 1], classCount: 3)
    let trueLabels = try #require(training.trueLabels)
    #expect(training.labels.indices.filter { training.labels[$0] != trueLabels[$0] } == poisoned)
    #expect(trueLabels == (0..<120).map { Int32($0 % 3) })
  }

  @Test("Other threads and a second run give the same bytes, another seed does not")
  func determinism() throws {
    let place = try AttackPlace()
    func run(_ name: String, _ extra: [String]) throws {
      let result = try RunnerProgram.run(
        place.arguments("blended", extra).map { $0 == place.output ? place.path(name) : $0 })
      #expect(result.status == 0, "\(result.errors)")
    }
    try run("one", ["--threads", "1"])
    try run("two", ["--threads", "2"])
    try run("three", ["--seed", "1"])
    for file in ["model.h5", "trigger.h5", "poisoned.h5", "clean.h5"] {
      #expect(try place.bytes("one/\(file)") == place.bytes("two/\(file)"))
      #expect(try place.bytes("one/\(file)") != place.bytes("three/\(file)"))
    }
  }

  @Test("A checkpoint: the training goes on from it; another training's is refused")
  func checkpoint() throws {
    let place = try AttackPlace()
    let state = place.path("state.h5")
    let first = try RunnerProgram.run(place.arguments("badnets", ["--checkpoint", state]))
    #expect(first.status == 0, "\(first.errors)")
    let model = try place.bytes("out/model.h5")
    try place.fails(
      73,
      "out holds the results of another run; choose another --output, or replace them with --force",
      place.arguments("badnets", ["--checkpoint", state, "--resume"]))
    let again = try RunnerProgram.run(
      place.arguments("badnets", ["--checkpoint", state, "--resume", "--force"]))
    #expect(again.status == 0, "\(again.errors)")
    #expect(try place.bytes("out/model.h5") == model)
    let other = place.arguments("badnets", ["--checkpoint", state])
      .map { $0 == place.output ? place.path("other") : $0 }
    try place.fails(
      73, "state.h5 already exists; go on from it with --resume, or replace it with --force",
      other)
    let refused = try RunnerProgram.run(other + ["--resume", "--seed", "5"])
    #expect(refused.status == 65)
    #expect(refused.errors.contains("the state to resume belongs to a training with"))
    #expect(refused.errors.split(separator: "\n").count == 1)
  }

  @Test("A clean model that diverges has no checkpoint, and none is promised")
  func cleanDivergence() throws {
    let place = try AttackPlace()
    for extra in [[], ["--checkpoint", place.path("state.h5")]] {
      let result = try RunnerProgram.run(
        place.arguments(
          "label-consistent", ["--learning-rate", "1e30", "--optimizer", "sgd"] + extra))
      #expect(result.status == 65)
      #expect(
        result.errors.hasPrefix("runner: the clean images: the training diverged in epoch 1 of 2")
      )
      #expect(result.errors.hasSuffix(" at a learning rate of 1e+30; lower --learning-rate\n"))
    }
  }

  @Test("A training that diverges says where, and leaves nothing")
  func divergence() throws {
    let place = try AttackPlace()
    let before = try place.folder.names
    let result = try RunnerProgram.run(
      place.arguments("badnets", ["--learning-rate", "1e30", "--optimizer", "sgd"]))
    #expect(result.status == 65)
    #expect(result.errors.contains("the training diverged in epoch 1 of 2, step "))
    #expect(result.errors.contains("the loss is "))
    #expect(result.errors.contains(" at a learning rate of 1e+30; lower --learning-rate; "))
    #expect(result.errors.hasSuffix("; --checkpoint keeps the weights of the epochs before\n"))
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(try place.folder.names == before)
  }

  @Test("A trigger from its file gives the attack's own test set; another target relabels it")
  func triggers() throws {
    let place = try AttackPlace()
    let made = try RunnerProgram.run(place.arguments("wanet"))
    #expect(made.status == 0, "\(made.errors)")
    let base = ["trigger", "apply", "\(place.output)/trigger.h5", "--data"]
    let again = place.path("again.h5")
    let applied = try RunnerProgram.run(base + [place.test, "--output", again])
    #expect(applied.errors == "")
    #expect(
      applied.output
        == "20 triggered images are in \(again); 10 images of the target class were left out\n")
    #expect(try place.bytes("again.h5") == place.bytes("out/poisoned.h5"))

    let aimed = try RunnerProgram.run(
      base + [place.test, "--output", again, "--force", "--target", "2", "--keep-target-class"])
    #expect(aimed.output == "30 triggered images are in \(again)\n", "\(aimed.errors)")
    let set = try DataSet.load(again, for: [8, 9, 1], classCount: 3)
    #expect(set.labels == Array(repeating: 2, count: 30))
    #expect(set.trueLabels == (0..<30).map { Int32($0 % 3) })

    try place.fails(
      73, "again.h5 already exists; give another name, or --force",
      base + [place.test, "--output", again])
    try place.fails(
      73, "--output is test.h5, which is read; give another name",
      base + [place.test, "--output", place.test, "--force"])
    let new = place.path("new.h5")
    try place.fails(
      64, "--target takes a class from 0 to 2, not 3",
      base + [place.test, "--output", new, "--target", "3"])
    let wide = try place.write("wide", 3, seed: 1, shape: [9, 9, 1])
    try place.fails(
      65,
      "wide.h5: its images are 1x9x9, but the trigger takes 8x9x1 (height x width x channels); give "
        + "data made for this trigger", base + [wide, "--output", new])
    try place.fails(
      65,
      "test.h5: is not a trigger file of this program, but looks like a data set; give one that it "
        + "wrote",
      ["trigger", "apply", place.test, "--data", place.test, "--output", new])
    try place.fails(
      65,
      "out/model.h5: is not a trigger file of this program, but looks like a model; give one that it "
        + "wrote",
      ["trigger", "show", "\(place.output)/model.h5"])

    let shown = try RunnerProgram.run([
      "trigger", "show", "\(place.output)/trigger.h5", "--png", place.path("t.png"), "--data",
      place.test, "--sheet", place.path("s.png"),
    ])
    #expect(
      shown.output == """
        attack   wanet
        target   class 0 of 3
        images   8x9x1
        change   a warp
        seed     0
        options  grid=4 strength=0.5 cross-ratio=2
        SHA-256  \(try sha256(ofFile: "\(place.output)/trigger.h5"))

        """, "\(shown.errors)")
    #expect(try place.bytes("t.png") == place.bytes("out/trigger.png"))
    #expect(try place.bytes("s.png") == place.bytes("out/contact-sheet.png"))
  }

  @Test("Pictures of a trigger replace nothing that is read, and nothing else without --force")
  func pictures() throws {
    let place = try AttackPlace()
    let made = try RunnerProgram.run(place.arguments("badnets"))
    #expect(made.status == 0, "\(made.errors)")
    let trigger = "\(place.output)/trigger.h5"
    let (png, sheet) = (place.path("t.png"), place.path("s.png"))
    func show(_ extra: [String]) -> [String] {
      ["trigger", "show", trigger, "--data", place.test] + extra
    }
    for force in [[], ["--force"]] {
      try place.fails(
        73, "--sheet is test.h5, which is read; give another name",
        show(["--sheet", place.test] + force))
      try place.fails(
        73, "--png is out/trigger.h5, which is read; give another name",
        show(["--png", trigger, "--sheet", sheet] + force))
      try place.fails(
        64, "--png and --sheet are the same file; give each a name of its own",
        show(["--png", png, "--sheet", "\(place.folder.path)/./t.png"] + force))
      try place.fails(
        73, "out is a folder; give --png a file", show(["--png", place.output, "--sheet", sheet]))
      try place.fails(
        73, "no/t.png cannot be written: no such folder (no); create it first",
        show(["--png", place.path("no/t.png"), "--sheet", sheet]))
    }
    let shown = try RunnerProgram.run(show(["--png", png, "--sheet", sheet]))
    #expect(shown.status == 0, "\(shown.errors)")
    try place.fails(
      73, "s.png already exists; give another name, or --force", show(["--sheet", sheet]))
    #expect(try RunnerProgram.run(show(["--sheet", sheet, "--force"])).status == 0)
  }
}
