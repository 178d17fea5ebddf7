// A runner whose plugins do what plugins should not, for the tests of `compare`.
import DefenseKit
import Foundation
import GoodNet
import RunnerKit
import Synchronization

/// What a plugin does instead of its work.
enum Misdeed: String, OptionValue, CaseIterable {
  case none, `throw`, trap, hang, slow, exit, kill, terminate, chatter, memory, change, leave,
    leaveAndHang, note
  // These are in what the defense returns, or come after it.
  case nothing, twins, late

  /// - Parameter file: The file to change, or to write the number of the process that is left to.
  func commit(_ file: String) throws {
    switch self {
    case .none, .nothing, .twins, .late: return
    case .slow: sleep(2)
    case .note, .change:
      // The file is longer afterwards: one that counts, or one of the comparison's.
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data([0]))
    case .leave, .leaveAndHang:
      // It holds standard output and standard error for as long as it lives.
      try Data("\(try self == .leave ? spawned() : ofItsOwn())".utf8)
        .write(to: URL(fileURLWithPath: file))
      if self == .leaveAndHang { try Misdeed.hang.commit(file) }
    case .throw: throw PluginError(.unsuitableModel, "faulty found\nnothing to \u{1B}[31mdo")
    case .trap: fatalError("faulty went wrong")
    case .hang: while true { sleep(1000) }
    case .exit: Foundation.exit(0)
    case .kill: Foundation.kill(getpid(), SIGKILL)
    case .terminate:
      Foundation.kill(getpid(), SIGTERM)
      // Another thread may be the one that gets it.
      while true { sleep(1000) }
    case .chatter:
      print("{\"ended\":{}}\nnoise")
      fflush(nil)
    // More than is ever to be had.
    case .memory: try MemoryError.check(1 << 46, for: "faulty", "dreams")
    }
  }

  /// Starts a process in this one's group.
  private func spawned() -> pid_t {
    var process: pid_t = 0
    let texts: [String] = ["sleep", "1000"]
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) } + [nil]
    // The arguments are copies that live as long as this process.
    _ = unsafe posix_spawn(&process, "/bin/sleep", nil, nil, &arguments, environ)
    return process
  }

  /// Starts a process that Foundation gives a group of its own.
  private func ofItsOwn() throws -> pid_t {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sleep")
    process.arguments = ["1000"]
    try process.run()
    return process.processIdentifier
  }
}

/// Ends the process when nobody needs it any more.
final class LateDeath: Sendable {
  private let isArmed = Mutex(false)

  func arm() { isArmed.withLock { $0 = true } }

  deinit { if isArmed.withLock({ $0 }) { Foundation.kill(getpid(), SIGKILL) } }
}

/// Returns the suspect as it is, after its misdeed.
struct Faulty: Defense {
  struct Options: PluginOptions {
    var misdeed = Misdeed.none
    /// A file that must not be there; it is made when the defense runs, so that it runs once alone.
    var once = ""
    /// A file for the misdeed.
    var file = ""
    static var declarations: [PluginOption<Options>] {
      [
        PluginOption("misdeed", \.misdeed, "What it does."),
        PluginOption("once", \.once, "A file by which the misdeed is done once."),
        PluginOption("file", \.file, "A file for the misdeed."),
      ]
    }
  }

  static let name = "faulty"
  static let summary = "Does what a defense should not."
  let options: Options
  private let death = LateDeath()

  init(options: Options) { self.options = options }

  func repair(_ model: Model, using clean: CleanData?, in context: RunContext) throws -> [Repair] {
    let clean = try required(clean)
    if options.once.isEmpty || !FileManager.default.fileExists(atPath: options.once) {
      if !options.once.isEmpty { try Data().write(to: URL(fileURLWithPath: options.once)) }
      try options.misdeed.commit(options.file)
      if options.misdeed == .late { death.arm() }
    }
    if options.misdeed == .nothing {
      context.warn("faulty found nothing to repair")
      return []
    }
    let repair = Repair(
      model: model, defense: Self.name,
      clean: try CleanCounts(of: model, on: clean, in: context))
    return options.misdeed == .twins ? [repair, repair] : [repair]
  }
}

/// Flags nothing, after its misdeed.
struct FaultyDetector: Detector {
  struct Options: PluginOptions {
    var misdeed = Misdeed.none
    static var declarations: [PluginOption<Options>] {
      [PluginOption("misdeed", \.misdeed, "What it does.")]
    }
  }

  static let name = "faulty-detector"
  static let summary = "Does what a detector should not."
  static let requirements: [PluginRequirement] = []
  let options: Options

  init(options: Options) { self.options = options }

  func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector { Watch(models: [suspect], misdeed: options.misdeed) }

  private struct Watch: FittedDetector {
    let models: [Model]
    let misdeed: Misdeed

    func detections(for batch: DetectorBatch) throws -> [Detection] {
      try misdeed.commit("")
      return batch.predictions(of: 0).map { Detection($0, score: 0) }
    }
  }
}

/// Finds a white pixel that leads to class 1, in every model.
struct Finder: ModelScanner {
  struct Options: PluginOptions {
    var statistic = 3.0
    static var declarations: [PluginOption<Options>] {
      [PluginOption("statistic", \.statistic, "The statistic; the threshold is 2.")]
    }
  }

  static let name = "finder"
  static let summary = "Finds <b>a white pixel</b> in every model."
  static let requirements: [PluginRequirement] = [.cleanData]
  let options: Options

  init(options: Options) { self.options = options }

  func scan(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> ModelVerdict {
    let range = try required(clean).valueRange()
    let shape = model.graph.inputShape
    let pixels = shape[0] * shape[1]
    let pixel = MaskedPattern(
      imageShape: shape, mask: [1] + Array(repeating: 0, count: pixels - 1),
      pattern: Array(repeating: range.upperBound, count: pixels * shape[2]))
    let trigger = try Trigger(
      pixel, range: range, target: 1, classCount: model.classCount, scanner: Self.name,
      seed: context.seed)
    var scores = Array(repeating: 0.25, count: model.classCount)
    (scores[1], scores[2]) = (4, 1)
    return ModelVerdict(
      statistic: options.statistic, threshold: 2, classScores: scores,
      measure: "size of <script>window.hacked = true</script>",
      triggers: options.statistic > 2 ? [trigger] : [], notes: ["2 of 3 classes were searched"])
  }
}

/// Finds nothing, and needs many classes if its option says so.
struct Idle: ModelScanner {
  struct Options: PluginOptions {
    var refuses = false
    static var declarations: [PluginOption<Options>] {
      [PluginOption("refuses", \.refuses, "Whether no model suits it.")]
    }
  }

  static let name = "idle"
  static let summary = "Finds nothing."
  let options: Options

  init(options: Options) { self.options = options }

  func scan(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> ModelVerdict {
    guard !options.refuses else {
      throw PluginError(.unsuitableModel, "needs another model", about: .plugin(Self.name))
    }
    return ModelVerdict(
      statistic: 0, threshold: 1, classScores: Array(repeating: 0, count: model.classCount),
      measure: "nothing")
  }
}

try Runner(plugins: [
  Faulty.self, FaultyDetector.self, GoodNet.self, Finder.self, Idle.self,
]).main()
