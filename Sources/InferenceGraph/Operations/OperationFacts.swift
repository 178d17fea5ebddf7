/// The properties of an operation that do not depend on the engine that runs it.
///
/// Each operation has a type that conforms; ``Graph/Operation/facts`` returns it. Engines and file
/// formats keep their own properties in one exhaustive switch each.
package protocol OperationFacts: Sendable, Hashable {
  /// The same operation as a case of ``Graph/Operation``.
  var operation: Graph.Operation { get }

  /// The operation's name in the field's terms, for messages and listings.
  var displayName: String { get }

  /// Whether the operation takes one or more inputs instead of exactly one.
  var readsSeveral: Bool { get }

  /// Returns the shape of the result, before an activation.
  ///
  /// - Parameter inputs: The shapes of the inputs; more than one only with ``readsSeveral``.
  /// - Throws: ``OperationError`` if the operation cannot take them.
  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int]

  /// The input elements that a channel of the result depends on.
  var channelRelation: ChannelRelation { get }

  /// Calls `body` with each weight tensor, in Keras's order for the layer. It may change values.
  mutating func updateWeights(
    _ body: (WeightRole, inout Tensor) throws -> Void
  ) rethrows

  /// Returns the fans of a kernel; nil for other weights.
  func fans(of role: WeightRole) -> Fans?

  /// The kernel that has one column for each channel of the result; nil if channels have no weights
  /// of their own.
  var channelKernel: WeightRole? { get }

  /// The windows that the operation slides over an image; nil if it has none.
  var windows: Window? { get }

  /// Returns the multiply-adds for one image, for the shapes of the input and of the result.
  func multiplyAdds(input: [Int], output: [Int]) -> Int

  /// Returns the operation as x * scale + shift for each of `channels` channels; nil if it is not
  /// affine.
  func affine(channels: Int) -> (scale: [Float], shift: [Float])?

  /// Whether the operation returns its input unchanged at inference.
  var isIdentity: Bool { get }

  /// Whether the operation maps zeros to zeros.
  var keepsZeros: Bool { get }

  /// Whether the result is the same for all inputs.
  var ignoresInput: Bool { get }

  /// Whether input and result have about the same variance, so that a later activation acts on the
  /// layer before this one.
  var carriesVariance: Bool { get }

  /// The coefficients of the operation, by kind, for an audit.
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

  /// All weights, unchanged.
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

  /// Returns the extents of an image.
  ///
  /// - Throws: ``OperationError`` if `shape` does not have three axes.
  func image(
    _ shape: [Int]
  ) throws(OperationError) -> (height: Int, width: Int, channels: Int) {
    guard shape.count == 3 else {
      throw OperationError("\(displayName) needs an image [height, width, channels], not \(shape)")
    }
    return (shape[0], shape[1], shape[2])
  }

  /// Checks the shape of a tensor; nil passes.
  func check(_ tensor: Tensor?, _ name: String, _ shape: [Int]) throws(OperationError) {
    if let tensor, tensor.shape != shape {
      throw OperationError("its \(name) has shape \(tensor.shape), where \(shape) fits")
    }
  }
}

extension Tensor? {
  /// Calls `body` with the tensor unless it is nil.
  mutating func update(
    _ role: WeightRole, _ body: (WeightRole, inout Tensor) throws -> Void
  ) rethrows {
    guard var tensor = self else { return }
    self = nil
    defer { self = tensor }
    try body(role, &tensor)
  }

  /// Whether the tensor is nil or all zeros.
  var isZero: Bool { self?.isZero ?? true }
}

extension Tensor {
  /// Whether all elements are zero.
  var isZero: Bool { values.allSatisfy { $0 == 0 } }
}
