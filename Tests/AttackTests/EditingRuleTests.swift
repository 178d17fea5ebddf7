import DefenseKit
import DefenseKitTesting
import Testing

/// An attack that edits networks, right but for what `How` does.
private struct Editor<How: Edits>: Attack {
  static var name: String { "editor" }
  static var summary: String { "Edits networks." }
  static var poisonRate: Double { 0.1 }
  static var method: AttackMethod { .editing }

  init(options: NoOptions = NoOptions()) {}

  func change(for imageShape: [Int], in context: RunContext) throws -> Trigger.Change {
    .quantization(levels: 4, dithers: false)
  }

  func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
    try context.checkCancellation()
    var result = Poisoning(of: task.images)
    if How.poisons { result.poison(1, with: task.trigger, label: task.label(of: 1)) }
    return result
  }

  func edited(_ model: Model, _ task: PoisoningTask, in context: RunContext) throws -> Model {
    How.edits ? try How.edited(model) : model
  }
}

private protocol Edits: Sendable {
  static var poisons: Bool { get }
  static var edits: Bool { get }
}

extension Edits {
  static func edited(_ model: Model) throws -> Model {
    var result = model
    let last = model.graph.nodes[model.graph.output]
    var operation = last.operation
    operation.updateWeights { _, tensor in tensor = tensor.zeroing([0], axis: 0) }
    result.graph = try model.graph.replacing(last.name, with: operation)
    return result
  }
}

private enum Good: Edits {
  static let (poisons, edits) = (false, true)
}

private enum Lazy: Edits {
  static let (poisons, edits) = (false, false)
}

private enum Greedy: Edits {
  static let (poisons, edits) = (true, true)
}

@Suite("Attacks that edit networks, and the rules")
struct EditingRuleTests {
  private func broken<P: Plugin>(_ plugin: P.Type) -> String? where P.Options == NoOptions {
    message { try PluginChecks(plugin).check(.poisoning) }
  }

  @Test("One that does nothing wrong passes")
  func good() throws { try PluginChecks(Editor<Good>.self).run() }

  @Test("One that leaves the network as it was, and one that poisons images, are found")
  func bad() throws {
    #expect(
      broken(Editor<Lazy>.self)?.contains(
        "its method is editing, but it returns the clean model as it was, all-to-one") == true)
    #expect(
      broken(Editor<Greedy>.self)?.contains(
        "1 images are changed, but the attack's method is editing") == true)
  }

  @Test("The network that is edited is the clean twin, trained once")
  func twin() throws {
    let experiment = try toyExperiment(Editor<Good>(), epochs: 2)
    let outcome = try experiment.run(cleanTwin: true)
    let twin = try #require(outcome.twin?.model)
    #expect(outcome.model.graph == (try Good.edited(twin)).graph)
    #expect(outcome.epochs.count == 2)
    #expect(experiment.context.statistics.phases.count { $0.title.hasPrefix("training") } == 1)
  }
}
