internal import DefenseKit
private import Foundation
private import Synchronization

/// The process that runs plugins for a comparison, isolated from the comparison's own process.
///
/// It reads one order from standard input and sends messages to standard output. It ends when its
/// input is closed, which happens when its parent process ends.
enum ComparisonWorker {
  /// The argument that makes the program a worker, instead of a command.
  static let word = "defensekit-comparison-worker"

  static func run(_ plugins: PluginSet) -> Int32 {
    // Standard output is for messages only: plugins' output is redirected to standard error, and
    // their child processes do not inherit the channel.
    let channel = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
    dup2(STDERR_FILENO, STDOUT_FILENO)
    guard let order = readOrder() else { return Failure.software }
    Thread.detachNewThread {
      while readInput() != nil {}
      // Includes child processes of plugins if this process leads their group.
      if getpgrp() == getpid() { kill(0, SIGKILL) }
      _exit(Failure.software)
    }
    let sink = MessageSink(channel: channel)
    Work(plugins: plugins, order: order, sink: sink).run()
    return 0
  }

  /// Reads the order, which is one line.
  private static func readOrder() -> WorkOrder? {
    var bytes: [UInt8] = []
    while let more = readInput() {
      bytes += more
      if more.last == 0x0A { return MessageLine.decoded(bytes) }
    }
    return nil
  }

  /// Waits for input; nil if it is closed.
  ///
  /// It avoids the C library's streams: a thread that waits for one holds its lock, and a plugin
  /// that flushes all streams would wait too.
  private static func readInput() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 1 << 12)
    var count: Int
    repeat {
      // `read` writes at most as many bytes as the buffer has.
      count = unsafe buffer.withUnsafeMutableBytes {
        unsafe read(STDIN_FILENO, $0.baseAddress, $0.count)
      }
    } while count < 0 && errno == EINTR
    return count > 0 ? Array(buffer[..<count]) : nil
  }

  private struct Work {
    let plugins: PluginSet
    let order: WorkOrder
    let sink: MessageSink

    /// The versions of the files before any was opened.
    let stamps: [FileStamp]

    init(plugins: PluginSet, order: WorkOrder, sink: MessageSink) {
      (self.plugins, self.order, self.sink) = (plugins, order, sink)
      stamps = order.model.stamps
    }

    func run() {
      let experiment: Experiment
      do {
        experiment = try order.model.experiment(sandbox: order.sandbox)
        try checkInputs()
      } catch {
        return fail(order.stages.flatMap(\.units), error)
      }
      if let warning = ParsingArguments.warning(order.sandbox) { sink.send(.warned(warning)) }
      for (position, stage) in order.stages.enumerated() { run(stage, position, experiment) }
    }

    /// Throws if the opened files differ from the units' inputs.
    private func checkInputs() throws {
      let now = try order.model.inputs()
      // Not all units depend on all files.
      let before = order.stages.flatMap(\.units).reduce(into: [String: String]()) {
        $0.merge($1.inputs) { first, _ in first }
      }
      guard before.contains(where: { now[$0.key] != $0.value }) else { return }
      let file = order.model.files.first { before[$0.role] != now[$0.role] }
      throw Self.changed(file?.path ?? order.model.name)
    }

    /// Throws if a file was modified or replaced, because images are read during the whole run.
    private func checkFiles() throws {
      let now = order.model.stamps
      for (place, file) in order.model.files.enumerated() where now[place] != stamps[place] {
        throw Self.changed(file.path)
      }
    }

    private static func changed(_ name: String) -> Failure {
      Failure(Failure.tryAgain, "\(lastName(name)) has changed since the comparison began")
    }

    private static func lastName(_ path: String) -> String {
      path.split(separator: "/").last.map(String.init) ?? path
    }

    private func context(_ seed: UInt64) -> RunContext {
      RunContext(
        execution: ExecutionOptions(threads: order.threads), seed: seed,
        sandbox: order.sandbox, progress: sink, plugins: plugins
      ).inUserWords
    }

    private func run(_ stage: ComparisonStage, _ position: Int, _ experiment: Experiment) {
      guard let first = stage.units.first else { return }
      let defending = context(first.seed)
      var (defense, repairs): ((any Defense)?, [Repair]) = (nil, [])
      var meter = CostMeter()
      do {
        try checkFiles()
        if let choice = first.defense {
          sink.send(.defending(stage: position))
          let plugin = try plugins.defense(named: choice.name, settings: choice.settings)
          repairs = try experiment.repairs(by: plugin, in: defending)
          defense = plugin
        }
      } catch {
        return fail(stage.units, error)
      }
      let shared = meter.take()
      for unit in stage.units {
        sink.send(.measuring(key: unit.key))
        do {
          let context = context(unit.seed)
          for warning in defending.statistics.warnings { context.warn(warning) }
          let otherPlugin = try unit.otherPlugin.map { kind, choice in
            try plugins.plugin(kind, named: choice.name, settings: choice.settings)
          }
          let record = try experiment.record(
            of: unit, defense, repairs, otherPlugin: otherPlugin, in: context)
          try checkFiles()
          let own = meter.take()
          sink.send(
            .done(
              record,
              UnitCost(
                seconds: shared.seconds + own.seconds,
                peakMemory: max(shared.peakMemory, own.peakMemory))))
        } catch {
          fail([unit], error)
          _ = meter.take()
        }
      }
    }

    private func fail(_ units: [ComparisonUnit], _ error: any Error) {
      // Paths differ between the machines that measure parts.
      var failure = Failure(error, path: Self.lastName)
      // An error about a file that is being written is not a result.
      do { try checkFiles() } catch { failure = Failure(error) }
      sink.send(
        .failed(
          keys: units.map(\.key), status: failure.status, message: failure.message ?? "no reason"))
    }
  }
}

/// Sends messages, one at a time, and progress at most ten times a second.
private final class MessageSink: ProgressSink {
  private let channel: Int32
  private let lastProgress = Mutex(ContinuousClock.now)
  /// The last progress that was held back.
  private let withheld = Mutex<Int?>(nil)

  init(channel: Int32) { self.channel = channel }

  func send(_ message: WorkerMessage) {
    switch message {
    case .defending, .measuring:
      // Separates earlier output from the reason why this task may end.
      fflush(nil)
      try? Descriptor.write(Array((WorkerMessage.mark + "\n").utf8), to: STDERR_FILENO)
    default: break
    }
    lastProgress.withLock { last in
      last = .now
      guard let line = try? MessageLine.encoded(message) else { return }
      // If the parent no longer reads, the thread that reads the input ends the process.
      try? Descriptor.write(line, to: channel)
    }
  }

  func began(_ title: String, images: Int) { send(.began(title: title, images: images)) }

  func advanced(to done: Int) {
    let isDue = lastProgress.withLock { ContinuousClock.now - $0 > .milliseconds(100) }
    withheld.withLock { $0 = isDue ? nil : done }
    if isDue { send(.advanced(images: done)) }
  }

  func ended() {
    let last = withheld.withLock { withheld in
      defer { withheld = nil }
      return withheld
    }
    if let last { send(.advanced(images: last)) }
    send(.ended)
  }

  func warned(_ message: String) {}
}

/// Measures seconds and memory between calls.
private struct CostMeter {
  private var start = ContinuousClock.now

  init() { Self.forgetPeak() }

  mutating func take() -> UnitCost {
    let now = ContinuousClock.now
    let cost = UnitCost(seconds: (now - start) / .seconds(1), peakMemory: Self.peak)
    start = now
    Self.forgetPeak()
    return cost
  }

  /// The peak memory of the process since ``forgetPeak()``, in bytes.
  private static var peak: Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let kilobytes = line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }
    return kilobytes.map { $0 << 10 } ?? RunEnvironment.peakMemory
  }

  private static func forgetPeak() {
    // Only Linux can reset the peak; elsewhere it is the peak since the process started.
    let file = unsafe open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    try? Descriptor.write(Array("5".utf8), to: file)
    close(file)
  }
}
