import Foundation
import LabFiles
import Testing

/// Plugins that behave and others that do not.
@Suite("compare: failures")
struct CompareTests {
  @Test("A plugin that throws, traps, exits or never returns fails its units; the rest goes on")
  func faults() throws {
    let place = try ComparePlace()
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
    let ending = try Compare.run([plan, "--output", output])
    #expect(ending.status == 2, "\(ending.errors)")
    #expect(
      ending.errors
        == "faulty-runner: 11 of 17 units failed permanently; the results say why (--retry measures them "
        + "again)\n")
    let failures = try Compare.failures(output)
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
    let again = try Compare.run([plan, "--output", output])
    #expect(again.status == 2 && again.errors == ending.errors)
  }

  @Test("What may go better the next time is not a result: status 75, and the same command goes on")
  func temporary() throws {
    let place = try ComparePlace()
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
    let ending = try Compare.run([plan, "--output", output])
    #expect(ending.status == 75)
    #expect(
      ending.errors
        == "faulty-runner: 6 of 9 units remain (small: killed, seed 0: was killed from outside, "
        + "perhaps because memory ran out); run the same command again\n")
    #expect(try Compare.failures(output).keys.sorted() == ["", "faulty", "faulty+goodnet"])
    // The tables show what there is, and what is missing.
    let results = try String(contentsOfFile: "\(output)/results.csv", encoding: .utf8)
    #expect(results.components(separatedBy: ",pending,").count == 7)
    let again = try Compare.run([plan, "--output", output])
    #expect(again.status == 0 && again.errors == "", "\(again.errors)")
    #expect(try Compare.failures(output).values.allSatisfy(\.isEmpty))
  }

  @Test("What has been tried three times has failed")
  func attempts() throws {
    let place = try ComparePlace()
    let plan = try place.plan("defenses: [{name: faulty, options: {misdeed: kill}}]\n")
    let output = place.path("out")
    for status in [75, 75, 2] as [Int32] {
      let ending = try Compare.run([plan, "--output", output])
      #expect(ending.status == status, "\(ending.errors)")
    }
    #expect(
      try Compare.failures(output)["faulty"]
        == "was killed from outside, perhaps because memory ran out (3 times)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(output)/attempts").isEmpty)
    // Asked for once more, it has three attempts again.
    #expect(try Compare.run([plan, "--output", output, "--retry"]).status == 75)
  }

  @Test("Failed units are measured again with --retry")
  func retry() throws {
    let place = try ComparePlace()
    let plan = try place.plan(
      """
      defenses:
        - {name: faulty, options: {misdeed: throw, once: \(place.path("thrown"))}}
      """)
    let output = place.path("out")
    #expect(try Compare.run([plan, "--output", output]).status == 2)
    #expect(try Compare.run([plan, "--output", output]).status == 2)
    let ending = try Compare.run([plan, "--output", output, "--retry"])
    #expect(ending.status == 0, "\(ending.errors)")
  }

  @Test("A process that a plugin leaves behind holds up nothing, and ends with the worker's group")
  func leftBehind() throws {
    let place = try ComparePlace()
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
    let ending = try Compare.run([plan, "--output", place.path("out")])
    #expect(ending.status == 2, "\(ending.errors)")
    // They would live for a thousand seconds.
    #expect(ContinuousClock.now - begin < .seconds(100))
    #expect(
      try Compare.failures(place.path("out")) == [
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
    let place = try ComparePlace()
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
    #expect(try Compare.failures(output) == ["": "", "late": "", "slow": "", "faulty": ""])
  }

  @Test("A file that changes while it is measured has no results")
  func changedFiles() throws {
    let place = try ComparePlace()
    let model = place.path("copy.h5")
    try FileManager.default.copyItem(atPath: place.inner.model, toPath: model)
    let plan = place.path("plan.yaml")
    try """
    models: [{model: \(model), clean: \(place.inner.good), test: \(place.inner.good)}]
    defenses: [{name: faulty, options: {misdeed: change, file: \(model)}}]
    """.write(toFile: plan, atomically: true, encoding: .utf8)
    let output = place.path("out")
    let ending = try Compare.run([plan, "--output", output])
    #expect(ending.status == 75)
    #expect(
      ending.errors.contains(
        "copy: faulty, seed 0: copy.h5 has changed since the comparison began"),
      "\(ending.errors)")
    #expect(try Compare.failures(output) == ["": ""])
    let again = try Compare.run([plan, "--output", output])
    #expect(again.status == 65 && again.errors.contains("files or options differ"))
  }

  @Test(
    "A defense that repairs nothing is a failure with its warning; models of one title stay apart")
  func nothingAndTwins() throws {
    let place = try ComparePlace()
    let plan = try place.plan(
      """
      defenses:
        - {name: faulty, label: nothing, options: {misdeed: nothing}}
        - {name: faulty, label: twins, options: {misdeed: twins}}
      detectors: goodnet
      seeds: 0-1
      """)
    let output = place.path("out")
    let ending = try Compare.run([plan, "--output", output])
    #expect(ending.status == 2, "\(ending.errors)")
    let failures = try Compare.failures(output)
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
    let place = try ComparePlace()
    let junk = place.path("junk.h5")
    try "junk".write(toFile: junk, atomically: true, encoding: .utf8)
    let output = place.path("out")
    let ending = try Compare.run(
      ["--model", junk, "--clean", place.inner.good, "--defense", "faulty", "--output", output])
    #expect(ending.status == 2, "\(ending.errors)")
    let failure = try #require(try Compare.failures(output)["faulty"])
    #expect(failure.hasPrefix("junk.h5") && !failure.contains("/"), "\(failure)")
  }
}
