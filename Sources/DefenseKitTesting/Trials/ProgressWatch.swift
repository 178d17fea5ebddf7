internal import DefenseKit
internal import Synchronization

/// Records a run's progress reports, and cancels the run at one of them if requested.
final class ProgressWatch: ProgressSink {
  /// A report of the number of processed images.
  struct Report: Sendable {
    /// The phase's title.
    let phase: String
    /// Whether this is the phase's first report.
    let isFirst: Bool
  }

  private struct State {
    var phase = ""
    var isFirst = false
    var reports: [Report] = []
  }

  private let state = Mutex(State())
  private let cancellation: (of: Cancellation, at: Int)?

  /// Creates a watch that cancels at the report with a number, counted from 0.
  init(cancelling cancellation: Cancellation? = nil, at number: Int = 0) {
    self.cancellation = cancellation.map { ($0, number) }
  }

  /// All reports so far.
  var reports: [Report] { state.withLock { $0.reports } }

  func began(_ title: String, images: Int) {
    state.withLock {
      $0.phase = title
      $0.isFirst = true
    }
  }

  func advanced(to done: Int) {
    let number = state.withLock {
      $0.reports.append(Report(phase: $0.phase, isFirst: $0.isFirst))
      $0.isFirst = false
      return $0.reports.count - 1
    }
    if let cancellation, cancellation.at == number { cancellation.of.cancel() }
  }

  func ended() {}
  func warned(_ message: String) {}
}
