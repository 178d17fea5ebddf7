public import InferenceGraph

/// A plugin that tells at inference time whether an image carries a trigger.
public protocol Detector: Plugin {
  /// Prepares the inspection of images by a suspect and a repaired copy of it.
  ///
  /// A detector that does not require ``PluginRequirement/repairedModel`` is run once for the
  /// suspect, whatever is repaired, and needs no defense. What a detector must learn first
  /// (thresholds, statistics) it learns from `clean`.
  ///
  /// - Parameters:
  ///   - suspect: The model that may hold a backdoor.
  ///   - repaired: A repaired copy of it, made by some defense or read from a file; nil only where
  ///     ``Plugin/requirements`` lack it.
  ///   - clean: Images with right labels; nil if there are none, which happens only where
  ///     ``Plugin/requirements`` lack them.
  ///   - context: How to execute, and where progress, warnings and costs go.
  /// - Throws: Whatever stops it; ``PluginError`` with code `unsuitableModel` if the two models
  ///   cannot be compared.
  func inspection(
    of suspect: Model, repaired: Model?, using clean: CleanData?, in context: RunContext
  ) throws -> any Inspection

  /// Returns one ordinary model with N + 1 outputs whose argmax is the detector's verdict, if the
  /// detector can be written so; nil if not.
  ///
  /// - Throws: ``PluginError`` or `GraphError` if it cannot be done for these two.
  func model(suspect: Model, repaired: Model) throws -> Model?
}

extension Detector {
  /// A detector.
  public static var kind: PluginKind { .detector }
  /// The detector.
  public var byKind: PluginByKind { .detector(self) }
  /// Clean images and a repaired copy of the suspect, unless said otherwise.
  public static var requirements: [PluginRequirement] { [.cleanData, .repairedModel] }

  /// By default a detector isn't a model.
  public func model(suspect: Model, repaired: Model) throws -> Model? { nil }
}

extension Detector {
  /// Whether it compares the suspect with a repaired copy.
  public static var comparesModels: Bool { requirements.contains(.repairedModel) }
}
