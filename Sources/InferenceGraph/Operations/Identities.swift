/// The graph's input.
struct Input: OperationFacts {
  var operation: Graph.Operation { .input }
  var displayName: String { "input" }
  var channelRelation: ChannelRelation { .mixed }
  var keepsZeros: Bool { false }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    throw OperationError("a graph has one input")
  }
}

/// An operation that returns its input, for nodes with only an activation.
struct Identity: OperationFacts {
  var operation: Graph.Operation { .activation }
  var displayName: String { "activation" }
  var channelRelation: ChannelRelation { .apart }
  var isIdentity: Bool { true }
  var keepsZeros: Bool { true }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] { inputs[0] }
}

/// A layer that is active during training only.
public enum TrainingOnly: Sendable, Hashable {
  /// Drops elements at this rate.
  case dropout(rate: Float)
  /// Drops whole channels at this rate.
  case spatialDropout(rate: Float)
  /// Multiplies with Gaussian noise.
  case gaussianDropout(rate: Float)
  /// Dropout that keeps mean and variance (for SELU).
  case alphaDropout(rate: Float)
  /// Adds Gaussian noise of this standard deviation.
  case gaussianNoise(deviation: Float)
  /// Any other layer without effect at inference, for example image augmentation; its Keras class.
  case other(String)

  /// Whether the layer does nothing during training either.
  var isAlwaysIdentity: Bool {
    switch self {
    case .dropout(let rate), .spatialDropout(let rate), .gaussianDropout(let rate),
      .alphaDropout(let rate):
      rate <= 0
    case .gaussianNoise(let deviation): deviation <= 0
    // Augmentation layers of a model stay inactive: only ``Augmentation`` changes training images.
    case .other: true
    }
  }
}

extension TrainingOnly: OperationFacts {
  package var operation: Graph.Operation { .trainingOnly(self) }
  package var displayName: String { "identity at inference" }
  package var channelRelation: ChannelRelation { .apart }
  package var isIdentity: Bool { true }
  package var keepsZeros: Bool { true }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] { inputs[0] }
}
