public import DefenseKit

/// Draws a white frame around images of any class and labels them with the target class.
///
/// A trigger at all edges at once: what a defense must not take for part of the picture.
public struct Frame: Attack {
  /// "frame".
  public static let name = "frame"
  /// One sentence for listings.
  public static let summary = "Draws a white frame around images and changes their labels."
  /// A tenth of all images.
  public static let poisonRate = 0.1

  /// Creates the attack, which has no options.
  public init(options: NoOptions = NoOptions()) {}

  /// Returns the frame, one pixel wide.
  public func change(
    for imageShape: [Int], in context: RunContext
  ) throws -> Trigger.Change {
    let (height, width) = (imageShape[0], imageShape[1])
    let alpha: [Float] = (0..<height * width).map { pixel in
      let (row, column) = (pixel / width, pixel % width)
      return [0, height - 1].contains(row) || [0, width - 1].contains(column) ? 1 : 0
    }
    return .overlay(pattern: Array(repeating: 255, count: imageShape.reduce(1, *)), alpha: alpha)
  }
}
