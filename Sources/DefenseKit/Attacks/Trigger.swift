internal import ModelIO

/// What an attacker does to an image so that a backdoored model errs: the attack's artefact.
///
/// It holds everything that is needed to apply it to any image of its shape, also what was random
/// when it was made, such as a warping field.
public struct Trigger: Sendable, Hashable {
  /// A change of an image x, whose values are 0...255.
  public enum Change: Sendable, Hashable {
    /// x + alpha * (pattern - x): a patch where alpha is 1 within and 0 without, a blend where it is
    /// between.
    ///
    /// `pattern` is `[height][width][channels]`, 0...255; `alpha` is `[height][width]`, 0...1.
    case overlay(pattern: [Float], alpha: [Float])
    /// x + the values, `[height][width][channels]`, -255...255.
    case addition([Float])
    /// x read at other places, between pixels bilinearly.
    ///
    /// The values are `[height][width][2]`: the row and the column, counted from 0 at the centres of
    /// the first pixels, that a pixel is read at; both are within the image.
    case warp([Float])
  }

  /// The shape of the images that it fits, `[height, width, channels]`.
  public let imageShape: [Int]
  /// What it does to them.
  public let change: Change
  /// What triggered images are to be classified as.
  public let goal: AttackGoal
  /// The attack that it belongs to.
  public let attack: String
  /// The seed that it was made with.
  public let seed: UInt64
  /// The attack's options as they would be written, in order; for a picture's path there is `sha256:`
  /// with the hash of its bytes, so that the same picture makes the same trigger wherever it lies.
  public let options: [OptionText]

  /// Creates a trigger.
  ///
  /// - Throws: ``DataError`` if `change` is of another size than the images, or has values out of
  ///   range.
  public init(
    _ change: Change, imageShape: [Int], goal: AttackGoal, attack: String = "trigger",
    seed: UInt64 = 0, options: [OptionText] = []
  ) throws(DataError) {
    try change.check(for: imageShape)
    self.imageShape = imageShape
    self.change = change
    self.goal = goal
    self.attack = attack
    self.seed = seed
    self.options = options
  }

  /// Makes the trigger of an attack, with the context's seed.
  ///
  /// - Throws: What the attack throws, such as ``PluginError`` for a patch larger than the image.
  public init(
    of attack: any Attack, imageShape: [Int], goal: AttackGoal, in context: RunContext
  ) throws {
    func options(_ attack: some Attack) throws(FileError) -> [OptionText] {
      try attack.options.texts.map { option throws(FileError) in
        guard option.name == Self.pictureOption, option.value != String?.none.optionText else {
          return option
        }
        return OptionText(name: option.name, value: "sha256:" + (try sha256(ofFile: option.value)))
      }
    }
    try self.init(
      try attack.change(for: imageShape, in: context), imageShape: imageShape, goal: goal,
      attack: type(of: attack).name, seed: context.seed, options: options(attack))
  }

  /// The name of every attack's option that is the path of a picture.
  package static let pictureOption = "image"
}

extension Trigger {
  /// Returns the trigger with another target class.
  ///
  /// - Throws: ``PluginError`` if it is none of the classes, or every class has its own target.
  public func aimed(at target: Int) throws -> Trigger {
    guard goal.mode == .allToOne else {
      throw PluginError(
        .badOption, "--target has no effect, as the trigger is all-to-all; leave it out")
    }
    return try Trigger(
      change, imageShape: imageShape,
      goal: AttackGoal(.allToOne, target: target, classCount: goal.classCount), attack: attack,
      seed: seed, options: options)
  }
}

extension Trigger.Change {
  /// Throws unless all sizes and values are those of a change of such images.
  fileprivate func check(for shape: [Int]) throws(DataError) {
    guard shape.count == 3, shape.allSatisfy({ (1...1 << 12).contains($0) }) else {
      throw DataError("a trigger for images of shape \(shape) makes no sense; give pictures")
    }
    func check(
      _ values: [Float], _ extents: [Int], _ range: (Int) -> ClosedRange<Float>, _ name: String
    ) throws(DataError) {
      guard values.count == extents.reduce(1, *) else {
        throw DataError(
          "the trigger's \(name) has \(values.count) values for a shape of \(extents); give one each"
        )
      }
      if let bad = values.indices.first(where: { !range($0).contains(values[$0]) }) {
        throw DataError(
          "the trigger's \(name) has \(values[bad]) at position \(bad), outside of \(range(bad)); keep "
            + "it within")
      }
    }
    switch self {
    case .overlay(let pattern, let alpha):
      try check(pattern, shape, { _ in 0...255 }, "pattern")
      try check(alpha, [shape[0], shape[1]], { _ in 0...1 }, "alpha")
    case .addition(let values): try check(values, shape, { _ in -255...255 }, "addition")
    case .warp(let field):
      try check(
        field, [shape[0], shape[1], 2], { 0...Float(shape[$0 % 2] - 1) }, "field")
    }
  }
}
