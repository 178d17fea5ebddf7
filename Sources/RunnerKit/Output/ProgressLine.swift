internal import DefenseKit
private import Foundation
private import Synchronization

/// Shows a run's progress and warnings on standard error.
///
/// On a terminal it redraws one line, at most ten times a second:
///
///     sweep            [############········]  61 %   182,000 images/s   0:02 left
///
/// In a log, a phase that takes longer than a few seconds writes a line now and then, and one at
/// its end:
///
///     sweep: 61 %, 182,000 images/s, 0:02 left
final class ProgressLine: ProgressSink {
  /// How progress is shown.
  enum Form: Sendable, Hashable {
    /// One line, redrawn in place and fitted to the terminal's width.
    case line
    /// Separate lines without control characters.
    case log
    /// Neither progress nor warnings.
    case quiet
  }

  private struct State {
    var title = ""
    var images = 0
    var start = ContinuousClock.now
    var shown = ContinuousClock.now
    var done = 0
    var isVisible = false

    func phase(at now: ContinuousClock.Instant) -> Phase {
      Phase(title: title, done: done, images: images, elapsed: (now - start) / .seconds(1))
    }
  }

  /// The minimum duration of a phase that is shown in a log.
  static let delay = Duration.seconds(5)
  /// The time between two lines in a log.
  static let pause = Duration.seconds(10)

  private let state = Mutex(State())
  private let form: Form
  private let style: Style
  private let now: @Sendable () -> ContinuousClock.Instant
  private let width: @Sendable () -> Int
  private let write: @Sendable (String) -> Void

  /// Shows progress on standard error.
  ///
  /// - Parameter isQuiet: Whether to hide progress and warnings.
  convenience init(isQuiet: Bool = false) {
    let form: Form = StandardError.isTerminal && !Style.isDumb() ? .line : .log
    self.init(
      isQuiet ? .quiet : form, style: .errors, width: { StandardError.width },
      write: StandardError.write)
  }

  /// Shows progress with `write`; tests pass their own clock and width.
  init(
    _ form: Form, style: Style, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
    width: @escaping @Sendable () -> Int = { 80 }, write: @escaping @Sendable (String) -> Void
  ) {
    self.form = form
    self.style = style
    self.now = now
    self.width = width
    self.write = write
  }

  func began(_ title: String, images: Int) {
    state.withLock {
      $0 = State(title: title.visible, images: images, start: now(), shown: now())
      if form == .line { draw(&$0) }
    }
  }

  func advanced(to done: Int) {
    guard form != .quiet else { return }
    state.withLock { state in
      let now = now()
      state.done = max(state.done, done)
      switch form {
      case .line:
        guard now - state.shown >= .milliseconds(100) else { return }
        state.shown = now
        draw(&state)
      case .log:
        let isFirst = !state.isVisible
        guard now - (isFirst ? state.start : state.shown) >= (isFirst ? Self.delay : Self.pause)
        else { return }
        (state.shown, state.isVisible) = (now, true)
        write(Self.logLine(state.phase(at: now)) + "\n")
      case .quiet: return
      }
    }
  }

  func ended() {
    state.withLock { state in
      if form == .line, state.isVisible { write(Self.erasure) }
      if form == .log, now() - state.start >= Self.delay {
        write(Self.lastLine(state.phase(at: now())) + "\n")
      }
      state.isVisible = false
    }
  }

  func warned(_ message: String) {
    guard form != .quiet else { return }
    state.withLock { state in
      let erasure = form == .line && state.isVisible ? Self.erasure : ""
      write("\(erasure)\(style.yellow("warning:")) \(message)\n")
    }
  }

  private static let erasure = "\r\u{1B}[2K"

  private func draw(_ state: inout State) {
    state.isVisible = true
    write(Self.erasure + Self.line(state.phase(at: now()), width: width()))
  }
}
