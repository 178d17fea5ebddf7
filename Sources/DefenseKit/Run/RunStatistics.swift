private import Synchronization

/// The costs and warnings of a run, collected while it goes on.
public final class RunStatistics: Sendable {
  /// A phase of the run with its duration.
  public struct Phase: Sendable, Hashable {
    /// The name of the phase.
    public let title: String
    /// The number of images processed.
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

  /// The finished phases, in the order in which they ended.
  public var phases: [Phase] { state.withLock { $0.phases } }
  /// The warnings so far, each text once.
  public var warnings: [String] { state.withLock { $0.warnings } }
  /// The computed forward passes, in images times the cost of the suspect's forward pass.
  public var imagesRun: Double { state.withLock { $0.run } }
  /// The forward passes without sharing, every model in full for every image, in the same unit.
  public var imagesAlone: Double { state.withLock { $0.alone } }

  func add(_ phase: Phase) { state.withLock { $0.phases.append(phase) } }

  func count(run: Double, alone: Double) {
    state.withLock {
      $0.run += run
      $0.alone += alone
    }
  }

  /// Stores a warning; returns false if the text is already stored.
  func warn(_ message: String) -> Bool {
    state.withLock {
      guard !$0.warnings.contains(message) else { return false }
      $0.warnings.append(message)
      return true
    }
  }
}
