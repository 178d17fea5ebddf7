internal import Foundation
internal import ModelIO

/// One unit of a comparison: at most one defense and one other plugin, applied to a model with a
/// seed.
///
/// The other plugin is a detector, a data-set detector or a verdict. A unit without plugins
/// measures the suspect itself, the baseline of the comparison.
public struct ComparisonUnit: Codable, Sendable, Hashable {
  /// The model's name in the comparison.
  public var model: String
  /// The SHA-256 hashes of the model and the data sets, by role ("model", "test").
  public var inputs: [String: String]
  /// The plugins, by kind.
  public var plugins: [PluginKind: PluginChoice]
  /// The seed of all random choices of plugins.
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

  /// The plugin that is not a defense, and its kind; nil for none.
  public var otherPlugin: (kind: PluginKind, choice: PluginChoice)? {
    plugins.first { $0.key != .defense }.map { ($0.key, $0.value) }
  }

  /// The SHA-256 of all that decides the unit's result: the record schema, the version of
  /// DefenseKit, the instruction set (see `Executor.instructionSet`), the plugins with all their
  /// options, the seed, the model and the data. Names and labels are not included.
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

  /// The title in messages: "badnets: fine-pruning + goodnet, seed 3".
  public var title: String {
    let plugins = [defense?.label, otherPlugin?.choice.label].compactMap { $0 }
      .joined(separator: " + ")
    return "\(model): \(plugins.isEmpty ? "suspect" : plugins), seed \(seed)"
  }
}
