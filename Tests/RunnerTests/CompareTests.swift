import Foundation
import LabFiles
import Testing

/// `compare` on a network of a few weights, with plugins that behave and others that do not.
@Suite("compare")
struct CompareTests {
  /// A model with data, and folders for results.
  struct Place: ~Copyable {
    let inner: BadInputPlace

    init() throws { inner = try BadInputPlace.make() }

    func path(_ name: String) -> String { inner.path(name) }

    /// What names the model and its data.
    var model: [String] {
      [
        "--model", inner.model, "--clean", inner.good, "--test", inner.good, "--poisoned",
        inner.good,
      ]
    }

    func plan(_ text: String) throws -> String {
      let model = """
        models:
          - {name: small, model: \(inner.model), clean: \(inner.good), test: \(inner.good), \
        poisoned: \(inner.good)}

        """
      let file = path("plan.yaml")
      try (model + text).write(toFile: file, atomically: true, encoding: .utf8)
      return file
    }
  }

  private static func run(_ arguments: [String]) throws -> Ending {
    let program = try #require(Lab.program("faulty-runner"), "faulty-runner was not built")
    return try Ending(program.path, ["compare"] + arguments)
  }

  private struct Unit: Decodable {
    struct Plugin: Decodable {
      let label: String
    }
    struct Inner: Decodable {
      let defense: Plugin?
      let detector: Plugin?
    }
    let unit: Inner
    let failure: String?
  }

  /// The failures of a folder by the plugins' labels; "" is no failure.
  private static func failures(_ folder: String) throws -> [String: String] {
    var result: [String: String] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/units") {
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/units/\(name)"))
      let unit = try JSONDecoder().decode(Unit.self, from: data)
      let labels = [unit.unit.defense?.label, unit.unit.detector?.label].compactMap { $0 }
      result[labels.joined(separator: "+")] = unit.failure ?? ""
    }
    return result
  }

  @Test("A plugin that throws, traps, exits or never returns fails its units; the rest goes on")
  func faults() throws {
    let place = try Place()
    let plan = try place.plan(
      """
      defenses:
        - faulty
        - {name: faulty, label: throws, options: {misdeed: throw}}
        - {name: faulty, label: traps, options: {misdeed: trap}}
        - {name: faulty, label: chatters, options: {misdeed: chatter}}
        - {name: faulty, label: exits, options: {misdeed: exit}}
        - {name: faulty, label: hangs, options: {misdeed: hang}}
      detectors:
        - goodnet
        - faulty-detector
        - {name: faulty-detector, label: trapping, options: {misdeed: trap}}
        - {name: faulty-detector, label: throwing, options: {misdeed: throw}}
        - {name: faulty-detector, label: hanging, options: {misdeed: hang}}
      timeout: 3
      """)
    let output = place.path("out")
    let ending = try Self.run([plan, "--output", output])
    #expect(ending.status == 2, "\(ending.errors)")
    #expect(
      ending.errors
        == "faulty-runner: 11 of 17 units failed for good; the results say why (--retry measures them once "
        + "more)\n")
    let failures = try Self.failures(output)
    #expect(failures.count == 17)
    for good in ["", "faulty-detector", "faulty", "faulty+goodnet", "chatters", "chatters+goodnet"]
    {
      #expect(failures[good] == "", "\(good)")
    }
    for (label, reason) in [
      ("throws", "faulty found nothing to \\u{1b}[31mdo"),
      ("traps", "crashed (signal "), ("exits", "ended the process with status 0"),
      ("hangs", "did not return within 3 s; raise 'timeout' and add --retry"),
    ] {
      for unit in [label, "\(label)+goodnet"] {
        let failure = try #require(failures[unit])
        #expect(failure.hasPrefix(reason), "\(failure)")
      }
    }
    #expect(failures["traps"]?.contains("Fatal error: faulty went wrong") == true)
    // What another plugin printed in the same process is not its reason.
    #expect(failures["exits"] == "ended the process with status 0")
    #expect(failures["throwing"]?.hasPrefix("faulty found nothing to") == true)
    #expect(failures["hanging"]?.hasPrefix("did not return within 3 s") == true)
    // The page that people read names them.
    let page = try String(contentsOfFile: "\(output)/report.html", encoding: .utf8)
    for unit in ["traps + goodnet", "hangs", "hanging"] {
      #expect(page.contains("<strong><bdi>small: \(unit), seed 0</bdi></strong> failed: <bdi>"))
    }
    #expect(failures["trapping"]?.contains("Fatal error: faulty went wrong") == true)
    // What is done is not done again, failures included, unless that is asked for.
    let again = try Self.run([plan, "--output", output])
    #expect(again.status == 2 && again.errors == ending.errors)
  }

  @Test("What may go better the next time is not a result: status 75, and the same command goes on")
  func temporary() throws {
    let place = try Place()
    let plan = try place.plan(
      """
      defenses:
        - {name: faulty, label: killed, options: {misdeed: kill, once: \(place.path("killed"))}}
        - {name: faulty, label: ended, options: {misdeed: terminate, once: \(place.path("ended"))}}
        - {name: faulty, label: starved, options: {misdeed: memory, once: \(place.path("starved"))}}
        - faulty
      detectors: goodnet
      """)
    let output = place.path("out")
    let ending = try Self.run([plan, "--output", output])
    #expect(ending.status == 75)
    #expect(
      ending.errors
        == "faulty-runner: 6 of 9 units are still to do (small: killed, seed 0: was killed from outside, "
        + "perhaps for want of memory); run the same command again\n")
    #expect(try Self.failures(output).keys.sorted() == ["", "faulty", "faulty+goodnet"])
    // The tables show what there is, and what is missing.
    let results = try String(contentsOfFile: "\(output)/results.csv", encoding: .utf8)
    #expect(results.components(separatedBy: ",pending,").count == 7)
    let again = try Self.run([plan, "--output", output])
    #expect(again.status == 0 && again.errors == "", "\(again.errors)")
    #expect(try Self.failures(output).values.allSatisfy(\.isEmpty))
  }

  @Test("What has been tried three times has failed")
  func attempts() throws {
    let place = try Place()
    let plan = try place.plan("defenses: [{name: faulty, options: {misdeed: kill}}]\n")
    let output = place.path("out")
    for status in [75, 75, 2] as [Int32] {
      let ending = try Self.run([plan, "--output", output])
      #expect(ending.status == status, "\(ending.errors)")
    }
    #expect(
      try Self.failures(output)["faulty"]
        == "was killed from outside, perhaps for want of memory (3 times)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(output)/attempts").isEmpty)
    // Asked for once more, it has three attempts again.
    #expect(try Self.run([plan, "--output", output, "--retry"]).status == 75)
  }

  @Test("A process that a plugin leaves behind holds up nothing, and ends with the worker's group")
  func leftBehind() throws {
    let place = try Place()
    let (left, stuck) = (place.path("left"), place.path("stuck"))
    let plan = try place.plan(
      """
      defenses:
        - {name: faulty, label: leaves, options: {misdeed: leave, file: \(left)}}
        - {name: faulty, label: sticks, options: {misdeed: leaveAndHang, file: \(stuck)}}
        - faulty
      timeout: 2
      """)
    let begin = ContinuousClock.now
    let ending = try Self.run([plan, "--output", place.path("out")])
    #expect(ending.status == 2, "\(ending.errors)")
    // They would live for a thousand seconds.
    #expect(ContinuousClock.now - begin < .seconds(100))
    #expect(
      try Self.failures(place.path("out")) == [
        "": "", "leaves": "", "faulty": "",
        "sticks": "did not return within 2 s; raise 'timeout' and add --retry",
      ])
    func number(_ file: String) throws -> pid_t {
      try #require(Int32(try String(contentsOfFile: file, encoding: .utf8)))
    }
    // One that has left the worker's group stays.
    kill(try number(stuck), SIGKILL)
    // Whoever inherits an orphan waits for it now and then.
    var tries = 0
    while try Self.isRunning(try number(left)), tries < 100 {
      Thread.sleep(forTimeInterval: 0.05)
      tries += 1
    }
    #expect(tries < 100)
  }

  /// Whether a process has not ended, though nobody may have waited for it.
  private static func isRunning(_ process: Int32) throws -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else {
      return false
    }
    return text.split(separator: ")").last?.split(separator: " ").first != "Z"
  }

  @Test(
    "A death just after a result fails nothing; time in which the program is stopped does not count"
  )
  func lateAndStopped() throws {
    let place = try Place()
    let plan = try place.plan(
      """
      defenses:
        - {name: faulty, label: late, options: {misdeed: late}}
        - {name: faulty, label: slow, options: {misdeed: slow}}
        - faulty
      timeout: 3
      """)
    let program = try #require(Lab.program("faulty-runner")).path
    let output = place.path("out")
    let ending = try Ending(program, ["compare", plan, "--output", output]) { process in
      // Longer than the timeout, while 'slow' sleeps, as it begins after about a second.
      Thread.sleep(forTimeInterval: 1.5)
      kill(process.processIdentifier, SIGSTOP)
      Thread.sleep(forTimeInterval: 4)
      kill(process.processIdentifier, SIGCONT)
    }
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try Self.failures(output) == ["": "", "late": "", "slow": "", "faulty": ""])
  }

  @Test("A file that changes while it is measured has no results")
  func changedFiles() throws {
    let place = try Place()
    let model = place.path("copy.h5")
    try FileManager.default.copyItem(atPath: place.inner.model, toPath: model)
    let plan = place.path("plan.yaml")
    try """
    models: [{model: \(model), clean: \(place.inner.good), test: \(place.inner.good)}]
    defenses: [{name: faulty, options: {misdeed: change, file: \(model)}}]
    """.write(toFile: plan, atomically: true, encoding: .utf8)
    let output = place.path("out")
    let ending = try Self.run([plan, "--output", output])
    #expect(ending.status == 75)
    #expect(
      ending.errors.contains(
        "copy: faulty, seed 0: \(model) has changed since the comparison began"),
      "\(ending.errors)")
    #expect(try Self.failures(output) == ["": ""])
    let again = try Self.run([plan, "--output", output])
    #expect(again.status == 65 && again.errors.contains("files or options differ"))
  }

  @Test(
    "A defense that repairs nothing is a failure with its warning; models of one title stay apart")
  func nothingAndTwins() throws {
    let place = try Place()
    let plan = try place.plan(
      """
      defenses:
        - {name: faulty, label: nothing, options: {misdeed: nothing}}
        - {name: faulty, label: twins, options: {misdeed: twins}}
      detectors: goodnet
      seeds: 0-1
      """)
    let output = place.path("out")
    let ending = try Self.run([plan, "--output", output])
    #expect(ending.status == 2, "\(ending.errors)")
    let failures = try Self.failures(output)
    for unit in ["nothing", "nothing+goodnet"] {
      #expect(failures[unit] == "made no repaired model: faulty found nothing to repair")
    }
    let lines = try String(contentsOfFile: "\(output)/summary.csv", encoding: .utf8)
      .split(separator: "\n").map { $0.split(separator: ",").prefix(4).joined(separator: ",") }
    #expect(lines.filter { $0.hasPrefix("small,twins,") }.count == 4)
    #expect(lines.contains { $0.hasPrefix("small,twins,2") })
  }

  @Test("Reasons name files and not the folders that they are in, which differ between machines")
  func reasons() throws {
    let place = try Place()
    let junk = place.path("junk.h5")
    try "junk".write(toFile: junk, atomically: true, encoding: .utf8)
    let output = place.path("out")
    let ending = try Self.run(
      ["--model", junk, "--clean", place.inner.good, "--defense", "faulty", "--output", output])
    #expect(ending.status == 2, "\(ending.errors)")
    let failure = try #require(try Self.failures(output)["faulty"])
    #expect(failure.hasPrefix("junk.h5") && !failure.contains("/"), "\(failure)")
  }

  @Test("Models are called as their folders and files are, without the seed")
  func names() throws {
    let place = try Place()
    func models(_ path: String, seeds: String) throws -> [String] {
      let output = place.path("names-\(UUID().uuidString)")
      let file = place.path("plan.yaml")
      let model = "{model: '\(path)', clean: \(place.inner.good), test: \(place.inner.good)}"
      try "models: [\(model)]\ndefenses: faulty\nseeds: \(seeds)\n"
        .write(toFile: file, atomically: true, encoding: .utf8)
      let ending = try Self.run([file, "--output", output])
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
    let ending = try Self.run([
      "--model", place.path("a,b.h5"), "--clean", place.inner.good, "--defense", " faulty",
      "--output", output,
    ])
    #expect(ending.status == 0, "\(ending.errors)")
  }

  @Test("What would be ignored is refused")
  func ignored() throws {
    let place = try Place()
    let file = place.path("plan.yaml")
    for (text, arguments, words) in [
      (
        "models: [{folder: built-in, scale: 1/255}]\ndefenses: all", [],
        "plan.yaml:1: 'scale' cannot"
      ),
      (
        "models: [{folder: x, model: y}]\ndefenses: all", [],
        "'model' cannot stand beside 'folder: x'"
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
        "'suspect' is the model"
      ),
      ("models: [built-in]\ndefenses: [all, faulty]", [], "'all' stands for every one"),
      ("models: [built-in]", ["--defense", "all,faulty"], "--defense all stands for every one"),
    ] as [(String, [String], String)] {
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      let ending = try Self.run([file, "--output", place.path("out")] + arguments)
      #expect(ending.status == 64 && ending.errors.contains(words), "\(ending.errors)")
    }
    let folders = try Self.run(
      ["--model", "built-in", "--scale", "2", "--defense", "all", "--output", place.path("out")])
    #expect(folders.status == 64 && folders.errors.contains("--scale is for one model"))
    #expect(!FileManager.default.fileExists(atPath: place.path("out")))
  }

  @Test("Failed units are measured again with --retry")
  func retry() throws {
    let place = try Place()
    let plan = try place.plan(
      """
      defenses:
        - {name: faulty, options: {misdeed: throw, once: \(place.path("thrown"))}}
      """)
    let output = place.path("out")
    #expect(try Self.run([plan, "--output", output]).status == 2)
    #expect(try Self.run([plan, "--output", output]).status == 2)
    let ending = try Self.run([plan, "--output", output, "--retry"])
    #expect(ending.status == 0, "\(ending.errors)")
  }

  @Test(
    "A plan that says what there is not: named, with the line and the nearest, and nothing is run",
    arguments: [
      ("modles: [a]", "there is no key 'modles'; did you mean 'models'?", 64),
      ("defenses: [falty]", "there is no defense 'falty'; did you mean 'faulty'?", 64),
      ("defenses:\n  - {name: faulty, options: {misdeeds: none}}", "did you mean 'misdeed'?", 64),
      ("defenses:\n  - {name: faulty, options: {misdeed: trp}}", "did you mean 'trap'?", 64),
      ("defenses:\n  - {nam: faulty}", "there is no key 'nam'; did you mean 'name'?", 64),
      ("detectors: [faulty]", "'faulty' is a defense, not a detector", 64),
      ("seeds: 3-1", "seeds takes different integers from 0 on", 64),
      ("seeds: [1, 1]", "seeds takes different integers from 0 on", 64),
      ("timeout: -1", "timeout takes seconds, over 0", 64),
      ("defenses: [faulty, faulty]", "two defenses are called 'faulty'", 64),
      ("a: &a [1]\nb: *a", "anchor", 65),
      ("defenses: [", "is not YAML", 65),
    ] as [(String, String, Int32)])
  func badPlans(text: String, words: String, status: Int32) throws {
    let place = try Place()
    let file = place.path("plan.yaml")
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    let output = place.path("out")
    let ending = try Self.run([file, "--output", output] + place.model)
    #expect(ending.status == status, "\(ending.errors)")
    #expect(ending.errors.contains(words), "\(ending.errors)")
    #expect(ending.errors.split(separator: "\n").count == 1)
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test("Files that are missing are named, and nothing is run")
  func missingFiles() throws {
    let place = try Place()
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
      let ending = try Self.run([file, "--output", output])
      #expect(ending.status == 66)
      #expect(
        ending.errors.contains("plan.yaml:2: ") && ending.errors.contains(words), "\(ending.errors)"
      )
      #expect(!FileManager.default.fileExists(atPath: output))
    }
  }

  @Test("Options of the command line replace those of the plan, wherever it has their plugin")
  func optionsOnTop() throws {
    let place = try Place()
    let plan = try place.plan(
      """
      defenses: [{name: faulty, label: mended, options: {misdeed: throw}}]
      detectors: [goodnet]
      """)
    let output = place.path("out")
    let mended = try Self.run([plan, "--option", "faulty.misdeed=none", "--output", output])
    #expect(mended.status == 0, "\(mended.errors)")
    #expect(try Self.failures(output) == ["": "", "mended": "", "mended+goodnet": ""])
    for (option, words) in [
      ("goodnet.nothing=1", "faulty-runner: goodnet has no option 'nothing'"),
      ("faulty-detector.misdeed=none", "faulty-detector isn't part of this run"),
    ] {
      let refused = try Self.run([plan, "--option", option, "--output", place.path("none")])
      #expect(refused.status == 64 && refused.errors.contains(words), "\(refused.errors)")
    }
    let two = try place.plan("defenses: [faulty, {name: faulty, label: b, options: {once: x}}]")
    let same = try Self.run([two, "--option", "faulty.once=y", "--output", place.path("same")])
    #expect(same.status == 64 && same.errors.contains("are the same"), "\(same.errors)")
  }

  @Test("A folder of another plan, of an older schema, of something else, or in use is refused")
  func otherFolders() throws {
    let place = try Place()
    let output = place.path("out")
    let arguments = place.model + ["--defense", "faulty", "--output", output]
    #expect(try Self.run(arguments).status == 0)
    let other = try Self.run(arguments + ["--seeds", "1"])
    #expect(other.status == 65)
    #expect(
      other.errors
        == "faulty-runner: \(output) holds the comparison of another plan (its seeds are 0, now they are 1); "
        + "choose another --output\n")
    let options = try Self.run(arguments + ["--option", "faulty.misdeed=throw"])
    #expect(options.errors.contains("(files or options differ)"), "\(options.errors)")
    let plan = "\(output)/plan.json"
    let text = try String(contentsOfFile: plan, encoding: .utf8)
    try text.replacing("\"schema\":3", with: "\"schema\":0")
      .write(toFile: plan, atomically: true, encoding: .utf8)
    let older = try Self.run(arguments)
    #expect(older.status == 65)
    #expect(
      older.errors.contains("plan.json is of schema 0, DefenseKit 0.1.0, but this is schema 3"))
    try FileManager.default.removeItem(atPath: plan)
    try "x".write(toFile: "\(output)/foreign", atomically: true, encoding: .utf8)
    let foreign = try Self.run(arguments)
    #expect(foreign.status == 73 && foreign.errors.contains("isn't a result of 'compare'"))
    // A folder that is refused stays as it was, and a file is none.
    let taken = place.path("taken")
    try FileManager.default.createDirectory(atPath: taken, withIntermediateDirectories: true)
    try "x".write(toFile: "\(taken)/mine", atomically: true, encoding: .utf8)
    let refused = try Self.run(place.model + ["--defense", "faulty", "--output", taken])
    #expect(refused.status == 73 && refused.errors.contains("holds 'mine'"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: taken) == ["mine"])
    let onFile = try Self.run(place.model + ["--defense", "faulty", "--output", "\(taken)/mine"])
    #expect(onFile.status == 73 && onFile.errors.contains("no folder can be made there"))
    #expect(!onFile.errors.contains("no such file"), "\(onFile.errors)")

    // A lock of another process, which this test is.
    let busy = place.path("busy")
    try FileManager.default.createDirectory(atPath: busy, withIntermediateDirectories: true)
    let lock = unsafe open("\(busy)/.lock", O_RDWR | O_CREAT, 0o666)
    defer { close(lock) }
    #expect(flock(lock, LOCK_EX) == 0)
    let locked = try Self.run(place.model + ["--defense", "faulty", "--output", busy])
    #expect(locked.status == 75)
    #expect(
      locked.errors
        == "faulty-runner: \(busy): another run works in this folder; wait for it, or choose another "
        + "--output\n")
  }

  /// The files of a comparison that are the same each time, by name.
  static func lasting(_ folder: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    let names = try #require(FileManager.default.enumerator(atPath: folder)).compactMap {
      $0 as? String
    }
    for name in names where !name.hasPrefix("costs") && name != "report.html" {
      let path = "\(folder)/\(name)"
      var isFolder: ObjCBool = false
      let isThere = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      if isThere, !isFolder.boolValue {
        files[name] = try Data(contentsOf: URL(fileURLWithPath: path))
      }
    }
    return files
  }

  @Test("Seven shards, merged, are one run, byte for byte; what does not fit together is refused")
  func shards() throws {
    let place = try Place()
    let plan = try place.plan(
      """
      defenses:
        - faulty
        - {name: faulty, label: throws, options: {misdeed: throw}}
      detectors: [goodnet, faulty-detector]
      seeds: 0-2
      """)
    let whole = place.path("whole")
    #expect(try Self.run([plan, "--output", whole]).status == 2)
    var parts: [String] = []
    for part in 1...7 {
      parts.append(place.path("part-\(part)"))
      let ending = try Self.run([plan, "--output", parts[part - 1], "--shard", "\(part)/7"])
      #expect([0, 2].contains(ending.status), "\(ending.errors)")
    }
    let program = try #require(Lab.program("faulty-runner")).path
    let early = try Ending(
      program, ["merge"] + parts.dropLast() + ["--output", place.path("early")])
    #expect(early.status == 75)
    #expect(
      early.errors.contains("units are in none of the folders, such as 'small: "), "\(early.errors)"
    )
    #expect(!FileManager.default.fileExists(atPath: place.path("early")))
    let merged = place.path("merged")
    let ending = try Ending(program, ["merge"] + parts.shuffled() + ["--output", merged])
    #expect(ending.status == 2, "\(ending.errors)")
    let (one, other) = (try Self.lasting(whole), try Self.lasting(merged))
    #expect(one.keys.sorted() == other.keys.sorted())
    #expect(one.count > 18 && one == other)
    // A result that says something else than another part's.
    let name = try #require(one.keys.first { $0.hasPrefix("units/") })
    let damaged = "\(whole)/\(name)"
    try String(decoding: try #require(one[name]), as: UTF8.self)
      .replacing("\"schema\":3", with: "\"schema\":4")
      .write(toFile: damaged, atomically: true, encoding: .utf8)
    let refused = try Ending(program, ["merge", whole] + parts + ["--output", place.path("x")])
    #expect(refused.status == 65)
    #expect(refused.errors.contains("\(name) is not the result of 'small: "), "\(refused.errors)")
    // A result that another part has otherwise.
    try String(decoding: try #require(one[name]), as: UTF8.self)
      .replacing("\"warnings\":[]", with: "\"warnings\":[\"changed\"]")
      .write(toFile: damaged, atomically: true, encoding: .utf8)
    let different = try Ending(program, ["merge", whole] + parts + ["--output", place.path("x")])
    #expect(different.status == 65)
    #expect(different.errors.contains("have different results of 'small: "), "\(different.errors)")
    // A part of another plan.
    let stranger = place.path("stranger")
    #expect(
      try Self.run(place.model + ["--defense", "faulty", "--output", stranger]).status == 0)
    let mixed = try Ending(program, ["merge", stranger] + parts + ["--output", place.path("x")])
    #expect(mixed.status == 65 && mixed.errors.contains("another plan"), "\(mixed.errors)")
  }

  @Test("Killed at ten moments and resumed: the same bytes, and what is done is not done again")
  func killed() throws {
    let place = try Place()
    // How often the defense has run.
    let log = place.path("log")
    func repairs() throws -> Int { try Data(contentsOf: URL(fileURLWithPath: log)).count }
    let plan = try place.plan(
      """
      defenses: [{name: faulty, options: {misdeed: note, file: \(log)}}]
      detectors: all
      seeds: 0-39

      """)
    let whole = place.path("whole")
    try Data().write(to: URL(fileURLWithPath: log))
    #expect(try Self.run([plan, "--output", whole]).status == 0)
    // Once for a seed, however many detectors there are.
    #expect(try repairs() == 40)
    let program = try #require(Lab.program("faulty-runner")).path
    let output = place.path("killed")
    try Data().write(to: URL(fileURLWithPath: log))
    var (killed, halfDone) = (0, 0)
    for turn in 1...10 {
      let delay = Double.random(in: 0.02...0.2)
      let ending = try Ending(program, ["compare", plan, "--output", output]) { process in
        Thread.sleep(forTimeInterval: delay)
        kill(process.processIdentifier, turn % 2 == 0 ? SIGKILL : SIGTERM)
      }
      if ending.isSignal { killed += 1 }
      let units = (try? FileManager.default.contentsOfDirectory(atPath: "\(output)/units")) ?? []
      if (1..<160).contains(units.count) { halfDone += 1 }
    }
    // A machine may be so fast that the last ones come too late.
    #expect(killed >= 5 && halfDone >= 1)
    /// The numbers of the files that units are in: one that is written anew has another.
    func files() throws -> [String: Int] {
      var numbers: [String: Int] = [:]
      for name in try FileManager.default.contentsOfDirectory(atPath: "\(output)/units")
      where !name.hasPrefix(".") {
        let path = "\(output)/units/\(name)"
        numbers[name] =
          try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
      }
      return numbers
    }
    let left = try files()
    let ending = try Self.run([plan, "--output", output])
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try files().filter { left[$0.key] != nil } == left)
    let (one, other) = (try Self.lasting(whole), try Self.lasting(output))
    #expect(one.count >= 160 && one == other)
    // A finished comparison measures nothing.
    let before = try repairs()
    #expect(try Self.run([plan, "--output", output]).status == 0)
    #expect(try repairs() == before)
  }
}
