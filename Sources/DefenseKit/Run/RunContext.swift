public import InferenceGraph
public import ModelIO

/// What surrounds a run: how to execute, how files are parsed, where progress and warnings go, what it
/// all cost.
///
/// It leads to no data.
public struct RunContext: Sendable {
  /// Threads, sharing, and what may stop the run.
  public var execution: ExecutionOptions
  /// Decides all that plugins draw at random: equal seeds give equal results.
  public var seed: UInt64
  /// How files are parsed that plugins read, such as pictures that options name.
  public var sandbox: Sandbox
  /// The costs and warnings so far.
  public let statistics: RunStatistics
  private let sink: any ProgressSink

  /// Creates a context.
  public init(
    execution: ExecutionOptions = ExecutionOptions(), seed: UInt64 = 0,
    sandbox: Sandbox = .auto, progress: any ProgressSink = SilentProgress(),
    statistics: RunStatistics = RunStatistics()
  ) {
    self.execution = execution
    self.seed = seed
    self.sandbox = sandbox
    self.statistics = statistics
    sink = progress
  }

  /// Returns if the run may go on.
  ///
  /// The executor, sweeps and training ask by themselves; long work of a plugin's own should ask some
  /// times a second.
  ///
  /// - Throws: `CancellationError` if the run is to stop.
  public func checkCancellation() throws(CancellationError) {
    try execution.cancellation?.check()
  }

  /// Runs one phase of the work, timing it and passing its progress on.
  ///
  /// - Parameters:
  ///   - title: What is being done, in a word or three, such as "sweep".
  ///   - images: How many images will be reported as done at the end.
  ///   - body: The work; it gets a handler to report the images done so far.
  public func phase<Result>(
    _ title: String, images: Int, _ body: (@escaping ProgressHandler) throws -> Result
  ) rethrows -> Result {
    let clock = ContinuousClock()
    let start = clock.now
    sink.began(title, images: images)
    defer {
      sink.ended()
      statistics.add(
        RunStatistics.Phase(title: title, images: images, duration: clock.now - start))
    }
    return try body { [sink] done in sink.advanced(to: done) }
  }

  /// Records the forward passes that were run and that were saved by sharing.
  ///
  /// - Parameters:
  ///   - run: What was computed, in images times the cost of the suspect's forward pass.
  ///   - alone: What it would have cost to run every model in full.
  public func count(run: Double, alone: Double) { statistics.count(run: run, alone: alone) }

  /// Records the forward passes of a sweep: its recording, then at most the part behind the
  /// frontier for every step.
  public func count(_ sweep: ChannelSweep, steps: Int, images: Int) {
    let share = execution.sharing ? sweep.suffixShare : 1
    count(
      run: Double(images) * (1 + Double(steps) * share), alone: Double(images) * Double(1 + steps))
  }

  /// Tells the user something that does not stop the run; the same text is told once.
  public func warn(_ message: String) {
    if statistics.warn(message) { sink.warned(message) }
  }
}
