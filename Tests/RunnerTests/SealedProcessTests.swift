import Foundation
import LabFiles
import Testing

#if os(Linux)
  /// The processes that parse files for a command end when it does, however it ends.
  @Suite("Sealed processes of a command")
  struct SealedProcessTests {
    private func children(of parent: Int32) -> [Int32] {
      let list = try? String(
        contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)
      return (list ?? "").split(separator: " ").compactMap { Int32($0) }
    }

    private func isThere(_ process: Int32) -> Bool {
      let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
      return !status.isEmpty && !status.contains("\nState:\tZ")
    }

    @Test("None outlives it", arguments: [SIGKILL, SIGTERM, SIGINT])
    func endWithTheirParent(signal: Int32) throws {
      var family: [Int32] = []
      let ending = try Ending(
        RunnerProgram.path().path,
        ["--defense", "fine-pruning", "--detector", "goodnet", "--curve"]
      ) { process in
        // The launcher, and the process that has the model.
        for _ in 0..<1000 {
          let launchers = children(of: process.processIdentifier)
          family = launchers + launchers.flatMap { children(of: $0) }
          if family.count > launchers.count || !process.isRunning { break }
          Thread.sleep(forTimeInterval: 0.001)
        }
        kill(process.processIdentifier, signal)
      }
      #expect(ending.status == 128 + signal)
      #expect(!family.isEmpty)
      for _ in 0..<200 where family.contains(where: isThere) {
        Thread.sleep(forTimeInterval: 0.02)
      }
      #expect(family.filter(isThere) == [])
    }

    @Test("A terminal's interrupt is the command's alone")
    func interruptedGroup() throws {
      // The whole group gets the signal, as from a terminal; the launcher is in a group of its own.
      let ending = try Ending(
        script: """
          set -m
          "$RUNNER" --defense fine-pruning --detector goodnet >/dev/null &
          sleep 0.2; kill -INT -$!; wait $!
          """)
      #expect(ending.status == 130)
      #expect(!ending.errors.contains("parser"))
    }

    @Test("The report says how far they were sealed off", arguments: ["auto", "off", "require"])
    func posture(_ sandbox: String) throws {
      let result = try RunnerProgram.run([
        "--defense", "fine-pruning", "--sandbox", sandbox, "--json", "--option",
        "fine-pruning.epochs=0",
      ])
      #expect(result.status == 0)
      let expected = sandbox == "off" ? "none" : "full"
      #expect(result.output.contains(#""sandbox": "\#(expected)""#))
    }
  }
#endif
