internal import DefenseKit
internal import Foundation

/// The facts about a run that may differ between equal runs.
enum RunEnvironment {
  /// The report's `environment` object.
  static func json(
    _ context: RunContext, start: Date, paths: [(String, String?)]
  ) -> JSON {
    let statistics = context.statistics
    let phases = statistics.phases.map { phase -> JSON in
      [
        "phase": .string(phase.title), "images": .int(phase.images),
        "seconds": .number(rounded(phase.seconds)),
      ]
    }
    return [
      "version": .string(defenseKitVersion),
      "system": .string(ProcessInfo.processInfo.operatingSystemVersionString),
      "started": .string(start.formatted(.iso8601)),
      "seconds": .number(rounded(Date().timeIntervalSince(start))),
      "phases": .array(phases),
      "instructions": .string(Executor.instructionSet),
      "sandbox": .string((context.sandbox.posture ?? .none).rawValue),
      "threads": .int(context.execution.threads),
      "sharing": .bool(context.execution.sharing),
      "passes": [
        "run": .number(rounded(statistics.imagesRun)),
        "saved": .number(rounded(statistics.imagesAlone - statistics.imagesRun)),
      ],
      "peakMemory": .int(peakMemory),
      "paths": .object(paths.compactMap { name, path in path.map { .init(name, .string($0)) } }),
    ]
  }

  /// The peak memory of the process in bytes.
  static var peakMemory: Int {
    var usage = rusage()
    // 0 is RUSAGE_SELF, whose type differs between systems, as do the units of `ru_maxrss`.
    guard unsafe getrusage(.init(0), &usage) == 0 else { return 0 }
    #if os(Linux)
      return usage.ru_maxrss * 1024
    #else
      return usage.ru_maxrss
    #endif
  }

  /// Rounds to a thousandth, which is a millisecond for times.
  private static func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }
}
