/// The graph's input.
struct Input: OperationFacts {
  var operation: Operation { .input }
  var displayName: String { "input" }
  var channelRelation: ChannelRelation { .mixed }
  var keepsZeros: Bool { false }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    throw OperationError("a graph has one input")
  }
}

/// Nothing but the node's activation.
struct Identity: OperationFacts {
  var operation: Operation { .activation }
  var displayName: String { "activation" }
  var channelRelation: ChannelRelation { .apart }
  var isIdentity: Bool { true }
  var keepsZeros: Bool { true }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] { inputs[0] }
}

/// A layer that does something during training only.
public enum TrainingOnly: Sendable, Hashable {
  /// Drops elements at this rate.
  case dropout(rate: Float)
  /// Drops whole channels at this rate.
  case spatialDropout(rate: Float)
  /// Multiplies with noise.
  case gaussianDropout(rate: Float)
  /// Dropout that keeps mean and variance (for SELU).
  case alphaDropout(rate: Float)
  /// Adds noise of this standard deviation.
  case gaussianNoise(deviation: Float)
  /// Any other layer without effect at inference, such as image augmentation, by its Keras class.
  case other(String)

  /// Whether it does nothing in training either.
  var isAlwaysIdentity: Bool {
    switch self {
    case .dropout(let rate), .spatialDropout(let rate), .gaussianDropout(let rate),
      .alphaDropout(let rate):
      rate <= 0
    case .gaussianNoise(let deviation): deviation <= 0
    // Augmentation inside a model: training images are changed by ``Augmentation`` alone.
    case .other: true
    }
  }
}

extension TrainingOnly: OperationFacts {
  package var operation: Operation { .trainingOnly(self) }
  package var displayName: String { "identity at inference" }
  package var channelRelation: ChannelRelation { .apart }
  package var isIdentity: Bool { true }
  package var keepsZeros: Bool { true }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] { inputs[0] }
}
