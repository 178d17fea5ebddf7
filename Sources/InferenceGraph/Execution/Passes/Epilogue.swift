/// What is done to the elements of an operation's result while they are at hand, in this order.
///
/// It is the same arithmetic as that of nodes of their own, so that fusing changes no result.
package struct Epilogue: Sendable {
  /// x * scale + shift, by channel: a normalization or a rescaling.
  var affine: (scale: [Float], shift: [Float])?
  var activation: Activation = .linear
  /// The maximum of each 2x2 square; a last odd row or column is left out.
  var poolsSquares = false
  /// Channels that become zero.
  var zeroed: [Int] = []
}

extension Epilogue {
  /// An activation alone.
  package init(activation: Activation) { self.init(affine: nil, activation: activation) }
}

extension Epilogue: CustomStringConvertible {
  /// Its parts, separated by commas.
  package var description: String {
    var parts: [String] = []
    if affine != nil { parts.append("affine") }
    if activation != .linear { parts.append(activation.text) }
    if poolsSquares { parts.append("2x2 max pooling") }
    if !zeroed.isEmpty { parts.append("channels \(zeroed) zero") }
    return parts.joined(separator: ", ")
  }
}
