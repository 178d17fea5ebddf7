import Foundation
import Testing

@testable import RunnerKit

/// What a terminal gets and a file does not, through a pseudo terminal.
@Suite(
  "On a terminal", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script")))
struct TerminalTests {
  /// Runs the program on a terminal and returns all that it shows.
  private func shown(_ arguments: String, _ environment: String) throws -> String {
    let command =
      "stty cols 60; env -u NO_COLOR TERM=xterm \(environment) \(try RunnerProgram.path().path) "
      + arguments
    let result = try RunnerProgram.run(
      ["-qec", command, "/dev/null"], program: URL(fileURLWithPath: "/usr/bin/script"))
    return result.output.replacing("\r\n", with: "\n")
  }

  static let escape = "\u{1B}"

  @Test("Headings are bold and errors red, unless nobody wants that")
  func colours() throws {
    let bold = "\(Self.escape)[1mDetectors:\(Self.escape)[0m\n"
    let red = "\(Self.escape)[1;31mrunner:\(Self.escape)[0m there is no plugin 'x' ("
    #expect(try shown("list goodnet", "").hasPrefix(bold))
    #expect(try shown("list goodnet", "NO_COLOR=").hasPrefix(bold))
    #expect(try shown("list x", "").hasPrefix(red))
    for environment in ["NO_COLOR=1", "TERM=dumb", "TERM="] {
      #expect(try shown("list goodnet", environment).hasPrefix("Detectors:\n"))
      #expect(try shown("list x", environment).hasPrefix("runner: there is no plugin 'x' ("))
    }
  }

  @Test("A file gets what it got before: the program's words alone")
  func files() throws {
    let place = try BadInputPlace.make()
    for arguments in [
      ["list"], ["inspect", place.model], ["evaluate", place.model, "--test", place.test],
      [
        "--model", place.model, "--clean", place.good, "--test", place.test, "--defense",
        "fine-pruning", "--option", "fine-pruning.epochs=0",
      ],
    ] {
      let plain = try RunnerProgram.run(arguments)
      #expect(plain.status == 0)
      #expect(!plain.output.contains(Self.escape) && !plain.errors.contains(Self.escape))
      let words = arguments.joined(separator: " ")
      // The same on a terminal, but for the colours and the lines that come and go.
      let seen = try shown(words + " 2>/dev/null", "")
      #expect(seen.contains("\(Self.escape)[1m") || arguments[0] == "evaluate")
      let codes = ["[1m", "[0m"].map { Self.escape + $0 }
      #expect(codes.reduce(seen) { $0.replacing($1, with: "") } == plain.output)
    }
  }

  @Test(
    "Progress is one line that is taken away; not on a dumb terminal, and not where it is to be quiet"
  )
  func progress() throws {
    let place = try BadInputPlace.make()
    let words = "evaluate \(place.model) --test \(place.good)"
    let erasure = "\r\(Self.escape)[2K"
    let plain = try RunnerProgram.run(["evaluate", place.model, "--test", place.test]).output
    let seen = try shown(words, "")
    #expect(seen.contains(erasure + "test images" + erasure), "\(seen)")
    #expect(seen.hasSuffix(erasure + plain))
    for other in [try shown(words, "TERM=dumb"), try shown(words + " -q", "")] {
      #expect(other == plain)
    }
  }

  @Test("Warnings are yellow there, and not where it is to be quiet")
  func warnings() throws {
    let bad = try BadInputPlace.make()
    // All labels wrong: near chance, which is warned of.
    try bad.data("wrong", images: bad.images(30), labels: (0..<30).map { Float(($0 + 1) % 3) })
    let arguments = ["evaluate", bad.model, "--test", bad.path("wrong.h5")]
    let plain = try RunnerProgram.run(arguments)
    #expect(
      plain.errors.hasPrefix("warning: wrong.h5: the model classifies only 0 of 30"),
      "\(plain.errors)")
    let seen = try shown(arguments.joined(separator: " "), "")
    #expect(
      seen.contains(
        "\(Self.escape)[33mwarning:\(Self.escape)[0m wrong.h5: the model classifies only 0 of 30")
    )
    let quiet = try RunnerProgram.run(arguments + ["--quiet"])
    #expect(quiet.errors == "" && quiet.output == plain.output && quiet.status == 0)
  }
}
