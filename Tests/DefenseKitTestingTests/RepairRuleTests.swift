import DefenseKit
import DefenseKitTesting
import Testing

@Suite("Repairs that break rules")
struct RepairRuleTests {
  /// A defense whose repair is right but for one change.
  private struct Changed<Change: RepairChange>: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      var repair = try masking([0, 1], of: model, using: clean, in: context)
      try Change.apply(to: &repair)
      return [repair]
    }
  }

  private protocol RepairChange: Sendable {
    static func apply(to repair: inout Repair) throws
  }

  private enum Name: RepairChange {
    static func apply(to repair: inout Repair) { repair.defense = "fine-pruning" }
  }

  private enum Scale: RepairChange {
    static func apply(to repair: inout Repair) {
      repair.model.preprocessing.scale = 1
      repair.clean = nil
    }
  }

  private enum Outputs: RepairChange {
    static func apply(to repair: inout Repair) {
      repair.model.graph.setOutput(repair.model.graph.nodes.count - 2)
      repair.clean = nil
    }
  }

  private enum Shape: RepairChange {
    static func apply(to repair: inout Repair) throws {
      var graph = try Graph(inputShape: [8, 8, 2])
      try graph.append("flatten", .flatten, inputs: [0])
      let kernel = Tensor(shape: [128, 4], repeating: 0)
      try graph.append("output", .dense(Dense(kernel: kernel)), inputs: [1])
      repair.model.graph = graph
      repair.clean = nil
    }
  }

  private enum NotFinite: RepairChange {
    static func apply(to repair: inout Repair) throws {
      let model = repair.model
      let kernel = Tensor(shape: [4, 4], repeating: .nan)
      try repair.model.graph.append(
        "more", .dense(Dense(kernel: kernel)), inputs: [model.graph.output])
      repair.clean = nil
    }
  }

  private enum WrongCounts: RepairChange {
    static func apply(to repair: inout Repair) {
      repair.clean = CleanCounts(correct: 0, images: 160)
    }
  }

  private enum HeldOutOrder: RepairChange {
    static func apply(to repair: inout Repair) { repair.heldOut = [3, 2] }
  }

  private enum HeldOutRange: RepairChange {
    static func apply(to repair: inout Repair) { repair.heldOut = [3, 160] }
  }

  @Test("Held-out images that there are not, or in another order")
  func heldOut() {
    let text =
      "bad breaks the rule 'repairs': repair 0 of toy_plain reports held-out images that do not "
      + "exist or are not in ascending order; report their positions in the clean images, "
      + "ascending, from 0 to 159"
    expect(Changed<HeldOutOrder>.self, breaks: .repairs, saying: text)
    expect(PluginChecks(Changed<HeldOutRange>.self), .repairs, text, #_sourceLocation)
  }

  @Test("Models that do not fit the suspect")
  func models() {
    expect(
      Changed<Name>.self, breaks: .repairs,
      saying: "bad breaks the rule 'repairs': repair 0 of toy_plain is by 'fine-pruning'; pass "
        + "Self.name as "
        + "the repair's defense")
    expect(
      Changed<Shape>.self, breaks: .repairs,
      saying: "bad breaks the rule 'repairs': repair 0 of toy_plain takes images of shape [8, 8, "
        + "2], the "
        + "suspect [8, 8, 1]; edit a copy of the suspect")
    expect(
      Changed<Outputs>.self, breaks: .repairs,
      saying: "bad breaks the rule 'repairs': repair 0 of toy_plain has 16 classes, the suspect "
        + "4; edit a "
        + "copy of the suspect")
    expect(
      Changed<Scale>.self, breaks: .repairs,
      saying: "bad breaks the rule 'repairs': repair 0 of toy_plain prepares images by "
        + "scale 1, the suspect by scale 1/255; edit a copy of the suspect and keep its preprocessing"
    )
    expect(
      Changed<NotFinite>.self, breaks: .repairs,
      saying: "bad breaks the rule 'repairs': repair 0 of toy_plain has weights in layer 'more' "
        + "that are not finite; check divisors, and throw an error if the weights cannot be "
        + "repaired")
    expect(
      Changed<WrongCounts>.self, breaks: .repairs,
      saying: "bad breaks the rule 'repairs': repair 0 of toy_plain reports 0 of 160 clean images "
        + "correct, but it is * of 160; count with CleanCounts(of:on:in:), on the returned model "
        + "and all clean images")
  }

  private enum OutOfRange: RepairChange {
    static func apply(to repair: inout Repair) { repair.pruned[0].channels = [0, 12] }
  }

  private enum Twice: RepairChange {
    static func apply(to repair: inout Repair) { repair.pruned[0].channels = [1, 0, 1] }
  }

  private enum Layer: RepairChange {
    static func apply(to repair: inout Repair) { repair.pruned[0].layer = "conv_9" }
  }

  private enum Total: RepairChange {
    static func apply(to repair: inout Repair) { repair.pruned[0].total = 10 }
  }

  private enum NotPruned: RepairChange {
    static func apply(to repair: inout Repair) { repair.pruned[0].channels = [0, 1, 2] }
  }

  private enum Unjudged: RepairChange {
    static func apply(to repair: inout Repair) { repair.clean = nil }
  }

  @Test("Pruned channels that are as they were, and a repair that nobody judged")
  func claims() {
    expect(
      Changed<NotPruned>.self, breaks: .repairs,
      saying:
        "bad breaks the rule 'repairs': repair 0 of toy_plain reports that channels [0, 1, 2] of "
        + "layer 'conv_2' were pruned, but some have weights; prune with Graph.masking(_:of:) or "
        + "Graph.masking(_:ofNormalization:), and report the same channels")
    expect(
      Changed<Unjudged>.self, breaks: .repairs,
      saying:
        "bad breaks the rule 'repairs': repair 0 of toy_plain does not report its accuracy on the "
        + "clean images; count with CleanCounts(of:on:in:), on the returned model and all clean "
        + "images")
  }

  @Test("Pruned channels that there are not")
  func pruned() {
    expect(
      Changed<OutOfRange>.self, breaks: .repairs,
      saying: "bad breaks the rule 'repairs': repair 0 of toy_plain reports that channel 12 of "
        + "layer 'conv_2' was pruned, whose channels are 0 to 11; count channels from 0")
    expect(
      Changed<Twice>.self, breaks: .repairs,
      saying: "bad breaks the rule 'repairs': repair 0 of toy_plain reports a pruned channel of "
        + "layer 'conv_2' twice; report each channel once")
    expect(
      Changed<Layer>.self, breaks: .repairs,
      saying: "bad breaks the rule 'repairs': repair 0 of toy_plain reports the pruned layer "
        + "'conv_9', which the suspect does not have; report a node of the suspect's graph")
    expect(
      Changed<Total>.self, breaks: .repairs,
      saying: "bad breaks the rule 'repairs': repair 0 of toy_plain reports that layer 'conv_2' "
        + "has 10 channels, but it has 12; report the node's channels")
  }

  private struct Nothing: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      try context.checkCancellation()
      return []
    }
  }

  private struct Choosy: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      try context.checkCancellation()
      if model.name == "toy_plain" {
        throw PluginError(.unsuitableModel, "bad needs a batch normalization")
      }
      return [try masking([0], of: model, using: clean, in: context)]
    }
  }

  private struct RefusesAll: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      throw PluginError(.unsuitableModel, "bad needs attention")
    }
  }

  private struct Fails: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      _ = try model.graph.masking([99], of: "conv_2")
      return []
    }
  }

  @Test("No repairs; a defense may refuse one of the networks, but not both")
  func none() throws {
    expect(
      Nothing.self, breaks: .repairs,
      saying: "bad breaks the rule 'repairs': it repaired none of the toy networks; give "
        + "PluginChecks options with which it repairs one")
    try PluginChecks(Choosy.self).run()
    expect(
      PluginChecks(RefusesAll.self), .sameSeed,
      "bad breaks the rule 'same-seed': it refuses all toy networks, the last with 'bad needs "
        + "attention'; give PluginChecks your own problem", #_sourceLocation)
    expect(
      PluginChecks(Fails.self), .repairs,
      "bad breaks the rule 'repairs': it ended on toy_plain with an error: layer 'conv_2': it has "
        + "no channel 99; its channels are 0 to 11; fix it, or give PluginChecks options with "
        + "which it works on the toy problem", #_sourceLocation)
  }

  @Test("Options that PluginChecks gets must be good ones")
  func options() {
    struct Picky: Defense {
      struct Options: PluginOptions {
        var share = 0.5
        init() {}
        static var declarations: [PluginOption<Options>] {
          [PluginOption("share", \.share, "The share.")]
        }
      }
      static let name = "picky"
      static let summary = "Does nothing."
      let options: Options
      init(options: Options) throws(PluginError) {
        guard options.share < 1 else {
          throw PluginError(.badOption, "picky.share takes a number under 1")
        }
        self.options = options
      }
      func repair(
        _ model: Model, using clean: CleanData?, in context: RunContext
      ) throws -> [Repair] { [] }
    }
    var options = Picky.Options()
    options.share = 1
    expect(
      PluginChecks(Picky.self, options: options), .repairs,
      "picky breaks the rule 'repairs': it refuses the options to check it with: picky.share takes "
        + "a number under 1; give PluginChecks other options", #_sourceLocation)
  }
}
