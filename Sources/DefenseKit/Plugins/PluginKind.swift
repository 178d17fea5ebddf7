/// A kind of plugin, with its names for users.
public enum PluginKind: String, CaseIterable, Codable, CodingKeyRepresentable, Sendable {
  /// Repairs a model: ``Defense``.
  case defense
  /// Flags triggered images: ``Detector``.
  case detector
  /// Flags poisoned training images: ``DataSetDetector``.
  case dataSetDetector = "data-set-detector"
  /// Decides whether a model is backdoored: ``ModelScanner``.
  case verdict
  /// Makes backdoored models: ``Attack``.
  case attack

  /// The name for users, in the singular: "data-set detector".
  public var name: String {
    switch self {
    case .defense, .detector, .verdict, .attack: rawValue
    case .dataSetDetector: "data-set detector"
    }
  }

  /// The name with its article.
  public var nameWithArticle: String { (self == .attack ? "an " : "a ") + name }

  /// The name for users, in the plural: "data-set detectors".
  public var plural: String { name + "s" }

  /// The key in commands and plans: "data-set-detectors".
  public var key: String { rawValue + "s" }
}
