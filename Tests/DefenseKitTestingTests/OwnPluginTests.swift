import BadNets
import Blended
import CLP
import DefenseKit
import DefenseKitTesting
import FinePruning
import FineTuning
import FreeEagle
import GoodNet
import LabelConsistent
import SIG
import STRIP
import SpectralSignatures
import Testing
import WaNet

/// Our own plugins keep the rules that are asked of others'.
@Suite("The rules of plugins, on ours")
struct OwnPluginTests {
  static let all: [PluginChecks] = [
    PluginChecks(FinePruning.self, options: .init(tuning: short)),
    PluginChecks(
      FinePruning.self, options: .init(share: 0.5, ranking: .convolution, tuning: .none),
      refusing: [
        "drops": ["", "0", "-1", "101", "2,2", "two"], "drop-unit": ["percent"],
        "share": ["0", "-0.5", "1.01"], "ranking": ["layer"], "bias": ["yes"],
        "epochs": ["-1", "10001"],
      ]),
    PluginChecks(
      FineTuning.self, options: short,
      refusing: [
        "epochs": ["0", "-1", "10001"], "learning-rate": ["0", "-1", "101"],
        "batch": ["0", "65537", "1.5"], "optimizer": ["lion"], "schedule": ["exp"],
        "decay": ["-1", "2"], "recovery": ["-0.1", "1"], "smoothing": ["-1", "1"],
        "distillation": ["-1", "2"],
        "temperature": ["0", "101"], "shift": ["-1", "65"], "flip": ["0"],
        "freeze-normalization": ["1"], "held-out": ["-0.1", "1"], "patience": ["0"],
      ]),
    PluginChecks(CLP.self, refusing: ["u": ["0", "-1", "inf"], "sums": ["add"]]),
    PluginChecks(GoodNet.self),
    PluginChecks(
      GoodNet.self, options: .init(alarms: 0.1), refusing: ["alarms": ["1", "1.5", "-0.1", "few"]]),
    PluginChecks(
      STRIP.self,
      refusing: [
        "overlays": ["0", "10001"], "alpha": ["0", "-1", "101"], "beta": ["0", "-1", "101"],
        "alarms": ["0", "1", "1e-7", "1e-300"], "threshold": ["median"],
      ]),
    PluginChecks(
      FreeEagle.self, options: fewSteps,
      refusing: [
        "steps": ["0", "100001"], "learning-rate": ["0", "-1", "11"], "decay": ["-1", "2"],
        "threshold": ["0", "-1"],
      ]),
    PluginChecks(SpectralSignatures.self, refusing: ["share": ["0", "-1", "1.1"]]),
    PluginChecks(
      BadNets.self,
      refusing: [
        "size": ["0", "1,2,3", "4097"], "position": ["middle"], "margin": ["-1", "4097"],
        "place": ["1", "-1,0", "1,2,3"], "pattern": ["grey"], "opacity": ["0", "1.1"],
      ]),
    PluginChecks(BadNets.self, options: noisy),
    PluginChecks(Blended.self, refusing: ["alpha": ["0", "1.1", "-1"]]),
    PluginChecks(
      SIG.self, refusing: ["amplitude": ["0", "256", "-1"], "frequency": ["0", "1001", "-1"]]),
    PluginChecks(
      WaNet.self,
      refusing: [
        "grid": ["1", "65"], "strength": ["0", "101", "-1"], "cross-ratio": ["-1", "1001"],
      ]),
    PluginChecks(
      LabelConsistent.self,
      refusing: [
        "epsilon": ["-1", "1e7"], "steps": ["0", "10001"], "step": ["0", "1e7"],
        "size": ["0", "4097"], "corners": ["0", "2"], "amplitude": ["0", "256"],
      ]),
  ]

  private static var fewSteps: FreeEagle.Options {
    var options = FreeEagle.Options()
    options.steps = 20
    return options
  }

  private static var short: FineTuningOptions {
    var options = FineTuningOptions()
    options.epochs = 2
    return options
  }

  private static var noisy: BadNets.Options {
    var options = BadNets.Options()
    options.pattern = .noise
    return options
  }

  @Test("A rule", arguments: all.flatMap { checks in checks.rules.map { Case(checks, $0) } })
  func rule(_ test: Case) throws { try test.checks.check(test.rule) }

  /// A rule for one of the plugins.
  struct Case: CustomStringConvertible, Sendable {
    let checks: PluginChecks
    let rule: PluginRule

    init(_ checks: PluginChecks, _ rule: PluginRule) {
      (self.checks, self.rule) = (checks, rule)
    }

    var description: String { "\(checks.name): \(rule)" }
  }
}
