/// A kind of plugin, with the words that users know it by.
public enum PluginKind: String, CaseIterable, Codable, CodingKeyRepresentable, Sendable {
  /// Repairs a model: ``Defense``.
  case defense
  /// Flags triggered images: ``Detector``.
  case detector
  /// Flags poisoned training images: ``DataSetDetector``.
  case dataSetDetector = "data-set-detector"
  /// Says whether a model is backdoored: ``ModelScanner``.
  case verdict
  /// Makes backdoored models: ``Attack``.
  case attack

  /// What one of them is called, such as "data-set detector".
  public var name: String {
    switch self {
    case .defense, .detector, .verdict, .attack: rawValue
    case .dataSetDetector: "data-set detector"
    }
  }

  /// The name with its article.
  public var nameWithArticle: String { (self == .attack ? "an " : "a ") + name }

  /// What several are called.
  public var plural: String { name + "s" }

  /// Where commands and plans list them, such as "data-set-detectors".
  public var key: String { rawValue + "s" }

  /// How a user names one of them, such as "--defense clp".
  public func use(of plugin: String) -> String {
    switch self {
    case .defense, .detector, .dataSetDetector: "--\(rawValue) \(plugin)"
    case .verdict: "--verdict \(plugin) or the command 'scan'"
    case .attack: "the command 'attack \(plugin)'"
    }
  }
}
