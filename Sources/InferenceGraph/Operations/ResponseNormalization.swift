/// Local response normalization across channels: x / (bias + alpha / size * s)^beta, where s is the
/// sum of squares over the channels from c - floor((size - 1) / 2) to c + ceil((size - 1) / 2).
///
/// Source: Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural
/// Networks", 2012, section 3.3, with alpha divided by the size as in ONNX and PyTorch.
public struct ResponseNormalization: Sendable, Hashable {
  /// The number of channels that are summed, 1 or more.
  public var size: Int
  /// The factor of the mean of squares.
  public var alpha: Float
  /// The exponent.
  public var beta: Float
  /// Added to the mean of squares; positive.
  public var bias: Float

  /// Creates a normalization.
  public init(size: Int, alpha: Float = 1e-4, beta: Float = 0.75, bias: Float = 1) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.bias = bias
  }
}

extension ResponseNormalization: OperationFacts {
  package var operation: Graph.Operation { .responseNormalization(self) }
  package var displayName: String { "local response normalization" }
  package var channelRelation: ChannelRelation { .mixed }
  package var carriesVariance: Bool { true }
  package var keepsZeros: Bool { true }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard !inputs[0].isEmpty else { throw OperationError("its input is empty") }
    guard (1...65536).contains(size) else {
      throw OperationError("a sum over \(size) channels is out of range")
    }
    guard bias > 0, alpha >= 0, [bias, alpha, beta].allSatisfy(\.isFinite) else {
      throw OperationError(
        "a bias of \(bias), alpha of \(alpha) or beta of \(beta) is out of range")
    }
    return inputs[0]
  }
}
