internal import DefenseKit

extension PluginChecks {
  /// All that such a plugin is made to do.
  var trials: [Trial] {
    get throws {
      let problem = try problem
      var trials: [Trial] = []
      if type is any Defense.Type {
        trials += problem.suspects.map { Trial.repairing($0, in: problem) }
      }
      if type is any Detector.Type {
        trials += problem.suspects.map { Trial.inspecting($0, in: problem) }
      }
      if let attack = type as? any Attack.Type {
        trials.append(.poisoning(.allToOne, in: problem))
        if !attack.keepsLabels { trials.append(.poisoning(.allToAll, in: problem)) }
      }
      return trials
    }
  }

  /// Makes the plugin with the options that it is tried with.
  func makePlugin(for rule: PluginRule) throws(BrokenRule) -> any Plugin {
    do {
      return try make()
    } catch {
      throw broken(
        rule, "the options that it is to be checked with are refused: \(error)",
        "give PluginChecks others")
    }
  }

  /// Calls `body` with every trial, in turn.
  ///
  /// Trials with a network that the plugin refuses as unsuitable end early.
  ///
  /// - Throws: ``BrokenRule`` if no network is left, or the plugin ends with an error.
  func forEachTrial(_ rule: PluginRule, _ body: (Trial) throws -> Void) throws {
    var refusal: PluginError?
    var isTried = false
    for trial in try trials {
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
          "find out where it hangs, or give PluginChecks options or a deadline that suit it")
      } catch {
        throw broken(
          rule, "it ended on \(trial.name) with an error: \(oneLine(error))",
          "mend it, or give PluginChecks options with which it works on the toy problem")
      }
    }
    if !isTried, let refusal {
      throw broken(
        rule, "it refuses all toy networks, the last one with '\(refusal)'",
        "give PluginChecks a problem of your own")
    }
  }

  /// Lets the plugin do what the trial says, on a thread of its own.
  func facts(
    of plugin: any Plugin, in trial: Trial, _ conditions: Conditions = Conditions()
  ) throws -> Facts {
    let materials = try trial.materials.copied()
    return try onOwnThread(deadline: deadline) { try trial.run(plugin, materials, conditions) }
  }
}

/// A length of time for messages.
func seconds(_ duration: Duration) -> String { "\((duration / .seconds(1)).optionText) s" }

/// An error's text in one line.
func oneLine(_ error: any Error) -> String {
  "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
}
