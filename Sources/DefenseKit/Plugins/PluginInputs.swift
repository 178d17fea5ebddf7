public import InferenceGraph

/// The inputs that a run provides to its plugins, as far as they are known.
public struct PluginInputs: Sendable {
  /// The suspect; nil if it is not loaded yet.
  public var model: Model?
  /// The number of clean images; nil if there are some that are not counted yet.
  public var cleanImages: Int?
  /// Whether the clean images, if there are any, have labels.
  public var hasLabels: Bool
  /// Whether the run has a repaired copy of the suspect, or a defense to make one.
  public var hasRepairedModel: Bool
  /// Whether the run has a training set, which may be poisoned.
  public var hasTrainingData: Bool

  /// Creates the inputs of a run.
  public init(
    model: Model? = nil, cleanImages: Int?, hasLabels: Bool = true,
    hasRepairedModel: Bool = false, hasTrainingData: Bool = false
  ) {
    self.model = model
    self.cleanImages = cleanImages
    self.hasLabels = hasLabels
    self.hasRepairedModel = hasRepairedModel
    self.hasTrainingData = hasTrainingData
  }

  /// Whether the known inputs meet all requirements of a plugin; unknown inputs count as met.
  public func satisfy(_ plugin: any Plugin.Type) -> Bool {
    plugin.requirements.allSatisfy { $0.isMet(by: self) }
  }

  /// Checks that the inputs meet the requirements of a plugin with its options.
  ///
  /// - Parameters:
  ///   - plugin: The plugin.
  ///   - others: Plugins to suggest instead; the error names those of the same kind that would run.
  /// - Throws: ``PluginError`` with code `unsuitableModel` for a requirement that the model does
  ///   not meet, and `badOption` for a missing input.
  public func check(
    _ plugin: any Plugin, besides others: [any Plugin.Type] = []
  ) throws(PluginError) {
    try check(type(of: plugin), needs: plugin.needs, besides: others)
  }

  /// Checks that the inputs meet the requirements of a type of plugin.
  ///
  /// - Parameters:
  ///   - plugin: The plugin.
  ///   - others: Plugins to suggest instead; the error names those of the same kind that would run.
  /// - Throws: ``PluginError`` with code `unsuitableModel` for a requirement that the model does
  ///   not meet, and `badOption` for a missing input.
  public func check(
    _ plugin: any Plugin.Type, besides others: [any Plugin.Type] = []
  ) throws(PluginError) {
    try check(plugin, needs: plugin.requirements, besides: others)
  }

  private func check(
    _ plugin: any Plugin.Type, needs: [PluginRequirement], besides others: [any Plugin.Type]
  ) throws(PluginError) {
    for requirement in needs where !requirement.isMet(by: self) {
      // If the model fails the requirement, another plugin may help even if it lacks data, since
      // the user can supply data.
      let applicable = others.filter { other in
        other.kind == plugin.kind && other.name != plugin.name
          && other.requirements.allSatisfy {
            requirement.concernsModel && !$0.concernsModel || $0.isMet(by: self)
          }
      }.map { $0.name }
      let error = requirement.error(for: plugin, of: model)
      let others = applicable.isEmpty ? [] : [Remedy.advice("try \(alternatives(applicable))")]
      throw PluginError(
        error.code, error.problem, about: error.subject, remedies: error.remedies + others)
    }
  }
}
