/// A plugin as a value of its kind's protocol.
public enum PluginByKind: Sendable {
  /// A defense.
  case defense(any Defense)
  /// A detector.
  case detector(any Detector)
  /// A data-set detector.
  case dataSetDetector(any DataSetDetector)
  /// A verdict.
  case verdict(any ModelScanner)
  /// An attack.
  case attack(any Attack)
}
