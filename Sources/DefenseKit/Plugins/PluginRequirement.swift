internal import InferenceGraph

/// An input that a plugin cannot run without.
public enum PluginRequirement: Sendable, Hashable {
  /// Clean images.
  case cleanData
  /// At least this many clean images.
  case images(Int)
  /// The correct labels of the clean images.
  case labels
  /// A repaired copy of the suspect.
  case repairedModel
  /// A training set that may be poisoned.
  case trainingData
  /// A model with batch normalization.
  case batchNormalization
  /// A model with at least this many classes.
  case classes(Int)

  /// A short description: "clean images".
  public var title: String {
    switch self {
    case .cleanData: "clean images"
    case .images(let count): "at least \(count) clean images"
    case .labels: "their labels"
    case .repairedModel: "a repaired copy of the model"
    case .trainingData: "the training set"
    case .batchNormalization: "batch normalization"
    case .classes(let count): "at least \(count) classes"
    }
  }

  /// Whether the model alone decides if the requirement is met.
  var concernsModel: Bool {
    switch self {
    case .batchNormalization, .classes: true
    case .cleanData, .images, .labels, .repairedModel, .trainingData: false
    }
  }

  /// Whether it asks for clean images.
  var isOfCleanData: Bool {
    switch self {
    case .cleanData, .images, .labels: true
    case .repairedModel, .trainingData, .batchNormalization, .classes: false
    }
  }

  /// Whether the requirement is met; true if that is not known yet.
  func isMet(by inputs: PluginInputs) -> Bool {
    switch self {
    case .cleanData: inputs.cleanImages != 0
    case .images(let least): inputs.cleanImages.map { $0 >= least } ?? true
    case .labels: inputs.cleanImages != 0 && inputs.hasLabels
    case .repairedModel: inputs.hasRepairedModel
    case .trainingData: inputs.hasTrainingData
    case .batchNormalization: inputs.model.map { !$0.graph.normalizations.isEmpty } ?? true
    case .classes(let least): inputs.model.map { $0.classCount >= least } ?? true
    }
  }

  /// Returns the error for a plugin whose requirement is not met.
  ///
  /// - Parameter model: The suspect, if known.
  func error(for plugin: any Plugin.Type, of model: Model? = nil) -> PluginError {
    func missing(_ problem: String, _ input: String, _ argument: String) -> PluginError {
      PluginError(
        .badOption, problem, about: .plugin(plugin.name),
        remedies: [.give(input, for: argument)])
    }
    func unsuitable(_ end: String) -> PluginError {
      PluginError(.unsuitableModel, "needs \(title)\(end)", about: .plugin(plugin.name))
    }
    return switch self {
    case .cleanData: missing("learns from clean images", "some", "clean")
    case .images: missing("needs \(title)", "more", "clean")
    case .labels:
      missing(
        "needs the labels of the clean images, and these have none", "labelled ones", "clean")
    case .repairedModel: missing("compares the model with a repaired copy", "one", "repaired")
    case .trainingData: missing("examines the training set", "it", "train")
    case .batchNormalization: unsuitable(", which this network lacks")
    case .classes:
      unsuitable(model.map { ", and this network has \($0.classCount)" } ?? "")
    }
  }
}
