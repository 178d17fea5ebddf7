private import Synchronization

/// The costs and warnings of a run, gathered as it goes.
public final class RunStatistics: Sendable {
  /// A phase of the run and the time it took.
  public struct Phase: Sendable, Hashable {
    /// What was done.
    public let title: String
    /// The images that went through.
    public let images: Int
    /// The wall-clock time.
    public let duration: Duration

    /// Creates a phase.
    public init(title: String, images: Int, duration: Duration) {
      self.title = title
      self.images = images
      self.duration = duration
    }

    /// The wall-clock time in seconds.
    public var seconds: Double {
      Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
  }

  private struct State {
    var phases: [Phase] = []
    var warnings: [String] = []
    var run = 0.0
    var alone = 0.0
  }

  private let state = Mutex(State())

  /// Creates empty statistics.
  public init() {}

  /// The phases so far, in the order in which they ended.
  public var phases: [Phase] { state.withLock { $0.phases } }
  /// The warnings so far, each text once.
  public var warnings: [String] { state.withLock { $0.warnings } }
  /// The images times forward passes of the suspect that were computed.
  public var imagesRun: Double { state.withLock { $0.run } }
  /// The same if every model had been run in full for every image.
  public var imagesAlone: Double { state.withLock { $0.alone } }

  func add(_ phase: Phase) { state.withLock { $0.phases.append(phase) } }

  func count(run: Double, alone: Double) {
    state.withLock {
      $0.run += run
      $0.alone += alone
    }
  }

  /// Keeps a warning; false if it is there already.
  func warn(_ message: String) -> Bool {
    state.withLock {
      guard !$0.warnings.contains(message) else { return false }
      $0.warnings.append(message)
      return true
    }
  }
}
