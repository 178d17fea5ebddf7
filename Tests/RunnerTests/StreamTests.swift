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
      (#"ulimit -v 400000; "$RUNNER" evaluate "$1" --test "$2""#, 0, ""),
    ] as [(String, Int32, String)])
  func scripts(script: String, status: Int32, words: String) throws {
    let place = try BadInputPlace.make()
    let ending = try Ending(script: script, [place.model, place.good])
    #expect(ending.status == status, "\(ending.errors)")
    #expect(ending.errors.contains(words), "\(ending.errors)")
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
    // It waits for a second in front of each fsync, so that the signal meets it at work.
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/strace") else { return }
    let script = #"""
      strace -f -qqq -o /dev/null -e trace=fsync -e inject=fsync:delay_enter=1000000 "$RUNNER" "$@" &
      for i in {1..200}; do
        [ -z "$(ls -A "${@: -1}/.." | grep tmp)" ] || break
        sleep 0.02
      done
      kill -SIGNAL $(cat /proc/$!/task/$!/children)
      wait $!
      """#
    let start = ContinuousClock.now
    let ending = try Ending(
      script: script.replacing("SIGNAL", with: "\(number)"), place.arguments())
    #expect(ending.status == 128 + number, "\(ending.errors)")
    #expect(ContinuousClock.now - start < .seconds(4))
    #expect(try place.names() == [])
  }

  @Test("What is asked to be ignored stays ignored")
  func ignoredSignal() throws {
    let place = try BadInputPlace.make()
    let ending = try Ending(
      script: #"trap '' HUP; "$RUNNER" list >/dev/null & kill -HUP $!; wait $!"#, [place.model])
    #expect(ending.status == 0)
  }
}
