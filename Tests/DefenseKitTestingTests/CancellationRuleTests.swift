import DefenseKit
import DefenseKitTesting
import Foundation
import Testing

@Suite("Cancellation that breaks rules")
struct CancellationRuleTests {
  private static let advice =
    "call try context.checkCancellation() first, pass context.execution to executors, sweeps and "
    + "trainings, and rethrow CancellationError"
  private static let loopAdvice =
    "call try context.checkCancellation() in your own loops, several times a second"

  private struct NeverAsks: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      var repaired = model
      repaired.graph = try model.graph.masking([0], of: "conv_2")
      return [Repair(model: repaired, defense: "bad", clean: nil)]
    }
  }

  /// Goes on where the executor ends.
  private struct Swallows: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      let counts = try? CleanCounts(of: model, on: clean, in: context)
      return [Repair(model: model, defense: "bad", clean: counts)]
    }
  }

  @Test("A run that does not ask, and one that goes on where an executor ended")
  func swallows() {
    expect(
      NeverAsks.self, breaks: .cancelledBefore, .repairs,
      saying: "bad breaks the rule 'cancelled-before': cancelled before it began, it returned a "
        + "result, on toy_plain; \(Self.advice)")
    expect(
      Swallows.self, breaks: .cancelledDuring, .cancelledBefore,
      saying: "bad breaks the rule 'cancelled-during': cancelled at the first report of its phase "
        + "'clean images', it returned a result, on toy_plain; \(Self.advice)")
  }

  /// Works in a loop of its own; what it does when it is cancelled there is `reaction`.
  private static func loop(
    in context: RunContext, _ reaction: (Bool) throws -> Void
  ) throws {
    try context.checkCancellation()
    try context.phase("thinking", images: 3) { progress in
      for step in 1...3 {
        progress(step)
        try reaction(context.execution.cancellation?.isCancelled ?? false)
      }
    }
  }

  private struct Hangs: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      try loop(in: context) { isCancelled in
        while isCancelled { Thread.sleep(forTimeInterval: 0.1) }
      }
      return [try masking([0], of: model, using: clean, in: context)]
    }
  }

  private struct Translates: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      do {
        return [try masking([0], of: model, using: clean, in: context)]
      } catch is CancellationError {
        throw DataError("something\nwent wrong")
      }
    }
  }

  @Test("A loop that asks too late, one that hangs, and another error")
  func loops() {
    expect(
      PluginChecks(OnlyLoop.self), .cancelledDuring,
      "bad breaks the rule 'cancelled-during': cancelled at the first report of its phase "
        + "'thinking', it continued for 2 more reports, on toy_plain; "
        + "\(Self.loopAdvice)", #_sourceLocation)
    expect(
      LoopBefore.self, breaks: .cancelledDuring,
      saying: "bad breaks the rule 'cancelled-during': cancelled at the first report of its phase "
        + "'thinking', it continued for 2 more reports, on toy_plain; \(Self.loopAdvice)")
    expect(
      AsksLate.self, breaks: .cancelledBefore,
      saying:
        "bad breaks the rule 'cancelled-before': cancelled before it began, it continued with its "
        + "phase 'thinking', on toy_plain; call try context.checkCancellation() first")
    expect(
      PluginChecks(Hangs.self, deadline: .milliseconds(500)), .cancelledDuring,
      "bad breaks the rule 'cancelled-during': cancelled at the first report of its phase "
        + "'thinking', it did not end within 0.5 s, on toy_plain; "
        + "\(Self.loopAdvice)", #_sourceLocation)
    expect(
      Translates.self, breaks: .cancelledBefore, .cancelledDuring,
      saying: "bad breaks the rule 'cancelled-before': cancelled before it began, it ended with "
        + "another error, on toy_plain: something went wrong; rethrow CancellationError")
  }

  /// What comes after the loop would ask.
  private struct LoopBefore: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      try loop(in: context) { _ in }
      return [try masking([0], of: model, using: clean, in: context)]
    }
  }

  private struct AsksLate: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      context.phase("thinking", images: 1) { progress in progress(1) }
      return [try masking([0], of: model, using: clean, in: context)]
    }
  }

  private struct OnlyLoop: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      try loop(in: context) { _ in }
      try context.checkCancellation()
      return [Repair(model: model, defense: "bad", clean: nil)]
    }
  }

  private struct NeverEnds: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      while true { Thread.sleep(forTimeInterval: 0.1) }
    }
  }

  @Test("A run that never ends")
  func neverEnds() {
    for rule in [PluginRule.repairs, .sameSeed, .writesNothing] {
      expect(
        PluginChecks(NeverEnds.self, deadline: .milliseconds(100)), rule,
        "bad breaks the rule '\(rule)': a run on toy_plain did not end within 0.1 s; find out "
          + "where it hangs, or give PluginChecks other options or a longer "
          + "deadline", #_sourceLocation)
    }
  }

  private struct DetectorSwallows: BadDetector {
    func fitted(
      to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
    ) throws -> any FittedDetector {
      let clean = try required(clean)
      let executor = try Executor([suspect], options: context.execution)
      context.phase("learning", images: clean.count) {
        _ = try? executor.labels(for: clean.source, progress: $0)
      }
      return Looking(models: [suspect, try required(repaired).model])
    }
  }

  @Test("A detector whose learning goes on where an executor ended")
  func detector() {
    expect(
      DetectorSwallows.self, breaks: .cancelledBefore, .cancelledDuring,
      saying: "bad breaks the rule 'cancelled-before': cancelled before it began, it returned a "
        + "result, on toy_plain; \(Self.advice)")
  }
}
