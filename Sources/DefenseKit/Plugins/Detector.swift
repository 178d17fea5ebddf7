public import InferenceGraph

/// A plugin that decides at inference time whether an image carries a trigger.
public protocol Detector: Plugin {
  /// Returns the detector fitted to a suspect and a repaired copy of it.
  ///
  /// The detector learns thresholds and statistics from `clean`. A detector that does not need
  /// ``PluginRequirement/repairedModel`` runs once, on the suspect alone, and needs no defense.
  ///
  /// - Parameters:
  ///   - suspect: The model that may have a backdoor.
  ///   - repaired: A repaired copy of `suspect`, from a defense or a file, with the positions in
  ///     `clean` of the images that it was not trained on; nil only if ``Plugin/needs`` do not
  ///     include it.
  ///   - clean: Clean images; nil only if ``Plugin/requirements`` do not include them. They may
  ///     lack labels only if ``Plugin/requirements`` do not include ``PluginRequirement/labels``.
  ///   - context: Execution options, and the receiver of progress, warnings and costs.
  /// - Throws: Any error that stops the fitting; ``PluginError`` with code `unsuitableModel` if the
  ///   two models cannot be compared.
  func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector

  /// Returns the detector as one ordinary model with N + 1 outputs, whose argmax is the detector's
  /// verdict; nil if the detector has no such form.
  ///
  /// - Throws: ``PluginError`` or `GraphError` if these two models cannot be combined.
  func model(suspect: Model, repaired: Model) throws -> Model?
}

extension Detector {
  /// ``PluginKind/detector``.
  public static var kind: PluginKind { .detector }
  /// The detector itself.
  public var byKind: PluginByKind { .detector(self) }
  /// Labelled clean images and a repaired copy of the suspect, by default.
  public static var requirements: [PluginRequirement] { [.cleanData, .labels, .repairedModel] }

  /// Returns nil: by default a detector cannot be expressed as a model.
  public func model(suspect: Model, repaired: Model) throws -> Model? { nil }
}

extension Detector {
  /// Whether the detector, with its options, compares the suspect with a repaired copy.
  public var comparesModels: Bool { needs.contains(.repairedModel) }
}
