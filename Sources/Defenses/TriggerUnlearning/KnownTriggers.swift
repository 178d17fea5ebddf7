internal import DefenseKit
internal import OccluderSearch

/// All triggers that were found, round by round; none is ever dropped.
struct KnownTriggers {
  /// A trigger and the class that it leads to.
  struct Entry {
    let target: Int
    let change: StampedImages.Change
  }

  /// `[rounds][triggers]`.
  private(set) var rounds: [[Entry]] = []
  let shape: [Int]

  init(shape: [Int]) { self.shape = shape }

  /// Adds the triggers of a round; without any there is no round.
  mutating func add(_ entries: [Entry]) {
    if !entries.isEmpty { rounds.append(entries) }
  }

  var all: [Entry] { rounds.flatMap { $0 } }
  var targets: [Int] { Set(all.map(\.target)).sorted() }

  /// Draws a trigger to learn from: a fifth of any family at random, else a variation of a known
  /// one, half of them of the last round.
  func draw(_ numbers: inout SeededGenerator) -> Entry {
    let targets = targets
    let target = targets[numbers.below(targets.count)]
    if numbers.unit() < 0.2 {
      return Entry(target: target, change: .genome(Genome(drawing: &numbers)))
    }
    let able = rounds.map { $0.filter { $0.target == target } }.filter { !$0.isEmpty }
    let isLast = numbers.unit() < 0.5
    let entries = able[isLast ? able.count - 1 : numbers.below(able.count)]
    let entry = entries[numbers.below(entries.count)]
    switch entry.change {
    case .genome(let genome):
      let strength: Float = numbers.unit() < 0.5 ? 1 : 2.5
      return Entry(
        target: target, change: .genome(genome.mutated(by: strength, &numbers)))
    case .fixed(let change):
      return Entry(target: target, change: .fixed(varied(change, &numbers)))
    }
  }

  /// Returns a change that is weaker or stronger and, if it is no warp, shifted by up to two pixels;
  /// an overlay's colours change too.
  private func varied(
    _ change: Trigger.Change, _ numbers: inout SeededGenerator
  ) -> Trigger.Change {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    let strength = Float(0.6 + 0.6 * numbers.unit())
    let (down, right) = (numbers.below(5) - 2, numbers.below(5) - 2)
    func shifted(_ values: [Float], _ depth: Int) -> [Float] {
      var result = [Float](repeating: 0, count: values.count)
      for row in 0..<height where (0..<height).contains(row - down) {
        for column in 0..<width where (0..<width).contains(column - right) {
          let (to, from) = (row * width + column, (row - down) * width + column - right)
          for index in 0..<depth { result[to * depth + index] = values[from * depth + index] }
        }
      }
      return result
    }
    switch change {
    case .overlay(let pattern, let alpha):
      let tones = numbers.normals(channels).map { Float(30 * $0) }
      return .overlay(
        pattern: shifted(pattern, channels).enumerated().map { index, value in
          min(max(value + tones[index % channels], 0), 255)
        },
        alpha: shifted(alpha, 1).map { min(1, $0 * strength) })
    case .addition(let values):
      return .addition(shifted(values, channels).map { min(max($0 * strength, -255), 255) })
    case .warp(let field):
      return .warp(
        field.indices.map { index in
          let pixel = index / 2
          let (own, extent) = index % 2 == 0 ? (pixel / width, height) : (pixel % width, width)
          return min(max(Float(own) + strength * (field[index] - Float(own)), 0), Float(extent - 1))
        })
    case .quantization(let levels, let dithers):
      return .quantization(
        levels: min(max(Int((Float(levels) / strength).rounded()), 2), 256), dithers: dithers)
    }
  }
}
