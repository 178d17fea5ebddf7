import Foundation
import Testing

/// Faults of the system at every step of writing: the old results or the new ones, never half of them.
@Suite("Faults", .serialized)
struct FaultTests {
  private static let calls = [
    "write", "fsync", "mkdir", "rename", "renameat2", "fchmod", "flock", "unlink", "rmdir",
  ]

  @Test(
    "Killed at every step, for a new folder and for one that is replaced", arguments: [false, true])
  func kills(force: Bool) throws {
    let place = try FaultPlace()
    let arguments = place.arguments(force: force)
    let first = try RunnerProgram.run(place.arguments())
    #expect(first.status == 0 && first.errors == "", "\(first.errors)")
    let whole = try place.contents()
    #expect(whole.count == 5, "\(whole.keys)")
    var kills = 0
    for call in Self.calls {
      for count in 1... {
        let old = try place.makeOld()
        if !force { try FileManager.default.removeItem(atPath: place.output) }
        guard
          let ending = try FaultPlace.traced(
            ["\(call):signal=SIGKILL:when=\(count)"], arguments)
        else { return }
        if ending.status == 0 { break }
        #expect(ending.status == 137 && ending.isSignal, "\(call) \(count): \(ending.errors)")
        kills += 1
        let isThere = FileManager.default.fileExists(atPath: place.output)
        #expect(isThere || !force, "\(call) \(count): no results")
        if isThere {
          let found = try place.contents()
          #expect(
            force && found == old || FaultPlace.isWhole(found, like: whole),
            "\(call) \(count): \(found.keys.sorted())")
        }
        // Once a step, as it takes time: the next run ends well and clears up.
        let next = try RunnerProgram.run(place.arguments(force: true))
        #expect(next.status == 0, "\(call) \(count): \(next.errors)")
        #expect(try place.names() == ["out"], "\(call) \(count)")
        #expect(FaultPlace.isWhole(try place.contents(), like: whole))
      }
    }
    #expect(kills >= 30)
  }

  @Test("Killed where names cannot be exchanged: what was moved aside comes back")
  func killsWithoutExchange() throws {
    let place = try FaultPlace()
    let refused = "renameat2:error=EINVAL"
    let old = try place.makeOld()
    guard let ending = try FaultPlace.traced([refused], place.arguments(force: true)) else {
      return
    }
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try place.names() == ["out"])
    let whole = try place.contents()
    var gaps = 0
    for count in 1... {
      _ = try place.makeOld()
      let ending = try #require(
        try FaultPlace.traced(
          [refused, "rename:signal=SIGKILL:when=\(count)"], place.arguments(force: true)))
      if ending.status == 0 { break }
      if !FileManager.default.fileExists(atPath: place.output) { gaps += 1 }
      // Without --force it refuses, and by then the old results are there again.
      #expect(try RunnerProgram.run(place.arguments()).status == 73)
      let found = try place.contents()
      #expect(found == old || FaultPlace.isWhole(found, like: whole))
      #expect(try RunnerProgram.run(place.arguments(force: true)).status == 0)
      #expect(try place.names() == ["out"])
    }
    #expect(gaps == 1)
  }

  @Test(
    "An error at every step: status 74, one line, the old results or the new ones",
    arguments: [
      "write:error=ENOSPC", "write:error=EIO", "fsync:error=EIO", "fsync:error=ENOSPC",
      "rename:error=EIO", "mkdir:error=ENOSPC", "renameat2:error=EIO",
    ])
  func errors(injection: String) throws {
    let place = try FaultPlace()
    var failures = 0
    for count in 1... {
      let old = try place.makeOld()
      guard
        let ending = try FaultPlace.traced(
          ["\(injection):when=\(count)"], place.arguments(force: true))
      else { return }
      if ending.status == 0 { break }
      failures += 1
      #expect(ending.status == 74 && !ending.isSignal, "\(count): \(ending.errors)")
      let lines = ending.errors.split(separator: "\n")
      #expect(lines.count == 1 && lines[0].hasPrefix("runner: "), "\(count): \(ending.errors)")
      #expect(
        ending.errors.contains(place.output) || ending.errors.contains("standard output"),
        "\(count): \(ending.errors)")
      #expect(!ending.errors.contains(".defensekit-"))
      #expect(try place.names() == ["out"], "\(count)")
      let found = try place.contents()
      #expect(found == old || found.count == 5, "\(count)")
    }
    #expect(failures >= 1)
  }

  @Test("Interrupted calls are done again", arguments: ["write", "fsync", "rename", "mkdir"])
  func interruptedCalls(call: String) throws {
    let place = try FaultPlace()
    guard
      let ending = try FaultPlace.traced(["\(call):error=EINTR:when=1+2"], place.arguments())
    else { return }
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try place.contents().count == 5)
    #expect(try place.names() == ["out"])
  }

  @Test("Two runs at once into one folder: each whole, nothing left")
  func together() throws {
    let place = try FaultPlace()
    #expect(try RunnerProgram.run(place.arguments()).status == 0)
    let whole = try place.contents()
    let ending = try Ending(
      script: #"for i in 1 2 3 4 5 6; do "$RUNNER" "$@" >/dev/null & done; wait"#,
      place.arguments(force: true))
    #expect(ending.errors == "")
    #expect(FaultPlace.isWhole(try place.contents(), like: whole))
    #expect(try place.names() == ["out"])
  }

  @Test("Only what dead processes of this program left is cleared")
  func foreignTemporaries() throws {
    let place = try FaultPlace()
    let results = place.place.path("results")
    let names = [
      ".defensekit-0123456789abc.tmp", ".defensekit-0123456789abd.tmp", ".defensekit-x.tmp",
      "a.tmp",
    ]
    for name in names { try Data().write(to: URL(filePath: "\(results)/\(name)")) }
    // The second one's process lives.
    let descriptor = unsafe open("\(results)/\(names[1])", O_RDONLY)
    #expect(flock(descriptor, LOCK_EX) == 0)
    defer { close(descriptor) }
    #expect(try RunnerProgram.run(place.arguments()).status == 0)
    #expect(try place.names() == (names.dropFirst() + ["out"]).sorted())
  }

  @Test("A full disk of its own: status 74, nothing left")
  func fullDisk() throws {
    let place = try FaultPlace()
    let disk = place.place.path("disk")
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
    var arguments = place.arguments()
    arguments[arguments.count - 1] = "\(disk)/out"
    // In a name space of its own, so that nothing stays mounted.
    let script = #"""
      disk=$1; shift
      mount -t tmpfs -o size=16k none "$disk" || exit 99
      "$RUNNER" "$@"; status=$?
      ls -A "$disk"; exit $status
      """#
    let ending = try Ending(
      "/usr/bin/unshare",
      ["-rm", "/bin/bash", "-c", "RUNNER=$1; shift; \(script)", "bash"]
        + [RunnerProgram.path().path, disk] + arguments)
    if ending.status == 99 || ending.errors.contains("unshare") {
      print("SKIPPED: a file system cannot be mounted here: \(ending.errors)")
      return
    }
    #expect(ending.status == 74, "\(ending.errors)")
    #expect(ending.errors.contains("the disk is full"))
    #expect(ending.errors.split(separator: "\n").count == 1)
    #expect(ending.output == "")
  }
}
