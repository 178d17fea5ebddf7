public import InferenceGraph

/// What a run has to give to plugins, as far as it is known.
public struct PluginInputs: Sendable {
  /// The suspect; nil: not known yet.
  public var model: Model?
  /// The number of clean images; nil: some, but not counted yet.
  public var cleanImages: Int?
  /// Whether there is a repaired copy of the suspect, or a defense to make one.
  public var hasRepairedModel: Bool
  /// Whether there is a training set that may be poisoned.
  public var hasTrainingData: Bool

  /// Creates a value.
  public init(
    model: Model? = nil, cleanImages: Int?, hasRepairedModel: Bool = false,
    hasTrainingData: Bool = false
  ) {
    self.model = model
    self.cleanImages = cleanImages
    self.hasRepairedModel = hasRepairedModel
    self.hasTrainingData = hasTrainingData
  }

  /// Whether a plugin gets all that it requires, as far as it is known.
  public func satisfy(_ plugin: any Plugin.Type) -> Bool {
    plugin.requirements.allSatisfy { $0.isMet(by: self) }
  }

  /// Checks that a plugin gets what it requires.
  ///
  /// - Parameters:
  ///   - plugin: The plugin.
  ///   - others: Plugins of which those of the same kind are named that would do.
  /// - Throws: ``PluginError`` with code `unsuitableModel` for something that the model lacks, and
  ///   `badOption` for something that was not given.
  public func check(
    _ plugin: any Plugin.Type, besides others: [any Plugin.Type] = []
  ) throws(PluginError) {
    for requirement in plugin.requirements where !requirement.isMet(by: self) {
      // What the model lacks, other images do not give; what it has, others may be given for.
      let able = others.filter { other in
        other.kind == plugin.kind && other.name != plugin.name
          && other.requirements.allSatisfy {
            requirement.concernsModel && !$0.concernsModel || $0.isMet(by: self)
          }
      }.map { $0.name }
      let advice = able.isEmpty ? "" : "; try \(alternatives(able))"
      let error = requirement.error(for: plugin, of: model)
      throw PluginError(error.code, error.message + advice)
    }
  }
}

/// Names as in "a, b or c".
private func alternatives(_ names: [String]) -> String {
  guard let last = names.last, names.count > 1 else { return names.first ?? "" }
  return "\(names.dropLast().joined(separator: ", ")) or \(last)"
}
