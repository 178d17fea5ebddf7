internal import DefenseKit

extension PluginChecks {
  /// Returns the trials for this kind of plugin.
  func trials(for rule: PluginRule) throws -> [Trial] {
    let problem = try problem
    let suspects = problem.suspects.filter { suspect in
      PluginInputs(
        model: suspect.model, cleanImages: nil, hasRepairedModel: true, hasTrainingData: true
      ).satisfy(type)
    }
    guard !suspects.isEmpty else {
      throw broken(
        rule, "no toy network meets its requirements",
        "give PluginChecks your own problem")
    }
    switch try make().byKind {
    case .defense: return suspects.map { Trial.repairing($0, in: problem) }
    case .detector: return suspects.map { Trial.detecting($0, in: problem) }
    case .verdict: return suspects.map { Trial.scanning($0, in: problem) }
    case .dataSetDetector: return suspects.map { Trial.scoring($0, in: problem) }
    case .attack(let attack):
      let allToAll = try AttackGoal(.allToAll, target: 1, classCount: problem.classCount)
      let isOfOneClass = (try? attack.goal(allToAll)) == nil
      return [.poisoning(.allToOne, in: problem)]
        + (isOfOneClass ? [] : [.poisoning(.allToAll, in: problem)])
    }
  }

  /// Creates the plugin with the options to check it with.
  func makePlugin(for rule: PluginRule) throws(BrokenRule) -> any Plugin {
    do {
      return try make()
    } catch {
      throw broken(
        rule, "it refuses the options to check it with: \(error)",
        "give PluginChecks other options")
    }
  }

  /// Calls `body` with every trial in turn.
  ///
  /// A trial whose network the plugin refuses as unsuitable ends early.
  ///
  /// - Throws: ``BrokenRule`` if no network remains or the plugin throws an error.
  func forEachTrial(_ rule: PluginRule, _ body: (Trial) throws -> Void) throws {
    var refusal: PluginError?
    var isTried = false
    for trial in try trials(for: rule) {
      do {
        try body(trial)
        isTried = true
      } catch let error as PluginError where error.code == .unsuitableModel {
        refusal = error
      } catch let error as BrokenRule {
        throw error
      } catch is DeadlinePassed {
        throw broken(
          rule, "a run on \(trial.name) did not end within \(seconds(deadline))",
          "find out where it hangs, or give PluginChecks other options or a longer deadline")
      } catch {
        throw broken(
          rule, "it ended on \(trial.name) with an error: \(oneLine(error))",
          "fix it, or give PluginChecks options with which it works on the toy problem")
      }
    }
    if !isTried, let refusal {
      throw broken(
        rule, "it refuses all toy networks, the last with '\(refusal)'",
        "give PluginChecks your own problem")
    }
  }

  /// Returns the facts of a trial of the plugin on its own thread.
  func facts(
    of plugin: any Plugin, in trial: Trial, _ conditions: Conditions = Conditions()
  ) throws -> Facts {
    let materials = try trial.materials.copied()
    return try onOwnThread(deadline: deadline) { try trial.run(plugin, materials, conditions) }
  }
}

/// Returns a duration for messages, in seconds.
func seconds(_ duration: Duration) -> String { "\((duration / .seconds(1)).optionText) s" }

/// Returns an error's text in one line.
func oneLine(_ error: any Error) -> String {
  "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
}
