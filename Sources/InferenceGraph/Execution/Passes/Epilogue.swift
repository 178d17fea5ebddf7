/// The operations applied to the elements of a result before they are stored, in this order.
///
/// The arithmetic equals that of separate nodes, so fusion does not change results.
package struct Epilogue: Sendable {
  /// x * scale + shift, by channel: a normalization or a rescaling.
  var affine: (scale: [Float], shift: [Float])?
  var activation: Activation = .linear
  /// Whether to take the maximum of each 2x2 square; an odd last row or column is dropped.
  var poolsSquares = false
  /// The channels to set to zero.
  var zeroed: [Int] = []
}

extension Epilogue {
  /// Creates an epilogue with only an activation.
  package init(activation: Activation) { self.init(affine: nil, activation: activation) }
}

extension Epilogue: CustomStringConvertible {
  /// The parts, separated by commas.
  package var description: String {
    var parts: [String] = []
    if affine != nil { parts.append("affine") }
    if activation != .linear { parts.append(activation.text) }
    if poolsSquares { parts.append("2x2 max pooling") }
    if !zeroed.isEmpty { parts.append("channels \(zeroed) zero") }
    return parts.joined(separator: ", ")
  }
}
