/// A function applied to every element, or, for the softmax family, along the last axis.
///
/// Names and definitions are those of Keras 3 (`keras.activations`); where Keras 2 differs, the
/// difference is a parameter.
public enum Activation: Sendable, Hashable {
  /// f(x) = x.
  case linear
  /// The rectifier of Keras's `ReLU` layer: x for threshold <= x, slope * (x - threshold) below,
  /// and never more than `cap` (nil: no cap).
  case relu(cap: Float? = nil, slope: Float = 0, threshold: Float = 0)
  /// x for x > 0, alpha * (exp(x) - 1) elsewhere (Clevert et al. 2016).
  case elu(alpha: Float = 1)
  /// 1.0507... * elu(x, alpha: 1.6732...) (Klambauer et al. 2017).
  case selu
  /// max(0, x) + min(0, alpha * (exp(x / alpha) - 1)) (Barron 2017).
  case celu(alpha: Float = 1)
  /// 1 / (1 + exp(-x)).
  case sigmoid
  /// clip(slope * x + 0.5, 0, 1); `slope` is 1/6 in Keras 3 and 0.2 in Keras 2.
  case hardSigmoid(slope: Float = 1 / 6)
  /// x * hard sigmoid(x), slope 1/6; also called hard swish.
  case hardSiLU
  /// clip(x, -1, 1).
  case hardTanh
  /// x * sigmoid(x), also called swish.
  case silu
  /// Hyperbolic tangent.
  case tanh
  /// x - tanh(x).
  case tanhShrink
  /// log(1 + exp(x)).
  case softplus
  /// x / (1 + |x|).
  case softsign
  /// -softplus(-x).
  case logSigmoid
  /// exp(x).
  case exponential
  /// x * Φ(x), with the error function or, if approximate, with Hendrycks's tanh formula.
  case gelu(approximate: Bool = false)
  /// x * tanh(softplus(x)) (Misra 2019).
  case mish
  /// (x + sqrt(x² + 4)) / 2.
  case squareplus
  /// x where |x| > 0.5, else 0.
  case hardShrink
  /// x - 0.5 for x > 0.5, x + 0.5 for x < -0.5, else 0.
  case softShrink
  /// exp(x - max) divided by its sum along the last axis.
  case softmax
  /// log of softmax along the last axis.
  case logSoftmax

  /// The plain rectifier, max(0, x).
  public static var relu: Activation { .relu() }

  /// Whether each element of the result depends on one element only, so that channels stay apart.
  public var isElementwise: Bool { self != .softmax && self != .logSoftmax }
}
