internal import DefenseKit

/// A picture with clear edges at many scales: discs of random colour, place and size, on one
/// another.
struct RandomDiscs {
  /// A disc in units of the picture's extents.
  private struct Disc {
    let row: Double
    let column: Double
    let radius: Double
    let colour: [Float]
  }

  private let discs: [Disc]
  private let background: [Float]

  /// Draws the discs at random.
  init(seed: UInt64, channels: Int, count: Int = 24) {
    var generator = SeededGenerator(seed: seed, stream: 0xD15C5)
    func colour() -> [Float] { (0..<channels).map { _ in Float(generator.next() >> 56) } }
    background = colour()
    discs = (0..<count).map { _ in
      let (row, column) = (generator.unit(), generator.unit())
      let radius = 0.06 + 0.2 * generator.unit()
      return Disc(row: row, column: column, radius: radius, colour: colour())
    }
  }

  /// Returns the values of the picture, `[height][width][channels]`; later discs cover earlier ones.
  func drawn(on shape: [Int]) -> [Float] {
    let (height, width) = (shape[0], shape[1])
    return (0..<height * width).flatMap { pixel -> [Float] in
      let row = (Double(pixel / width) + 0.5) / Double(height)
      let column = (Double(pixel % width) + 0.5) / Double(width)
      let top = discs.last { disc in
        let (down, right) = (row - disc.row, column - disc.column)
        return down * down + right * right <= disc.radius * disc.radius
      }
      return top?.colour ?? background
    }
  }
}
