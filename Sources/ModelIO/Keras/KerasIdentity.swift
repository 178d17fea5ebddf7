import InferenceGraph

/// Layers that are the identity at inference.
enum KerasIdentity {
  /// Image augmentation and similar layers: the identity unless called with `training=True`.
  private static let others: Set<String> = [
    "ActivityRegularization", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom",
    "RandomContrast", "RandomBrightness", "RandomHue", "RandomSaturation", "RandomSharpness",
    "RandomColorJitter", "RandomColorDegeneration", "RandomGrayscale", "RandomInvert",
    "RandomPosterization", "RandomGaussianBlur", "RandomErasing", "RandomShear",
    "RandomPerspective", "RandomElasticTransform", "RandomHeight", "RandomWidth", "CutMix", "MixUp",
    "RandAugment", "AugMix", "Identity", "StochasticDepth",
  ]

  /// All of them.
  static let classNames = others.union([
    "Dropout", "SpatialDropout2D", "GaussianDropout", "AlphaDropout", "GaussianNoise",
  ])

  /// Returns whether a class is the identity at inference.
  static func isIdentity(_ className: String) -> Bool {
    classNames.contains(className)
  }

  /// Returns the operation for such a layer; nil for any other layer.
  static func operation(_ layer: KerasLayer) -> TrainingOnly? {
    let rate = Float(layer.config["rate"]?.number ?? 0)
    switch layer.className {
    case "Dropout": return .dropout(rate: rate)
    case "SpatialDropout2D": return .spatialDropout(rate: rate)
    case "GaussianDropout": return .gaussianDropout(rate: rate)
    case "AlphaDropout": return .alphaDropout(rate: rate)
    case "GaussianNoise":
      return .gaussianNoise(deviation: Float(layer.config["stddev"]?.number ?? 0))
    default: return others.contains(layer.className) ? .other(layer.className) : nil
    }
  }
}
