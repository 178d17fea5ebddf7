/// An affine map of the input, x * scale + offset, with one pair for each channel or one for all.
///
/// Represents Keras's `Rescaling` and, with scale 1/max(sqrt(variance), 1e-7) and offset -mean *
/// scale, Keras's `Normalization`.
public struct Rescaling: Sendable, Hashable {
  /// One factor, or one for each channel.
  public var scale: [Float]
  /// One offset, or one for each channel.
  public var offset: [Float]

  /// Creates a rescaling.
  public init(scale: [Float], offset: [Float] = [0]) {
    self.scale = scale
    self.offset = offset
  }
}

extension Rescaling: OperationFacts {
  package var operation: Graph.Operation { .rescaling(self) }
  package var displayName: String { "rescaling" }
  package var channelRelation: ChannelRelation { .apart }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    for (name, values) in [("scale", scale), ("offset", offset)]
    where values.count != 1 && values.count != inputs[0].last {
      throw OperationError(
        "its \(name) has \(values.count) values for \(inputs[0].last ?? 0) channels")
    }
    return inputs[0]
  }

  package func affine(channels: Int) -> (scale: [Float], shift: [Float])? {
    func each(_ values: [Float]) -> [Float] {
      values.count == 1 ? Array(repeating: values[0], count: channels) : values
    }
    return (each(scale), each(offset))
  }

  package var keepsZeros: Bool { offset.allSatisfy { $0 == 0 } && scale.allSatisfy(\.isFinite) }
  package var ignoresInput: Bool { scale.allSatisfy { $0 == 0 } }
  package var coefficients: [Coefficients] {
    [Coefficients(name: "scale", values: scale, isScale: true)]
  }
}
