internal import InferenceGraph
/// A scalar function of a network's results for a batch of images, for a ``Backpropagation``.
///
/// A loss is a cross-entropy, any other function, or a sum of both:
///
/// ```swift
/// let loss = Loss.crossEntropy(labels) + .values(of: ["conv_2"]) { values in
///   (sum(squares(values[0])), [values[0].map { 2 * $0 }])
/// }
/// ```
public struct Loss {
  /// The value of a function of node values, and its derivatives with respect to the values of each
  /// node, in the order and layout of the values.
  public typealias Term = (value: Double, gradients: [[Float]])

  /// The cross-entropy with labels.
  struct CrossEntropy {
    var labels: [Int32]
    var targets: [Float]?
    var smoothing: Float
    var weight: Float?
  }

  /// A function of the values of nodes, or, if `nodes` is nil, of the outputs.
  struct Function {
    var nodes: [String]?
    var body: ([[Float]]) throws -> Term
  }

  var crossEntropy: CrossEntropy?
  var functions: [Function] = []

  /// The cross-entropy, in nats, of the softmax of the outputs.
  ///
  /// - Parameters:
  ///   - labels: The class of each image.
  ///   - targets: Distributions over the classes in place of the labels, `[images][classes]`.
  ///   - smoothing: s in the targets (1 - s) * onehot + s / classes (Szegedy et al. 2016).
  ///   - weight: The factor of each image's cross-entropy in the sum; nil: 1 / images, which gives
  ///     the mean. A negative factor maximizes.
  public static func crossEntropy(
    _ labels: [Int32], targets: [Float]? = nil, smoothing: Double = 0, weight: Double? = nil
  ) -> Loss {
    Loss(
      crossEntropy: CrossEntropy(
        labels: labels, targets: targets, smoothing: Float(smoothing),
        weight: weight.map { Float($0) }))
  }

  /// A function of the model's outputs.
  ///
  /// - Parameter body: Receives the outputs before a final softmax, `[images][classes]`; returns
  ///   the function's value and its derivatives with respect to them.
  public static func outputs(
    _ body: @escaping (_ outputs: [Float]) throws -> (value: Double, gradient: [Float])
  ) -> Loss {
    Loss(
      functions: [
        Function(nodes: nil) {
          let (value, gradient) = try body($0[0])
          return (value, [gradient])
        }
      ])
  }

  /// A function of the values of some of the ``Backpropagation/lossNodes``.
  ///
  /// For the product of a vector with a node's Jacobian, return that vector as the derivatives:
  /// `.values(of: ["conv_2"]) { _ in (0, [vector]) }`.
  ///
  /// - Parameters:
  ///   - nodes: The nodes' names.
  ///   - body: Receives the values of each node after its activation,
  ///     `[images][height][width][channels]`; returns the function's value and its derivatives with
  ///     respect to them.
  public static func values(
    of nodes: [String], _ body: @escaping (_ values: [[Float]]) throws -> Term
  ) -> Loss {
    Loss(functions: [Function(nodes: nodes, body: body)])
  }

  /// Returns the sum of two losses, of which at most one includes a cross-entropy.
  public static func + (left: Loss, right: Loss) -> Loss {
    precondition(
      left.crossEntropy == nil || right.crossEntropy == nil, "a sum of two cross-entropies")
    return Loss(
      crossEntropy: left.crossEntropy ?? right.crossEntropy,
      functions: left.functions + right.functions)
  }
}
