import Foundation
import Testing

/// Streams that are closed or full, signals, and too little of something.
@Suite("Streams, signals and limits")
struct StreamTests {
  @Test(
    "What a script sees",
    arguments: [
      (#""$RUNNER" list >&-"#, 74, "runner: standard output cannot be written: it is closed"),
      (#""$RUNNER" list >/dev/full"#, 74, "runner: standard output cannot be written"),
      (#""$RUNNER" list 2>&-"#, 0, ""),
      (#""$RUNNER" list <&- >/dev/null"#, 0, ""),
      (#""$RUNNER" nonsense 2>/dev/full"#, 64, ""),
      (#""$RUNNER" nonsense 2>&-"#, 64, ""),
      (#"set -o pipefail; { sleep 0.3; exec "$RUNNER" list; } | true"#, 141, ""),
      (#""$RUNNER" --defense fine-pruning --output /dev/full"#, 73, "/dev/full is a file"),
      (#"ulimit -n 4; "$RUNNER" evaluate "$1" --test "$2""#, 66, "too many open files"),
      (#"ulimit -v 700000; "$RUNNER" evaluate "$1" --test "$2""#, 0, ""),
      (#"ulimit -v 450000; "$RUNNER" --defense fine-pruning"#, 71, "lower fine-pruning.batch"),
      (#"ulimit -v 335000; "$RUNNER" --defense fine-pruning"#, 71, "MiB of memory"),
    ] as [(String, Int32, String)])
  func scripts(script: String, status: Int32, words: String) throws {
    let place = try BadInputPlace.make()
    let ending = try Ending(script: script, [place.model, place.good])
    #expect(ending.status == status, "\(ending.errors)")
    #expect(words.isEmpty || ending.errors.contains(words), "\(ending.errors)")
    #expect(ending.errors.split(separator: "\n").count == (words.isEmpty ? 0 : 1))
  }

  @Test("A reader that has gone away ends the program by SIGPIPE")
  func closedPipe() throws {
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let process = Process()
    process.executableURL = try RunnerProgram.path()
    process.arguments = ["list"]
    process.standardOutput = pipe
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    #expect(process.terminationStatus == SIGPIPE)
  }

  @Test("With closed streams no file gets their messages")
  func closedStreams() throws {
    let place = try FaultPlace()
    #expect(try RunnerProgram.run(place.arguments()).status == 0)
    let whole = try place.contents()
    let ending = try Ending(
      script: #""$RUNNER" "$@" <&- >&- 2>&-"#, place.arguments(force: true))
    #expect(ending.status == 74)
    #expect(FaultPlace.isWhole(try place.contents(), like: whole))
  }

  @Test(
    "A signal ends the program by itself, at once, with nothing left",
    arguments: [SIGINT, SIGTERM, SIGHUP])
  func signals(number: Int32) throws {
    let place = try FaultPlace()
    guard let ending = try end(place, [number]) else { return }
    #expect(ending.status == 128 + number && ending.isSignal, "\(ending.errors)")
    #expect(!ending.errors.contains("runner"))
    #expect(try place.names() == [])
  }

  @Test("The second signal does not wait until all is cleared")
  func twice() throws {
    let place = try FaultPlace()
    guard let ending = try end(place, [SIGINT, SIGINT], clutter: 20) else { return }
    #expect(ending.status == 130 && ending.isSignal, "\(ending.errors)")
    #expect(try place.names() != [])
    #expect(try RunnerProgram.run(place.arguments()).status == 0)
    #expect(try place.names() == ["out"])
  }

  /// Sends signals to a run that takes two seconds for each fsync, and one to remove a file, of
  /// which `clutter` more are put into its temporary folder; expects its end within six.
  private func end(
    _ place: borrowing FaultPlace, _ signals: [Int32], clutter: Int = 0
  ) throws -> Ending? {
    let strace = "/usr/bin/strace"
    guard FileManager.default.isExecutableFile(atPath: strace) else { return nil }
    let results = place.place.path("results")
    var sent = ContinuousClock.now
    let ending = try Ending(
      strace,
      [
        "-f", "-qqq", "-o", "/dev/null", "-e", "trace=fsync,unlink", "-e",
        "inject=fsync:delay_enter=2000000", "-e", "inject=unlink:delay_enter=1000000",
        try RunnerProgram.path().path,
      ] + place.arguments()
    ) { process in
      for _ in 0..<500 {
        let paths = FileManager.default.subpaths(atPath: results) ?? []
        // The file in the temporary folder is there: the call comes next.
        if let path = paths.first(where: { $0.contains("/") }) {
          let folder = path.prefix { $0 != "/" }
          for number in 0..<clutter {
            try Data().write(to: URL(filePath: "\(results)/\(folder)/\(number)"))
          }
          break
        }
        Thread.sleep(forTimeInterval: 0.02)
      }
      let tracer = process.processIdentifier
      let children = try String(
        contentsOfFile: "/proc/\(tracer)/task/\(tracer)/children", encoding: .utf8)
      let program = try #require(Int32(children.split(separator: " ").first ?? ""))
      sent = .now
      for number in signals {
        kill(program, number)
        Thread.sleep(forTimeInterval: 0.3)
      }
    }
    #expect(ContinuousClock.now - sent < .seconds(6))
    return ending
  }

  @Test("What is asked to be ignored stays ignored")
  func ignoredSignal() throws {
    let place = try BadInputPlace.make()
    let ending = try Ending(
      script: #"trap '' HUP; "$RUNNER" list >/dev/null & kill -HUP $!; wait $!"#, [place.model])
    #expect(ending.status == 0)
  }
}
