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
    case .memory: try FileError.checkMemory(1 << 46, for: "faulty", "dreams")
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
    to suspect: Model, repaired: Model?, using clean: CleanData?, in context: RunContext
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

try Runner(plugins: [Faulty.self, FaultyDetector.self, GoodNet.self]).main()
