internal import DefenseKit
private import Synchronization

/// Shows a run's progress as one line on standard error, if that is a terminal.
///
///     sweep            [############········]  61 %   182,000 images/s   0:02 left
final class ProgressLine: ProgressSink {
  private struct State {
    var title = ""
    var images = 0
    var start = ContinuousClock.now
    var drawn = ContinuousClock.now
    var done = 0
    var isVisible = false
  }

  private let state = Mutex(State())
  private let isShown: Bool

  init(isShown: Bool = StandardError.isTerminal) { self.isShown = isShown }

  func began(_ title: String, images: Int) {
    state.withLock {
      $0 = State()
      $0.title = title
      $0.images = images
    }
  }

  func advanced(to done: Int) {
    guard isShown else { return }
    state.withLock { state in
      let now = ContinuousClock.now
      state.done = max(state.done, done)
      // Ten times a second is as often as anyone can read.
      guard now - state.drawn >= .milliseconds(100) else { return }
      state.drawn = now
      state.isVisible = true
      let line = Self.line(
        state.title, done: state.done, images: state.images,
        elapsed: (now - state.start) / .seconds(1))
      StandardError.write("\r\u{1B}[2K" + line)
    }
  }

  func ended() {
    state.withLock { state in
      if state.isVisible { StandardError.write("\r\u{1B}[2K") }
      state.isVisible = false
    }
  }

  func warned(_ message: String) {
    state.withLock { state in
      StandardError.write((state.isVisible ? "\r\u{1B}[2K" : "") + "warning: \(message)\n")
    }
  }

  /// The line for a phase of which `done` of `images` are done after `elapsed` seconds.
  static func line(_ title: String, done: Int, images: Int, elapsed: Double) -> String {
    let share = images > 0 ? min(1, Double(done) / Double(images)) : 1
    let full = Int(share * 20)
    let bar = String(repeating: "#", count: full) + String(repeating: "·", count: 20 - full)
    let rate = elapsed > 0 ? Double(done) / elapsed : 0
    let left = rate > 0 ? Double(images - done) / rate : 0
    let name = title.padding(to: 24)
    let percent = String(Int(share * 100)).padded(to: 3)
    return "\(name) [\(bar)] \(percent) %  \(grouped(Int(rate)).padded(to: 9)) images/s  "
      + "\(clock(left)) left"
  }
}

/// Seconds as minutes and seconds, or with hours.
private func clock(_ seconds: Double) -> String {
  let total = Int(min(max(seconds, 0), 359_999).rounded(.up))
  let two = { (n: Int) in n < 10 ? "0\(n)" : "\(n)" }
  return total < 3600
    ? "\(total / 60):\(two(total % 60))"
    : "\(total / 3600):\(two(total / 60 % 60)):\(two(total % 60))"
}

/// An integer with commas between groups of three digits.
func grouped(_ number: Int) -> String {
  var digits = Array(String(number.magnitude))
  var position = digits.count - 3
  while position > 0 {
    digits.insert(",", at: position)
    position -= 3
  }
  return (number < 0 ? "-" : "") + String(digits)
}

extension String {
  /// The text with spaces before it, so that it is at least so long.
  func padded(to count: Int) -> String {
    String(repeating: " ", count: max(0, count - self.count)) + self
  }

  /// The text with spaces after it, so that it is at least so long.
  func padding(to count: Int) -> String {
    self + String(repeating: " ", count: max(0, count - self.count))
  }
}
