internal import DefenseKit
private import Foundation

/// Measures the unfinished units of a comparison in worker processes.
struct ComparisonRun {
  let plan: ComparisonPlan
  let folder: ComparisonFolder
  let threads: Int
  let sandbox: Sandbox
  /// Receives the workers' progress.
  let progress: any ProgressSink
  /// Shows the user a warning unless it was shown before.
  let warn: (String) -> Void

  /// Measures the unfinished units of these stages.
  ///
  /// - Returns: The reasons why units could not be measured now, by the units' keys.
  /// - Throws: ``Failure`` if results cannot be written.
  func run(_ stages: [ComparisonStage]) throws -> [String: String] {
    var postponed: [String: String] = [:]
    var pending = try stages.map { stage in
      var stage = stage
      stage.units = try stage.units.filter { try folder.record(of: $0) == nil }
      return stage
    }
    let total = stages.reduce(0) { $0 + $1.units.count }
    while true {
      pending.removeAll { $0.units.isEmpty }
      // One model at a time, so that one worker reads it once for all of its stages.
      guard let subject = pending.first?.subject else { break }
      let own = pending.filter { $0.subject == subject }
      pending.removeAll { $0.subject == subject }
      let rest = pending.reduce(0) { $0 + $1.units.count }
      var batch = Batch(run: self, stages: own, total: total, rest: rest)
      try batch.work()
      pending.insert(contentsOf: batch.stages, at: 0)
      postponed.merge(batch.postponed) { _, reason in reason }
    }
    return postponed
  }
}

/// The stages for one worker, until it ends.
private struct Batch {
  let run: ComparisonRun
  /// The stages with unfinished units.
  var stages: [ComparisonStage]
  let total: Int
  let rest: Int
  var postponed: [String: String] = [:]

  /// The worker's current task.
  private var current: Current = .nothing
  private var isInPhase = false

  private enum Current {
    case nothing
    case defending([ComparisonUnit])
    case measuring(ComparisonUnit)
  }

  init(run: ComparisonRun, stages: [ComparisonStage], total: Int, rest: Int) {
    (self.run, self.stages, self.total, self.rest) = (run, stages, total, rest)
  }

  /// Runs a worker; the remaining `stages` are for the next worker.
  mutating func work() throws {
    let given = stages
    let order = WorkOrder(
      model: run.plan.subjects[stages[0].subject].model, stages: given, threads: run.threads,
      sandbox: run.sandbox)
    let worker = try WorkerProcess(order)
    let timeout = Duration.seconds(run.plan.timeout)
    // Until a plugin starts, the limit is longer, because files may be large and disks slow.
    var remaining = max(timeout, .seconds(ComparisonPlan.defaultTimeout))
    defer { endPhase() }
    while true {
      switch worker.next(&remaining) {
      case .message(.defending(let stage)):
        current = given.indices.contains(stage) ? .defending(given[stage].units) : .nothing
        remaining = timeout
      case .message(.measuring(let key)):
        current = unit(key).map { .measuring($0) } ?? .nothing
        remaining = timeout
      case .message(.warned(let text)): run.warn(text)
      case .message(.began(let title, let images)): beginPhase(title, images)
      case .message(.advanced(let images)):
        if isInPhase { run.progress.advanced(to: images) }
      case .message(.ended): endPhase()
      case .message(.done(let record, let cost)):
        // A record of a unit that was not requested is ignored.
        guard let unit = unit(record.key), record.unit == unit else { continue }
        try run.folder.write(record, cost)
        finish([unit])
      case .message(.failed(_, Failure.unavailable, let message)) where isOpening:
        // The system has no sandbox, for any unit.
        throw Failure(Failure.unavailable, message)
      case .message(.failed(let keys, let status, let message)):
        try settle(keys.compactMap { unit($0) }, message, isTemporary: Self.isTemporary(status))
      case .silence:
        worker.end()
        if isOpening {
          return try settle(affected, "opening its files took too long", isTemporary: true)
        }
        return try settle(
          affected,
          "did not return within \(run.plan.timeout.optionText) s; raise 'timeout' and add --retry",
          isTemporary: false)
      case .ended(let ending):
        guard !stages.isEmpty else { return }
        return try settle(
          affected, Self.reason(ending), isTemporary: ending.signal.map(Self.fromOutside) ?? false)
      }
      if stages.isEmpty {
        endPhase()
        // The worker has only to exit.
        remaining = min(remaining, .seconds(5))
      }
    }
  }

  /// Whether no plugin has started yet.
  private var isOpening: Bool { if case .nothing = current { true } else { false } }

  /// The units that fail with the worker: those of its current task, or all if that is unknown.
  ///
  /// Right after a finished unit there are none: the next worker continues with the rest.
  private var affected: [ComparisonUnit] {
    switch current {
    case .nothing: stages.flatMap(\.units)
    case .defending(let units): units.filter { unit($0.key) != nil }
    case .measuring(let unit): self.unit(unit.key) == nil ? [] : [unit]
    }
  }

  private func unit(_ key: String) -> ComparisonUnit? {
    for stage in stages {
      if let unit = stage.units.first(where: { $0.key == key }) { return unit }
    }
    return nil
  }

  /// Whether another attempt may succeed: memory, disk space and files come and go.
  private static func isTemporary(_ status: Int32) -> Bool {
    [
      Failure.missingInput, Failure.system, Failure.cannotCreate, Failure.ioError,
      Failure.tryAgain,
    ].contains(status)
  }

  /// Whether a signal comes from outside and not from a crash.
  private static func fromOutside(_ signal: Int32) -> Bool {
    [SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGXCPU].contains(signal)
  }

  private static func reason(_ ending: WorkerProcess.Ending) -> String {
    let words = ending.lastErrorLine.map { ": \($0)" } ?? ""
    guard let signal = ending.signal else {
      return "ended the process with status \(ending.status)\(words)"
    }
    if fromOutside(signal) { return "was killed from outside, perhaps because memory ran out" }
    return "crashed (signal \(signal))\(words)"
  }

  /// The number of failed attempts after which a unit has failed permanently.
  private static let maximumAttempts = 3

  /// Records that units failed, permanently or for now.
  private mutating func settle(
    _ units: [ComparisonUnit], _ message: String, isTemporary: Bool
  ) throws {
    for unit in units {
      var reason = message
      if isTemporary {
        guard try run.folder.noteAttempt(at: unit) >= Self.maximumAttempts else {
          postponed[unit.key] = message
          continue
        }
        reason += " (\(Self.maximumAttempts) times)"
      }
      try run.folder.write(ComparisonRecord(unit, failure: reason), nil)
    }
    finish(units)
  }

  /// Removes units from the stages.
  private mutating func finish(_ units: [ComparisonUnit]) {
    let keys = Set(units.map(\.key))
    for index in stages.indices { stages[index].units.removeAll { keys.contains($0.key) } }
    stages.removeAll { $0.units.isEmpty }
  }

  // MARK: Progress

  private mutating func beginPhase(_ title: String, _ images: Int) {
    endPhase()
    let left = rest + stages.reduce(0) { $0 + $1.units.count }
    let place: String =
      switch current {
      case .nothing: ""
      case .defending(let units):
        units.first.map { "\($0.model) \($0.defense?.label ?? ""): " } ?? ""
      case .measuring(let unit):
        "\(unit.model) "
          + [unit.defense?.label, unit.otherPlugin?.choice.label].compactMap { $0 }
          .joined(separator: " + ")
          + ": "
      }
    run.progress.began("[\(total - left + 1)/\(total)] \(place)\(title)", images: images)
    isInPhase = true
  }

  private mutating func endPhase() {
    if isInPhase { run.progress.ended() }
    isInPhase = false
  }
}
