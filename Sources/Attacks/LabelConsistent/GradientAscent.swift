internal import DefenseKit

/// Perturbs images so that a model misclassifies them: projected gradient ascent on its loss.
///
/// x moves by step * sign(g) (or, in the Euclidean norm, step * g / |g|) along the loss's gradient
/// g, then is projected to within epsilon of its original and to 0...255. The ascent starts at the
/// image itself, so that nothing is random.
///
/// Source: Madry, Makelov, Schmidt, Tsipras and Vladu, "Towards Deep Learning Models Resistant to
/// Adversarial Attacks", ICLR 2018, section 2.1.
struct GradientAscent {
  /// The maximum number of images in a batch.
  static let batchSize = 128

  private let options: LabelConsistent.Options
  private let backpropagation: Backpropagation
  private let execution: ExecutionOptions

  init(
    on model: Model, options: LabelConsistent.Options, execution: ExecutionOptions
  ) throws {
    self.options = options
    self.execution = execution
    backpropagation = try Backpropagation(
      model, batchSize: Self.batchSize, isTraining: false, differentiatesWeights: false,
      differentiatesInput: true, options: execution)
  }

  /// Returns perturbed copies, rounded to bytes.
  ///
  /// - Parameters:
  ///   - images: The images, `[height][width][channels]` each.
  ///   - labels: The images' classes, from which the perturbation leads away.
  /// - Throws: `CancellationError`; the errors of computing gradients.
  func perturbed(_ images: [[UInt8]], labels: [Int32]) throws -> [[UInt8]] {
    let original = images.flatMap { $0.map { Float($0) } }
    let size = images[0].count
    var current = original
    for _ in 0..<options.steps {
      try execution.cancellation?.check()
      let gradients = try backpropagation.imageGradients(of: current, labels: labels).gradients
      for image in images.indices {
        let range = image * size..<(image + 1) * size
        Self.step(&current, along: gradients, from: original, range, options)
      }
    }
    return images.indices.map { image in
      (image * size..<(image + 1) * size).map { index in
        Self.byte(current[index], near: original[index])
      }
    }
  }

  /// Moves one image, the values in `range`, by one step.
  static func step(
    _ values: inout [Float], along gradient: [Float], from original: [Float], _ range: Range<Int>,
    _ options: LabelConsistent.Options
  ) {
    let (length, epsilon) = (Float(options.step), Float(options.epsilon))
    switch options.norm {
    case .largest:
      for index in range {
        let derivative = gradient[index]
        let moved = values[index] + (derivative > 0 ? length : derivative < 0 ? -length : 0)
        values[index] = min(max(moved, original[index] - epsilon), original[index] + epsilon)
      }
    case .euclidean:
      let norm = range.reduce(0.0) { $0 + Double(gradient[$1]) * Double(gradient[$1]) }.squareRoot()
      guard norm > 0 else { return }
      for index in range { values[index] += Float(Double(gradient[index]) / norm) * length }
      let distance = range.reduce(0.0) {
        let change = Double(values[$1] - original[$1])
        return $0 + change * change
      }.squareRoot()
      if distance > options.epsilon {
        let factor = Float(options.epsilon / distance)
        for index in range {
          values[index] = original[index] + (values[index] - original[index]) * factor
        }
      }
    }
    for index in range { values[index] = min(max(values[index], 0), 255) }
  }

  /// Rounds to the byte towards the original, so that the image stays within the allowed distance.
  private static func byte(_ value: Float, near original: Float) -> UInt8 {
    UInt8(value > original ? value.rounded(.down) : value.rounded(.up))
  }
}
