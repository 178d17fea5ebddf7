internal import Foundation
internal import ModelIO

/// One unit of a comparison: what plugins make or say of one model, with one seed.
///
/// It has a defense or none, and one plugin that examines the outcome or none: a detector, a data-set
/// detector or a verdict. Without plugins it is the suspect itself, what everything is compared with.
public struct ComparisonUnit: Codable, Sendable, Hashable {
  /// What the comparison calls the model.
  public var model: String
  /// What was measured: the model's and the data sets' hashes, by role, such as "model" and "test".
  public var inputs: [String: String]
  /// The plugins, by kind.
  public var plugins: [PluginKind: PluginChoice]
  /// Decides all that plugins draw at random.
  public var seed: UInt64

  /// Creates a unit.
  public init(
    model: String, inputs: [String: String], plugins: [PluginKind: PluginChoice],
    seed: UInt64 = 0
  ) {
    self.model = model
    self.inputs = inputs
    self.plugins = plugins
    self.seed = seed
  }

  /// Creates the unit of a defense, a detector, both or neither.
  public init(
    model: String, inputs: [String: String], defense: PluginChoice? = nil,
    detector: PluginChoice? = nil, seed: UInt64 = 0
  ) {
    self.init(model: model, inputs: inputs, plugins: [:], seed: seed)
    self.defense = defense
    self.detector = detector
  }

  /// The defense; nil for the suspect itself.
  public var defense: PluginChoice? {
    get { plugins[.defense] }
    set { plugins[.defense] = newValue }
  }

  /// The detector; nil for none.
  public var detector: PluginChoice? {
    get { plugins[.detector] }
    set { plugins[.detector] = newValue }
  }

  /// The plugin that examines the outcome, and its kind; nil for none.
  public var examiner: (kind: PluginKind, choice: PluginChoice)? {
    plugins.first { $0.key != .defense }.map { ($0.key, $0.value) }
  }

  /// The SHA-256 of all that decides the unit's result: the schema and the version of DefenseKit, the
  /// processor's vector instructions (see `Executor.instructionSet`), plugins with all their options, seed,
  /// model and data. What things are called is not part of it.
  public var key: String {
    let content: JSON = [
      "schema": .int(ComparisonRecord.currentSchema), "version": .string(defenseKitVersion),
      "instructions": .string(Executor.instructionSet),
      "inputs": .object(inputs.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
      "plugins": .object(
        plugins.sorted { $0.key.rawValue < $1.key.rawValue }.map {
          .init($0.key.rawValue, Self.content(of: $0.value))
        }),
      "seed": .string("\(seed)"),
    ]
    return sha256(of: Array(content.text.utf8))
  }

  private static func content(of plugin: PluginChoice) -> JSON {
    [
      "name": .string(plugin.name),
      "options": .object(plugin.options.map { .init($0.name, .string($0.value)) }),
    ]
  }

  /// What messages call it, such as "badnets: fine-pruning + goodnet, seed 3".
  public var title: String {
    let plugins = [defense?.label, examiner?.choice.label].compactMap { $0 }
      .joined(separator: " + ")
    return "\(model): \(plugins.isEmpty ? "suspect" : plugins), seed \(seed)"
  }
}
