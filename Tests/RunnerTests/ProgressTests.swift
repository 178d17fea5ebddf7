import Foundation
import Synchronization
import Testing

@testable import RunnerKit

@Suite("Progress")
struct ProgressTests {
  /// What a progress line writes, with a clock that a test sets.
  private final class Record: Sendable {
    private let state = Mutex((text: "", seconds: 0.0))
    private let start = ContinuousClock.now

    var text: String { state.withLock { $0.text } }

    func line(_ form: ProgressLine.Form, colours: Bool = false, width: Int = 80) -> ProgressLine {
      ProgressLine(
        form, style: Style(isOn: colours),
        now: { [self] in start + .seconds(state.withLock { $0.seconds }) },
        width: { width },
        write: { [self] text in state.withLock { $0.text += text } })
    }

    func pass(_ seconds: Double) { state.withLock { $0.seconds += seconds } }
  }

  private func phase(
    _ title: String, _ done: Int, _ images: Int, _ elapsed: Double
  ) -> ProgressLine.Phase {
    ProgressLine.Phase(title: title, done: done, images: images, elapsed: elapsed)
  }

  @Test(
    "One line, as wide as there is room",
    arguments: [
      (200, "sweep                    [#####···············]  25 %     10,000 images/s  0:05 left"),
      (80, "sweep                    [###············]  25 %     10,000 images/s  0:05 left"),
      (60, "sweep [#####···············]  25 %  0:05 left"),
      (35, "sweep [##·······]  25 %  0:05 left"), (30, "sweep  25 %  0:05 left"),
      (20, "sweep 25 %"), (8, "s… 25 %"), (3, "… 25 %"),
    ])
  func widths(width: Int, line: String) {
    #expect(ProgressLine.line(phase("sweep", 15_000, 60_000, 1.5), width: width) == line)
  }

  @Test("No line is wider than the terminal, whatever the title")
  func room() {
    for title in ["a", String(repeating: "long ", count: 40), "記録する活性化の値", "e\u{301}tat"] {
      for width in 10...200 {
        for phase in [
          phase(title, 1, 7_322, 1), phase(title, 0, 0, 1), phase(title, 10, 10, 0.001),
          phase(title, 1, 1_000_000_000, 1),
        ] {
          let line = ProgressLine.line(phase, width: width)
          #expect(line.columns < width, "\(line)")
        }
      }
    }
  }

  @Test("Time left")
  func time() {
    #expect(ProgressLine.line(phase("a", 1, 7322, 1), width: 80).hasSuffix("2:02:01 left"))
    #expect(ProgressLine.line(phase("a", 10, 10, 1), width: 80).hasSuffix("0:00 left"))
    // Nothing can be told yet.
    #expect(ProgressLine.line(phase("a", 0, 10, 1), width: 80) == "a")
  }

  @Test("On a terminal: drawn again ten times a second at most, and taken away")
  func terminal() {
    let record = Record()
    let line = record.line(.line)
    let erased = "\r\u{1B}[2K"
    line.began("sweep", images: 100)
    line.advanced(to: 10)
    record.pass(1)
    line.advanced(to: 50)
    line.advanced(to: 60)
    line.warned("odd")
    line.ended()
    #expect(
      record.text == erased + "sweep" + erased
        + "sweep                    [#######········]  50 %         50 images/s  0:01 left" + erased
        + "warning: odd\n" + erased)
  }

  @Test(
    "In a log: nothing of a short phase, a line every ten seconds of a long one, one at its end")
  func log() {
    let record = Record()
    let line = record.line(.log)
    line.began("recording", images: 100)
    record.pass(4.5)
    line.advanced(to: 99)
    line.ended()
    #expect(record.text == "")
    line.began("sweep", images: 60_000)
    for second in 1...27 {
      record.pass(1)
      line.advanced(to: second * 1000)
    }
    line.warned("odd")
    line.ended()
    // This one counts nothing, and the last is stopped before its end.
    line.began("hashing", images: 0)
    record.pass(6)
    line.ended()
    line.began("tuning", images: 100)
    record.pass(6)
    line.advanced(to: 30)
    line.ended()
    #expect(
      record.text == """
        sweep: 8 %, 1,000 images/s, 0:55 left
        sweep: 25 %, 1,000 images/s, 0:45 left
        sweep: 41 %, 1,000 images/s, 0:35 left
        warning: odd
        sweep: 45 % in 0:27, 1,000 images/s
        hashing: ended after 0:06
        tuning: 30 %, 5 images/s, 0:14 left
        tuning: 30 % in 0:06, 5 images/s

        """)
  }

  @Test("A phase that is done")
  func done() {
    #expect(
      ProgressLine.lastLine(phase("sweep", 60_000, 60_000, 12))
        == "sweep: 60,000 images in 0:12, 5,000 images/s")
  }

  @Test("Titles hold nothing that a terminal obeys")
  func hidden() {
    for form in [ProgressLine.Form.line, .log] {
      let record = Record()
      let line = record.line(form)
      line.began("a\u{1B}[2Jb\nc", images: 10)
      record.pass(11)
      line.advanced(to: 5)
      #expect(record.text.contains("a\\u{1b}[2Jb\\u{a}c"))
      #expect(!record.text.contains("\u{1B}[2J"))
    }
  }

  @Test("Quiet: neither progress nor warnings")
  func quiet() {
    let record = Record()
    let line = record.line(.quiet)
    line.began("sweep", images: 100)
    record.pass(100)
    line.advanced(to: 50)
    line.warned("odd")
    line.ended()
    #expect(record.text == "")
  }

  @Test("Colours: where they are wanted")
  func colours() {
    let record = Record()
    record.line(.log, colours: true).warned("odd")
    #expect(record.text == "\u{1B}[33mwarning:\u{1B}[0m odd\n")
    for (environment, isAllowed) in [
      (["TERM": "xterm"], true), (["TERM": "xterm", "NO_COLOR": ""], true),
      (["TERM": "xterm", "NO_COLOR": "1"], false), (["TERM": "xterm", "NO_COLOR": "0"], false),
      (["TERM": "dumb"], false), ([:], false),
    ] as [([String: String], Bool)] {
      #expect(Style.isAllowed(environment) == isAllowed, "\(environment)")
    }
    let style = Style(isOn: true)
    #expect(style.headed("a\nb\n──\nc\n") == "\u{1B}[1ma\u{1B}[0m\n\u{1B}[1mb\u{1B}[0m\n──\nc\n")
    #expect(style.headed("no table\n") == "no table\n")
    #expect(style.red("") == "")
    #expect(Style(isOn: false).headed("a\n──\n") == "a\n──\n")
  }
}
