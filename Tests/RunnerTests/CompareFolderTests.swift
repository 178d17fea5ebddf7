import Foundation
import LabFiles
import Testing

@Suite("compare: folders")
struct CompareFolderTests {
  @Test("A folder of another plan, of an older schema, of something else, or in use is refused")
  func otherFolders() throws {
    let place = try ComparePlace()
    let output = place.path("out")
    let arguments = place.model + ["--defense", "faulty", "--output", output]
    #expect(try Compare.run(arguments).status == 0)
    let other = try Compare.run(arguments + ["--seeds", "1"])
    #expect(other.status == 65)
    #expect(
      other.errors
        == "faulty-runner: \(output) holds the comparison of another plan (its seeds are 0, now they are 1); "
        + "choose another --output\n")
    let options = try Compare.run(arguments + ["--option", "faulty.misdeed=throw"])
    #expect(options.errors.contains("(files or options differ)"), "\(options.errors)")
    let plan = "\(output)/plan.json"
    let text = try String(contentsOfFile: plan, encoding: .utf8)
    try text.replacing("\"schema\":5", with: "\"schema\":4")
      .write(toFile: plan, atomically: true, encoding: .utf8)
    let older = try Compare.run(arguments)
    #expect(older.status == 65)
    #expect(
      older.errors.contains("plan.json is of schema 4, DefenseKit 0.1.0, but this is schema 5"))
    try FileManager.default.removeItem(atPath: plan)
    try "x".write(toFile: "\(output)/foreign", atomically: true, encoding: .utf8)
    let foreign = try Compare.run(arguments)
    #expect(foreign.status == 73 && foreign.errors.contains("isn't a result of 'compare'"))
    // A folder that is refused stays as it was, and a file is none.
    let taken = place.path("taken")
    try FileManager.default.createDirectory(atPath: taken, withIntermediateDirectories: true)
    try "x".write(toFile: "\(taken)/mine", atomically: true, encoding: .utf8)
    let refused = try Compare.run(place.model + ["--defense", "faulty", "--output", taken])
    #expect(refused.status == 73 && refused.errors.contains("holds 'mine'"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: taken) == ["mine"])
    let onFile = try Compare.run(
      place.model + ["--defense", "faulty", "--output", "\(taken)/mine"])
    #expect(onFile.status == 73 && onFile.errors.contains("no folder can be created there"))
    #expect(!onFile.errors.contains("no such file"), "\(onFile.errors)")

    // A lock of another process, which this test is.
    let busy = place.path("busy")
    try FileManager.default.createDirectory(atPath: busy, withIntermediateDirectories: true)
    let lock = unsafe open("\(busy)/.lock", O_RDWR | O_CREAT, 0o666)
    defer { close(lock) }
    #expect(flock(lock, LOCK_EX) == 0)
    let locked = try Compare.run(place.model + ["--defense", "faulty", "--output", busy])
    #expect(locked.status == 75)
    #expect(
      locked.errors
        == "faulty-runner: \(busy): another run is using this folder; wait for it, or choose another "
        + "--output\n")
  }

  @Test("Seven shards, merged, are one run, byte for byte; what does not fit together is refused")
  func shards() throws {
    let place = try ComparePlace()
    let plan = try place.plan(
      """
      defenses:
        - faulty
        - {name: faulty, label: throws, options: {misdeed: throw}}
      detectors: [goodnet, faulty-detector]
      seeds: 0-2
      """)
    let whole = place.path("whole")
    #expect(try Compare.run([plan, "--output", whole]).status == 2)
    var parts: [String] = []
    for part in 1...7 {
      parts.append(place.path("part-\(part)"))
      let ending = try Compare.run([plan, "--output", parts[part - 1], "--shard", "\(part)/7"])
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
    let (one, other) = (try Compare.lasting(whole), try Compare.lasting(merged))
    #expect(one.keys.sorted() == other.keys.sorted())
    #expect(one.count > 18 && one == other)
    // A result that says something else than another part's.
    let name = try #require(one.keys.first { $0.hasPrefix("units/") })
    let damaged = "\(whole)/\(name)"
    try String(decoding: try #require(one[name]), as: UTF8.self)
      .replacing("\"schema\":5", with: "\"schema\":4")
      .write(toFile: damaged, atomically: true, encoding: .utf8)
    let refused = try Ending(program, ["merge", whole] + parts + ["--output", place.path("x")])
    #expect(refused.status == 65)
    #expect(
      refused.errors.hasSuffix(
        "\(name) has schema 4, written by an earlier version, but this version reads schema 5; remove "
          + "it to measure it again\n"), "\(refused.errors)")
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
      try Compare.run(place.model + ["--defense", "faulty", "--output", stranger]).status == 0)
    let mixed = try Ending(program, ["merge", stranger] + parts + ["--output", place.path("x")])
    #expect(mixed.status == 65 && mixed.errors.contains("another plan"), "\(mixed.errors)")
  }

  @Test("Killed at ten moments and resumed: the same bytes, and what is done is not done again")
  func killed() throws {
    let place = try ComparePlace()
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
    let start = ContinuousClock.now
    #expect(try Compare.run([plan, "--output", whole]).status == 0)
    let time = ContinuousClock.now - start
    // Once for a seed, however many detectors there are.
    #expect(try repairs() == 40)
    let program = try #require(Lab.program("faulty-runner")).path
    let output = place.path("killed")
    try Data().write(to: URL(fileURLWithPath: log))
    var (killed, halfDone) = (0, 0)
    for turn in 1...10 {
      let delay = Double.random(in: 0.03...0.1) * (time / .seconds(1))
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
    let ending = try Compare.run([plan, "--output", output])
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try files().filter { left[$0.key] != nil } == left)
    let (one, other) = (try Compare.lasting(whole), try Compare.lasting(output))
    #expect(one.count >= 160 && one == other)
    // A finished comparison measures nothing.
    let before = try repairs()
    #expect(try Compare.run([plan, "--output", output]).status == 0)
    #expect(try repairs() == before)
  }
}
