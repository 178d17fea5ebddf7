internal import InferenceGraph
internal import ModelIO

/// The change of an image that activates a backdoor.
///
/// A trigger holds everything needed to apply it to any image of its shape, including random
/// choices made at its creation, for example a warping field.
public struct Trigger: Sendable, Hashable {
  /// A change of an image x with values 0...255.
  public enum Change: Sendable, Hashable {
    /// x + alpha * (pattern - x): a patch if alpha is 1 inside and 0 outside, a blend for values in
    /// between.
    ///
    /// `pattern` is `[height][width][channels]`, 0...255; `alpha` is `[height][width]`, 0...1.
    case overlay(pattern: [Float], alpha: [Float])
    /// x + the values, `[height][width][channels]`, -255...255.
    case addition([Float])
    /// x sampled at displaced positions, with bilinear interpolation.
    ///
    /// The values are `[height][width][2]`: the row and the column that a pixel is sampled at,
    /// where 0 is the centre of the first pixel; both are within the image.
    case warp([Float])
    /// Every value rounded to the nearest of `levels` equidistant ones, which include 0 and 255;
    /// 2...256 levels.
    ///
    /// With `dithers`, each rounding error spreads to later neighbours of the same channel (Floyd
    /// and Steinberg 1976).
    case quantization(levels: Int, dithers: Bool)
  }

  /// The shape of the images that the trigger fits, `[height, width, channels]`.
  public let imageShape: [Int]
  /// The change that the trigger makes to an image.
  public let change: Change
  /// The classification of triggered images that the attacker wants.
  public let goal: AttackGoal
  /// The name of the attack that made the trigger.
  public let attack: String
  /// The seed that the trigger was made with.
  public let seed: UInt64
  /// The attack's options in the form that a user would write, in order. A picture's path is
  /// replaced by `sha256:` and the hash of its bytes, so that the trigger does not depend on the
  /// path.
  public let options: [OptionText]

  /// Creates a trigger.
  ///
  /// - Throws: ``DataError`` if `change` does not have the size of the images, or has values out of
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
  /// - Throws: The errors of the attack, for example ``PluginError`` for a patch larger than the
  ///   image.
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

  /// The name of an attack's option that is the path of a picture.
  package static let pictureOption = "image"
}

extension Trigger {
  /// Returns the trigger with another target class.
  ///
  /// - Throws: ``PluginError`` if the target is not one of the classes, or if the goal is
  ///   all-to-all.
  public func retargeted(to target: Int) throws -> Trigger {
    guard goal.mode == .allToOne else {
      throw PluginError(
        .badOption, "has no effect, because the trigger is all-to-all", about: .option("target"),
        remedies: [.omit("target")])
    }
    return try Trigger(
      change, imageShape: imageShape,
      goal: AttackGoal(
        .allToOne, target: target, classCount: goal.classCount, source: goal.source),
      attack: attack, seed: seed, options: options)
  }
}

extension Trigger.Change {
  /// Throws unless the change has the sizes and value ranges for images of this shape.
  fileprivate func check(for shape: [Int]) throws(DataError) {
    guard shape.count == 3, shape.allSatisfy({ (1...1 << 12).contains($0) }) else {
      throw DataError("a trigger for images of shape \(shape) is not possible; give pictures")
    }
    func check(
      _ values: [Float], _ extents: [Int], _ range: (Int) -> ClosedRange<Float>, _ name: String
    ) throws(DataError) {
      guard values.count == extents.reduce(1, *) else {
        throw DataError(
          "the trigger's \(name) has \(values.count) values for the shape \(extents)"
        )
      }
      if let bad = values.indices.first(where: { !range($0).contains(values[$0]) }) {
        throw DataError(
          "the trigger's \(name) has \(values[bad]) at position \(bad), outside of "
            + "\(range(bad))")
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
    case .quantization(let levels, _):
      guard (2...256).contains(levels) else {
        throw DataError("the trigger rounds to \(levels) levels, outside of 2...256")
      }
    }
  }
}
