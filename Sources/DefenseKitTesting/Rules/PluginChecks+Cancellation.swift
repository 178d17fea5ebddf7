internal import DefenseKit

extension PluginChecks {
  func checkCancelledBefore() throws {
    let rule = PluginRule.cancelledBefore
    let plugin = try makePlugin(for: rule)
    try forEachTrial(rule) { trial in
      // A detector that learns nothing need not check for cancellation before it gets images.
      if let learn = trial.learn, try !reports(of: plugin, in: trial, learn).isEmpty {
        try checkEndsAtOnce(plugin, trial, learn, rule)
      }
      try checkEndsAtOnce(plugin, trial, trial.run, rule)
    }
  }

  /// Checks that a run cancelled before it begins reports no progress.
  private func checkEndsAtOnce(
    _ plugin: any Plugin, _ trial: Trial, _ run: @escaping Trial.Run, _ rule: PluginRule
  ) throws {
    let (cancellation, watch) = (Cancellation(), ProgressWatch())
    cancellation.cancel()
    try checkEnds(
      plugin, trial, run, Conditions(cancellation: cancellation, progress: watch), rule,
      "before it began")
    guard let report = watch.reports.first else { return }
    throw broken(
      rule,
      "cancelled before it began, it continued with its phase '\(report.phase)', on \(trial.name)",
      "call try context.checkCancellation() first")
  }

  func checkCancelledDuring() throws {
    let rule = PluginRule.cancelledDuring
    let plugin = try makePlugin(for: rule)
    try forEachTrial(rule) { trial in
      for run in [trial.learn, trial.run].compactMap({ $0 }) {
        let reports = try reports(of: plugin, in: trial, run)
        // At the last report there may be no work left.
        let firsts = reports.indices.dropLast().filter { reports[$0].isFirst }
        for number in firsts.prefix(8) {
          let cancellation = Cancellation()
          let watch = ProgressWatch(cancelling: cancellation, at: number)
          let moment = "at the first report of its phase '\(reports[number].phase)'"
          try checkEnds(
            plugin, trial, run, Conditions(cancellation: cancellation, progress: watch), rule,
            moment)
          // One more step may be in progress, or end before the check for cancellation.
          guard watch.reports.count <= number + 2, watch.reports.count < reports.count else {
            throw broken(
              rule,
              "cancelled \(moment), it continued for \(watch.reports.count - number - 1) more "
                + "reports, on \(trial.name)",
              "call try context.checkCancellation() in your own loops, several times a second")
          }
        }
      }
    }
  }

  /// Returns the progress reports of a run that is not cancelled.
  private func reports(
    of plugin: any Plugin, in trial: Trial, _ run: @escaping Trial.Run
  ) throws -> [ProgressWatch.Report] {
    let materials = try trial.materials.copied()
    let watch = ProgressWatch()
    _ = try onOwnThread(deadline: deadline) {
      try run(plugin, materials, Conditions(progress: watch))
    }
    return watch.reports
  }

  /// Checks that a cancelled run ends with `CancellationError`.
  private func checkEnds(
    _ plugin: any Plugin, _ trial: Trial, _ run: @escaping Trial.Run, _ conditions: Conditions,
    _ rule: PluginRule, _ moment: String
  ) throws {
    let materials = try trial.materials.copied()
    do {
      _ = try onOwnThread(deadline: deadline) { try run(plugin, materials, conditions) }
    } catch is CancellationError {
      return
    } catch is DeadlinePassed {
      throw broken(
        rule, "cancelled \(moment), it did not end within \(seconds(deadline)), on \(trial.name)",
        "call try context.checkCancellation() in your own loops, several times a second")
    } catch let error as PluginError where error.code == .unsuitableModel {
      throw error
    } catch {
      throw broken(
        rule,
        "cancelled \(moment), it ended with another error, on \(trial.name): \(oneLine(error))",
        "rethrow CancellationError")
    }
    throw broken(
      rule, "cancelled \(moment), it returned a result, on \(trial.name)",
      "call try context.checkCancellation() first, pass context.execution to executors, sweeps and "
        + "trainings, and rethrow CancellationError")
  }
}
