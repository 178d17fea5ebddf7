public import DefenseKit

/// Stamps a patch on images of any class and labels them with the target class.
///
/// x' = (1 - m) * x + m * t, with a mask m and a pattern t. The defaults are those of
/// BackdoorBench: a white square of 3x3 pixels in the lower right corner, on a tenth of the images.
/// A picture with transparency (sunglasses, for example) uses its opacity as m.
///
/// Source: Gu, Dolan-Gavitt and Garg, "BadNets: Identifying Vulnerabilities in the Machine Learning
/// Model Supply Chain", 2017.
public struct BadNets: Attack {
  /// "badnets".
  public static let name = "badnets"
  /// One sentence for listings.
  public static let summary = "Stamps a patch or a picture on images and changes their labels."
  /// A tenth of all images.
  public static let poisonRate = 0.1

  /// The options of this attack.
  public let options: Options

  /// Creates the attack with all defaults.
  public init() { options = Options() }

  /// Creates the attack.
  ///
  /// - Throws: `PluginError` for a size or place out of range, or an option that another one makes
  ///   ineffective.
  public init(options: Options) throws(PluginError) {
    func check(_ isGood: Bool, _ option: String, _ problem: String) throws(PluginError) {
      if !isGood { throw PluginError(option: option, of: Self.name, problem) }
    }
    if let size = options.size {
      try check(
        (1...2).contains(size.count) && size.allSatisfy { (1...4096).contains($0) },
        "size", "takes a number of pixels, or height,width, as in 3 or 4,6")
    }
    if let place = options.place {
      try check(
        place.count == 2 && place.allSatisfy { (0...4096).contains($0) },
        "place", "takes row,column of the patch's upper left pixel, counted from 0, as in 24,24")
      try check(
        options.margin == 0, "margin", "has no effect together with badnets.place; leave one out")
      try check(
        options.position == Options().position,
        "position", "has no effect together with badnets.place; leave one out")
    }
    try check(
      options.margin == 0 || options.position != .center,
      "margin", "has no effect with badnets.position=center; leave one out")
    try check(
      options.image == nil || options.pattern == Options().pattern,
      "pattern", "has no effect with badnets.image; leave one out")
    try check((0...4096).contains(options.margin), "margin", "takes a number of pixels from 0 up")
    try check(
      options.opacity > 0 && options.opacity <= 1, "opacity", "takes a number over 0 and up to 1")
    self.options = options
  }

  /// Returns the patch at its position.
  ///
  /// - Throws: `PluginError` if it does not lie within images of this shape; `FileError` for a
  ///   picture that cannot be read.
  public func change(
    for imageShape: [Int], in context: RunContext
  ) throws -> Trigger.Change {
    let patch = try patch(channels: imageShape[2], in: context)
    let (row, column) = corner(of: patch, in: imageShape)
    guard
      let change = patch.overlay(
        row: row, column: column, imageShape: imageShape, opacity: Float(options.opacity))
    else {
      let place = options.place == nil ? "" : " at row \(row), column \(column)"
      throw PluginError(
        option: options.image == nil ? "size" : "image", of: Self.name,
        "gives a patch of \(patch.height)x\(patch.width) pixels\(place), which does not fit images "
          + "of \(imageShape[0])x\(imageShape[1])",
        remedies: [.advice("change badnets.size, badnets.margin or badnets.place")]
      )
    }
    return change
  }

  private func patch(channels: Int, in context: RunContext) throws -> PatternImage {
    if let path = options.image {
      let picture = PatternImage(
        try PixelImage(contentsOf: path, sandbox: context.sandbox), channels: channels)
      guard let size = options.size else { return picture }
      return picture.resized(height: size[0], width: size[size.count - 1])
    }
    let size = options.size ?? [3]
    let (height, width) = (size[0], size[size.count - 1])
    func plain(_ value: Float) -> PatternImage {
      PatternImage(
        height: height, width: width, channels: channels,
        values: Array(repeating: value, count: height * width * channels),
        alpha: Array(repeating: 1, count: height * width))
    }
    switch options.pattern {
    case .white: return plain(255)
    case .black: return plain(0)
    case .checkerboard:
      return .checkerboard(height: height, width: width, channels: channels)
    case .noise:
      var generator = SeededGenerator(seed: context.seed, stream: 0xBAD)
      return .noise(height: height, width: width, channels: channels, &generator)
    }
  }

  /// Returns the row and column of the patch's upper left pixel.
  private func corner(of patch: PatternImage, in imageShape: [Int]) -> (row: Int, column: Int) {
    if let place = options.place { return (place[0], place[1]) }
    let (down, right) = (imageShape[0] - patch.height, imageShape[1] - patch.width)
    let margin = options.margin
    return switch options.position {
    case .topLeft: (margin, margin)
    case .topRight: (margin, right - margin)
    case .bottomLeft: (down - margin, margin)
    case .bottomRight: (down - margin, right - margin)
    case .center: (down / 2, right / 2)
    }
  }
}
