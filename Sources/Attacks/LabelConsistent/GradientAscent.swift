internal import DefenseKit

/// Disturbs images such that a model errs on them: projected gradient ascent on its loss.
///
/// x is moved by step * sign(g) (or, in the Euclidean norm, step * g / |g|) along the loss's gradient
/// g, then put back within epsilon of where it began and within 0...255. It begins at the image
/// itself, so that nothing is random.
///
/// Source: Madry, Makelov, Schmidt, Tsipras and Vladu, "Towards Deep Learning Models Resistant to
/// Adversarial Attacks", ICLR 2018, section 2.1.
struct GradientAscent {
  /// Images in a batch.
  static let batchSize = 128

  private let options: LabelConsistent.Options
  private let differentiator: Differentiator
  private let execution: ExecutionOptions

  init(
    on model: Model, options: LabelConsistent.Options, execution: ExecutionOptions
  ) throws(GraphError) {
    self.options = options
    self.execution = execution
    differentiator = try Differentiator(
      model, batchSize: Self.batchSize, isTraining: false, differentiatesWeights: false,
      differentiatesInput: true, options: execution)
  }

  /// Returns disturbed copies, rounded to bytes.
  ///
  /// - Parameters:
  ///   - images: `[height][width][channels]` each.
  ///   - labels: Their classes, from which the disturbance leads away.
  /// - Throws: `CancellationError` if the run is to stop, and what computing gradients throws.
  func disturbed(_ images: [[UInt8]], labels: [Int32]) throws -> [[UInt8]] {
    let original = images.flatMap { $0.map { Float($0) } }
    let size = images[0].count
    var current = original
    for _ in 0..<options.steps {
      try execution.cancellation?.check()
      let gradients = try differentiator.imageGradients(of: current, labels: labels).gradients
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

  /// One step of one image, whose values are those of `range`.
  static func step(
    _ values: inout [Float], along gradient: [Float], from original: [Float], _ range: Range<Int>,
    _ options: LabelConsistent.Options
  ) {
    let (length, epsilon) = (Float(options.step), Float(options.epsilon))
    switch options.norm {
    case .largest:
      for index in range {
        let slope = gradient[index]
        let moved = values[index] + (slope > 0 ? length : slope < 0 ? -length : 0)
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

  /// The byte towards the original: rounding must not lead out of what is allowed.
  private static func byte(_ value: Float, near original: Float) -> UInt8 {
    UInt8(value > original ? value.rounded(.down) : value.rounded(.up))
  }
}
