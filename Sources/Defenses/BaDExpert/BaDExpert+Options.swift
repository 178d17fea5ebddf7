public import DefenseKit

extension BaDExpert {
  /// What serves as the shadow, the model without the backdoor.
  public enum Shadow: String, Sendable, CaseIterable, OptionValue {
    /// A copy of the suspect that the detector fine-tunes on clean images.
    case tuned
    /// The repaired copy of a defense or a file.
    case repaired
  }

  /// The options of ``BaDExpert``.
  public struct Options: PluginOptions {
    /// What serves as the shadow.
    public var shadow: Shadow
    /// The learning rate of the expert's training, with Adam.
    public var expertRate: Double
    /// The largest number of epochs of the expert's training.
    public var expertEpochs: Int
    /// The shadow's probability from which on only the ratio of both counts.
    public var knee: Double
    /// The share of held-out clean images that may be flagged, 0 to under 1.
    public var alarms: Double
    /// The training of a tuned shadow; the batch size and the held-out share count for the expert
    /// too.
    public var tuning: FineTuningOptions

    /// Creates options.
    public init(
      shadow: Shadow = .tuned, expertRate: Double = 1e-4, expertEpochs: Int = 20,
      knee: Double = 0.5, alarms: Double = 0.01, tuning: FineTuningOptions = BaDExpert.tuning
    ) {
      self.shadow = shadow
      self.expertRate = expertRate
      self.expertEpochs = expertEpochs
      self.knee = knee
      self.alarms = alarms
      self.tuning = tuning
    }

    /// Creates options with all defaults.
    public init() { self.init(shadow: .tuned) }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "shadow", \.shadow,
          "Model without the backdoor: a copy that is tuned on clean images, or the repaired copy."),
        PluginOption(
          "expert-rate", \.expertRate, "Learning rate of the expert, over 0 and up to 1."),
        PluginOption(
          "expert-epochs", \.expertEpochs, "Largest number of epochs of the expert, 1 to 1,000."),
        PluginOption(
          "knee", \.knee,
          "Probability of the shadow from which on only the ratio counts, over 0 to 1."),
        PluginOption(
          "alarms", \.alarms, "Share of held-out clean images that may be flagged, 0 to under 1."),
      ] + FineTuningOptions.declarations.map { $0.of(\.tuning) }
    }
  }

  /// The default training of the shadow: that of all defenses that fine-tune, with a fifth of the
  /// images held out for the threshold.
  public static var tuning: FineTuningOptions {
    var options = FineTuningOptions()
    options.heldOut = 0.2
    return options
  }

  /// Checks the ranges of the options.
  ///
  /// - Throws: `PluginError` with code `badOption`.
  static func check(_ options: Options) throws(PluginError) {
    func check(_ isGood: Bool, _ option: String, _ range: String) throws(PluginError) {
      if !isGood { throw PluginError(option: option, of: name, "takes \(range)") }
    }
    try check(
      options.expertRate > 0 && options.expertRate <= 1, "expert-rate",
      "a number over 0 and up to 1, such as 0.0001")
    try check(
      (1...1000).contains(options.expertEpochs), "expert-epochs", "an integer from 1 to 1,000")
    try check(
      options.knee > 0 && options.knee <= 1, "knee", "a number over 0 and up to 1, such as 0.5")
    try check(
      (0..<1).contains(options.alarms), "alarms", "a number from 0 to under 1, such as 0.01")
    try options.tuning.check(for: name)
    try check(options.tuning.heldOut > 0, "held-out", "a share over 0 and under 1, such as 0.2")
  }
}
