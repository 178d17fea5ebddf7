/// One number of a genome, from 0 to 1.
struct Gene: Sendable {
  /// The standard deviation of a mutation of strength 1.
  let deviation: Float

  /// A place along an axis.
  static let place = Gene(deviation: 0.055)
  /// An extent.
  static let extent = Gene(deviation: 0.12)
  /// A share of a colour.
  static let tone = Gene(deviation: 0.12)
  /// An opacity, amplitude or strength.
  static let strength = Gene(deviation: 0.2)
  /// A choice between two or more.
  static let choice = Gene(deviation: 0.3)

  /// What ``GeneReader/colour(channels:)`` reads.
  static let colour: [Gene] = [.choice, .tone, .tone, .tone, .tone]
}

/// Reads a genome from front to back, each gene once.
struct GeneReader {
  private var rest: ArraySlice<Float>

  init(_ genes: [Float]) { rest = genes[...] }

  /// Returns the next gene, 0 to 1.
  mutating func next() -> Float { rest.removeFirst() }

  /// Returns the next gene scaled to a range.
  mutating func value(_ range: ClosedRange<Float>) -> Float {
    range.lowerBound + next() * (range.upperBound - range.lowerBound)
  }

  /// Returns true for half of the next gene's range.
  mutating func flag() -> Bool { next() < 0.5 }

  /// Returns a whole number below `count`.
  mutating func choice(_ count: Int) -> Int { min(count - 1, Int(next() * Float(count))) }

  /// Returns a colour, 0...255 in each channel: half of the genes' range is a corner of the colour
  /// cube times a brightness, which is full for a third of its range, the other half any colour.
  /// Channels beyond three repeat the first three.
  mutating func colour(channels: Int) -> [Float] {
    let isCorner = flag()
    let tones = [next(), next(), next()]
    let brightness = min(1, 1.5 * next())
    return (0..<channels).map { channel in
      let tone = tones[channel % 3]
      return 255 * (isCorner ? (tone < 0.5 ? 0 : brightness) : tone)
    }
  }
}
