public import InferenceGraph

/// A plugin that scores all images of a training set that may be poisoned.
public protocol DataSetDetector: Plugin {
  /// Returns a score for every image that says how likely it is poisoned.
  ///
  /// - Parameters:
  ///   - training: The training images with their labels, some of which may be poisoned.
  ///   - model: A model that was trained on these images, which stays unchanged.
  ///   - clean: Clean images; nil only if ``Plugin/requirements`` do not include them. They may
  ///     lack labels only if ``Plugin/requirements`` do not include ``PluginRequirement/labels``.
  ///   - context: Execution options, and the receiver of progress, warnings and costs.
  /// - Returns: One score per image, in the order of the set.
  /// - Throws: Any error that stops the scoring; ``PluginError`` with code `unsuitableModel` for a
  ///   model that the detector cannot use.
  func scores(
    of training: TrainingData, model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> DataSetScores
}

extension DataSetDetector {
  /// ``PluginKind/dataSetDetector``.
  public static var kind: PluginKind { .dataSetDetector }
  /// The data-set detector itself.
  public var byKind: PluginByKind { .dataSetDetector(self) }
  /// The training set, by default.
  public static var requirements: [PluginRequirement] { [.trainingData] }
}
