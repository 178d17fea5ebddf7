// A runner whose plugins do what plugins should not, for the tests of `compare`.
import DefenseKit
import Foundation
import GoodNet
import RunnerKit

/// What a plugin does instead of its work.
enum Misdeed: String, OptionValue, CaseIterable {
  case none, `throw`, trap, hang, exit, kill, terminate, chatter, memory

  func commit() throws {
    switch self {
    case .none: return
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
}

/// Returns the suspect as it is, after its misdeed.
struct Faulty: Defense {
  struct Options: PluginOptions {
    var misdeed = Misdeed.none
    /// A file that must not be there; it is made when the defense runs, so that it runs once alone.
    var once = ""
    static var declarations: [PluginOption<Options>] {
      [
        PluginOption("misdeed", \.misdeed, "What it does."),
        PluginOption("once", \.once, "A file by which the misdeed is done once."),
      ]
    }
  }

  static let name = "faulty"
  static let summary = "Does what a defense should not."
  let options: Options

  init(options: Options) { self.options = options }

  func repair(_ model: Model, using clean: CleanData, in context: RunContext) throws -> [Repair] {
    if options.once.isEmpty || !FileManager.default.fileExists(atPath: options.once) {
      if !options.once.isEmpty { try Data().write(to: URL(fileURLWithPath: options.once)) }
      try options.misdeed.commit()
    }
    return [
      Repair(
        model: model, defense: Self.name,
        validation: try CleanCounts(of: model, on: clean, in: context))
    ]
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
  static let comparesModels = false
  static let learnsFromCleanData = false
  let options: Options

  init(options: Options) { self.options = options }

  func inspection(
    of suspect: Model, repaired: Model, using clean: CleanData, in context: RunContext
  ) throws -> any Inspection { Watch(models: [suspect], misdeed: options.misdeed) }

  private struct Watch: Inspection {
    let models: [Model]
    let misdeed: Misdeed

    func verdicts(for batch: InspectedBatch) throws -> [Verdict] {
      try misdeed.commit()
      return batch.predictions(of: 0).map { Verdict(label: $0, score: Float($0)) }
    }
  }
}

try Runner(plugins: [Faulty.self, FaultyDetector.self, GoodNet.self]).main()
