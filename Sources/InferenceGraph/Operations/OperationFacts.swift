/// What a graph has to know of every operation, whatever runs it.
///
/// Each operation's type states its own; ``Operation/facts`` finds them. What differs by engine or
/// file format stands there, in one exhaustive switch each.
package protocol OperationFacts: Sendable, Hashable {
  /// The operation as a case of the enumeration.
  var operation: Operation { get }

  /// The operation's name in the field's terms, for messages and listings.
  var displayName: String { get }

  /// Whether it reads one input or more; others read exactly one.
  var readsSeveral: Bool { get }

  /// Returns the shape of the result, in front of an activation.
  ///
  /// - Parameter inputs: The shapes of what it reads; as many as ``readsSeveral`` allows.
  /// - Throws: ``OperationError`` if the operation cannot take them.
  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int]

  /// Where a channel of the result comes from.
  var channelRelation: ChannelRelation { get }

  /// Calls `body` with each weight tensor, in Keras's order for the layer; it may change the values.
  mutating func updateWeights(
    _ body: (WeightRole, inout Tensor) throws -> Void
  ) rethrows

  /// The fans of a kernel; nil for other weights.
  func fans(of role: WeightRole) -> Fans?

  /// The kernel of which each channel of the result has a column of its own; nil if channels have no
  /// weights of their own.
  var channelKernel: WeightRole? { get }

  /// The windows that it slides over an image.
  var windows: Window? { get }

  /// Multiply-adds for one image, given the shapes of the input and the result.
  func multiplyAdds(input: [Int], output: [Int]) -> Int

  /// The operation as x * scale + shift for each of so many channels, if it is one.
  func affine(channels: Int) -> (scale: [Float], shift: [Float])?

  /// Whether the result is the input, at inference.
  var isIdentity: Bool { get }

  /// Whether inputs of zeros give a result of zeros.
  var keepsZeros: Bool { get }

  /// Whether the result is the same for all inputs.
  var ignoresInput: Bool { get }

  /// Whether the variance of what it reads is about that of its result, so that an activation behind
  /// it acts on what came before it.
  var carriesVariance: Bool { get }

  /// The numbers that it multiplies and adds, by kind, for an audit.
  var coefficients: [Coefficients] { get }
}

extension OperationFacts {
  package var readsSeveral: Bool { false }
  package mutating func updateWeights(_ body: (WeightRole, inout Tensor) throws -> Void) rethrows {}
  package func fans(of role: WeightRole) -> Fans? { nil }
  package var channelKernel: WeightRole? { nil }
  package var windows: Window? { nil }
  package func multiplyAdds(input: [Int], output: [Int]) -> Int { 0 }
  package func affine(channels: Int) -> (scale: [Float], shift: [Float])? { nil }
  package var isIdentity: Bool { false }
  package var ignoresInput: Bool { false }
  package var carriesVariance: Bool { channelKernel == nil && channelRelation != .mixed }

  /// Every weight as it is.
  package var coefficients: [Coefficients] {
    weights.map { Coefficients(name: $0.displayName, values: $1.values) }
  }

  /// All weights with their roles, in Keras's order for the layer.
  var weights: [(role: WeightRole, tensor: Tensor)] {
    var copy = self
    var result: [(WeightRole, Tensor)] = []
    copy.updateWeights { result.append(($0, $1)) }
    return result
  }

  /// The extents of an image.
  func image(
    _ shape: [Int]
  ) throws(OperationError) -> (height: Int, width: Int, channels: Int) {
    guard shape.count == 3 else {
      throw OperationError("\(displayName) needs an image [height, width, channels], not \(shape)")
    }
    return (shape[0], shape[1], shape[2])
  }

  /// Checks that a tensor, where there is one, has a shape.
  func check(_ tensor: Tensor?, _ name: String, _ shape: [Int]) throws(OperationError) {
    if let tensor, tensor.shape != shape {
      throw OperationError("its \(name) has shape \(tensor.shape), where \(shape) fits")
    }
  }
}

extension Tensor? {
  /// Calls `body` with the tensor, if there is one.
  mutating func update(
    _ role: WeightRole, _ body: (WeightRole, inout Tensor) throws -> Void
  ) rethrows {
    guard var tensor = self else { return }
    self = nil
    defer { self = tensor }
    try body(role, &tensor)
  }

  /// Whether it is not there or all zeros.
  var isZero: Bool { self?.isZero ?? true }
}

extension Tensor {
  /// Whether all elements are zero.
  var isZero: Bool { values.allSatisfy { $0 == 0 } }
}
