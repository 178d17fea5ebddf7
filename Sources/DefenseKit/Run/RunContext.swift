public import InferenceGraph
public import ModelIO

/// The environment of a run: execution options, file parsing, progress, warnings and costs.
///
/// It gives no access to data sets.
public struct RunContext: Sendable {
  /// The number of threads, the sharing of common work, and cancellation.
  public var execution: ExecutionOptions
  /// The source of all random choices of plugins: equal seeds give equal results.
  public var seed: UInt64
  /// How files that plugins read are parsed, for example pictures that options name.
  public var sandbox: Sandbox
  /// The plugins of the program, for plugins that run another one by its name; nil if unknown.
  public var plugins: PluginSet?
  /// Composes the text of a warning that is data; a program puts its own names of options into it.
  public var wording: @Sendable (any DescribedError) -> String = { $0.description }
  /// The costs and warnings so far.
  public let statistics: RunStatistics
  private let sink: any ProgressSink

  /// Creates a context.
  public init(
    execution: ExecutionOptions = ExecutionOptions(), seed: UInt64 = 0,
    sandbox: Sandbox = .auto, progress: any ProgressSink = SilentProgress(),
    statistics: RunStatistics = RunStatistics(),
    plugins: PluginSet? = nil
  ) {
    self.execution = execution
    self.seed = seed
    self.sandbox = sandbox
    self.statistics = statistics
    self.plugins = plugins
    sink = progress
  }

  /// Returns normally if the run may continue.
  ///
  /// The executor, sweeps and training call it themselves; a plugin should call it several times a
  /// second in its own long loops.
  ///
  /// - Throws: `CancellationError` if the run was cancelled.
  public func checkCancellation() throws(CancellationError) {
    try execution.cancellation?.check()
  }

  /// Runs one phase of the work, measures its duration and forwards its progress.
  ///
  /// - Parameters:
  ///   - title: The name of the phase, one to three words ("sweep").
  ///   - images: The number of images that will have been reported as done at the end.
  ///   - body: The work; it receives a handler to report the number of images done so far.
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

  /// Records the forward passes that were computed and those that sharing saved.
  ///
  /// - Parameters:
  ///   - run: The computed work, in images times the cost of the suspect's forward pass.
  ///   - alone: The work without sharing, every model in full, in the same unit.
  public func count(run: Double, alone: Double) { statistics.count(run: run, alone: alone) }

  /// Records the forward passes of a sweep: one full pass to record it, then for every step at most
  /// the part behind the frontier.
  public func count(_ sweep: ChannelSweep, steps: Int, images: Int) {
    let share = execution.sharing ? sweep.suffixShare : 1
    count(
      run: Double(images) * (1 + Double(steps) * share), alone: Double(images) * Double(1 + steps))
  }

  /// Warns the user without stopping the run; each text is shown once.
  public func warn(_ message: String) {
    if statistics.warn(message) { sink.warned(message) }
  }

  /// Warns the user of a problem that does not stop the run, with its subject and remedies.
  public func warn(_ problem: any DescribedError) { warn(wording(problem)) }
}
