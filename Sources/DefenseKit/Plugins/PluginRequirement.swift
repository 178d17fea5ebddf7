internal import InferenceGraph

/// Something that a plugin cannot do without.
public enum PluginRequirement: Sendable, Hashable {
  /// Clean images with right labels.
  case cleanData
  /// At least so many clean images.
  case images(Int)
  /// A repaired copy of the suspect.
  case repairedModel
  /// A training set that may be poisoned.
  case trainingData
  /// A model with batch normalization.
  case batchNormalization
  /// A model with at least so many classes.
  case classes(Int)

  /// What it is, in a few words, such as "clean images".
  public var title: String {
    switch self {
    case .cleanData: "clean images"
    case .images(let count): "at least \(count) clean images"
    case .repairedModel: "a repaired copy of the model"
    case .trainingData: "the training set"
    case .batchNormalization: "batch normalization"
    case .classes(let count): "at least \(count) classes"
    }
  }

  /// Whether it is met or not is the model's matter, not that of what is given beside it.
  var concernsModel: Bool {
    switch self {
    case .batchNormalization, .classes: true
    case .cleanData, .images, .repairedModel, .trainingData: false
    }
  }

  /// Whether it is met, or that is not known yet.
  func isMet(by inputs: PluginInputs) -> Bool {
    switch self {
    case .cleanData: inputs.cleanImages != 0
    case .images(let least): inputs.cleanImages.map { $0 >= least } ?? true
    case .repairedModel: inputs.hasRepairedModel
    case .trainingData: inputs.hasTrainingData
    case .batchNormalization: inputs.model.map { !$0.graph.normalizations.isEmpty } ?? true
    case .classes(let least): inputs.model.map { $0.classCount >= least } ?? true
    }
  }

  /// The error of a plugin that lacks it.
  ///
  /// - Parameter model: The suspect, where it is known.
  func error(for plugin: any Plugin.Type, of model: Model? = nil) -> PluginError {
    switch self {
    case .cleanData:
      PluginError(.badOption, "\(plugin.name) learns from clean images; give some with --clean")
    case .images(let count):
      PluginError(
        .badOption,
        "\(plugin.name) needs \(count) clean images at least; give more with --clean")
    case .repairedModel:
      PluginError(
        .badOption,
        "\(plugin.name) compares the model with a repaired copy; give one with --repaired")
    case .trainingData:
      PluginError(
        .badOption, "\(plugin.name) looks at the training set; give it with --train")
    case .batchNormalization:
      PluginError(
        .unsuitableModel, "\(plugin.name) needs \(title), which this network lacks")
    case .classes:
      PluginError(
        .unsuitableModel,
        "\(plugin.name) needs \(title)"
          + (model.map { ", and this network has \($0.classCount)" } ?? ""))
    }
  }
}
