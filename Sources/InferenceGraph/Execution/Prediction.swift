/// The answer of a model or a detector for one image.
public enum Prediction: Sendable, Hashable {
  /// A class, counted from 0.
  case `class`(Int)
  /// A detector considers the image triggered; models never give this answer.
  case flagged
  /// A detector cannot judge the image; models never give this answer. The image gets no class.
  case noVerdict
  /// The image has no class, because the computation left the finite numbers.
  ///
  /// Readers reject weights and images that are not finite, but finite ones can overflow on the
  /// way. An image is undefined for a model if
  ///
  /// - a score (an output, before a final softmax) is NaN or infinite, or
  /// - a layer with weights (dense, or a convolution of any kind) on the way to the scores reads a
  ///   value that is NaN or infinite, even if the scores are finite: an infinity times negative
  ///   weights, followed by a rectifier, gives ordinary zeros.
  ///
  /// A sum that overflows and goes straight into a saturating activation (ReLU of minus infinity,
  /// the sigmoid of an infinity) takes the function's limit, as in Keras. It does not make the
  /// image undefined, because nothing reads the infinity. NaN passes through all activations and
  /// poolings.
  ///
  /// An undefined image is wrong on clean data and not a success on poisoned data; results count it
  /// as `nonfinite`. All predictions follow this rule: those of ``Executor``, alone or with shared
  /// layers, and those of ``ChannelSweep`` after each step.
  case undefined

  /// Whether the prediction is this class.
  public func isClass(_ label: Int32) -> Bool { self == .class(Int(label)) }

  /// Creates the prediction of a model from a class or ``noClass``.
  package init(label: Int32) {
    self = label == noClass ? .undefined : .class(Int(label))
  }
}

extension Prediction: CustomStringConvertible {
  /// The class as a number, "flagged", "no verdict" or "undefined".
  public var description: String {
    switch self {
    case .class(let number): "\(number)"
    case .flagged: "flagged"
    case .noVerdict: "no verdict"
    case .undefined: "undefined"
    }
  }
}
