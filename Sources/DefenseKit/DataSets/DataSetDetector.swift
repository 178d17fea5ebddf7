public import InferenceGraph

/// A plugin that scores all images of a training set that may be poisoned.
public protocol DataSetDetector: Plugin {
  /// Scores the images by how likely each is poisoned.
  ///
  /// - Parameters:
  ///   - training: The images with the labels to learn, of which some may be poisoned.
  ///   - model: A model that was trained on them, which isn't changed.
  ///   - clean: Images with right labels; nil if there are none, which happens only where
  ///     ``Plugin/requirements`` lack them.
  ///   - context: How to execute, and where progress, warnings and costs go.
  /// - Returns: A score for every image, in their order.
  /// - Throws: Whatever stops it; ``PluginError`` with code `unsuitableModel` for a model that it
  ///   cannot work with.
  func scores(
    of training: TrainingData, model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> DataSetScores
}

extension DataSetDetector {
  /// A data-set detector.
  public static var kind: PluginKind { .dataSetDetector }
  /// The data-set detector.
  public var byKind: PluginByKind { .dataSetDetector(self) }
  /// The training set, unless said otherwise.
  public static var requirements: [PluginRequirement] { [.trainingData] }
}
