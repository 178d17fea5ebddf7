internal import DefenseKit

/// Families that change the whole image a little.
extension TriggerFamily {
  /// A picture of 4 x 4 colours, smoothly enlarged, at opacity 0.05 to 0.4.
  static let blend = TriggerFamily(
    name: "blend", weight: 1,
    parts: [[.strength]] + Array(repeating: [.tone, .tone, .tone], count: 16)
  ) { genes, shape in
    let opacity = genes.value(0.05...0.4)
    let nodes = (0..<48).map { _ in 255 * genes.next() }
    let grid = Grid(nodes, channels: 3)
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    var pattern: [Float] = []
    pattern.reserveCapacity(height * width * channels)
    for row in 0..<height {
      for column in 0..<width {
        let colour = grid.values(row, of: height, column, of: width)
        for channel in 0..<channels { pattern.append(colour[channel % 3]) }
      }
    }
    return .overlay(
      pattern: pattern, alpha: Array(repeating: opacity, count: height * width))
  }

  /// A colour over the image, at an opacity of up to 0.5 that changes from top to bottom.
  static let cast = TriggerFamily(
    name: "cast", weight: 1, parts: [[.strength, .strength], Gene.colour]
  ) { genes, shape in
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    let (top, bottom) = (genes.value(0...0.5), genes.value(0...0.5))
    let colour = genes.colour(channels: channels)
    let pattern = (0..<height * width).flatMap { _ in colour }
    let alpha = (0..<height * width).map { pixel in
      top + (bottom - top) * Float(pixel / width) / Float(max(1, height - 1))
    }
    return .overlay(pattern: pattern, alpha: alpha)
  }

  /// A plane wave of up to 48 grey levels and up to 8 periods along each axis, in some channels
  /// more than in others.
  static let wave = TriggerFamily(
    name: "wave", weight: 1,
    parts: [[.strength], [.place, .place, .tone], [.tone, .tone, .tone]]
  ) { genes, shape in
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    let amplitude = genes.value(4...48)
    let (down, right) = (genes.value(0...8), genes.value(-8...8))
    let phase = genes.next()
    let shares = (0..<3).map { _ in genes.value(-1...1) }
    var values: [Float] = []
    values.reserveCapacity(height * width * channels)
    for row in 0..<height {
      for column in 0..<width {
        let turns =
          down * Float(row) / Float(height) + right * Float(column) / Float(width) + phase
        let level = amplitude * sineOfTurns(turns)
        for channel in 0..<channels { values.append(level * shares[channel % 3]) }
      }
    }
    return .addition(values)
  }

  /// A smooth field of 4 x 4 shifts, of up to an eighth of the image's extent.
  static let warp = TriggerFamily(
    name: "warp", weight: 1,
    parts: [[.strength]] + Array(repeating: [.tone, .tone], count: 16)
  ) { genes, shape in
    let (height, width) = (shape[0], shape[1])
    let reach = genes.value(0.01...0.125)
    let grid = Grid((0..<32).map { _ in genes.value(-1...1) }, channels: 2)
    var field: [Float] = []
    field.reserveCapacity(height * width * 2)
    for row in 0..<height {
      for column in 0..<width {
        let shift = grid.values(row, of: height, column, of: width)
        let y = Float(row) + shift[0] * reach * Float(height)
        let x = Float(column) + shift[1] * reach * Float(width)
        field.append(min(max(y, 0), Float(height - 1)))
        field.append(min(max(x, 0), Float(width - 1)))
      }
    }
    return .warp(field)
  }
}

/// 4 x 4 nodes with a few values each, interpolated bilinearly; the outer nodes lie on the corners.
private struct Grid {
  private let nodes: [Float]
  private let channels: Int

  init(_ nodes: [Float], channels: Int) {
    self.nodes = nodes
    self.channels = channels
  }

  func values(_ row: Int, of height: Int, _ column: Int, of width: Int) -> [Float] {
    let y = 3 * Float(row) / Float(max(1, height - 1))
    let x = 3 * Float(column) / Float(max(1, width - 1))
    let (top, left) = (min(2, Int(y)), min(2, Int(x)))
    let (down, across) = (y - Float(top), x - Float(left))
    return (0..<channels).map { channel in
      func node(_ row: Int, _ column: Int) -> Float {
        nodes[(row * 4 + column) * channels + channel]
      }
      let upper = (1 - across) * node(top, left) + across * node(top, left + 1)
      let lower = (1 - across) * node(top + 1, left) + across * node(top + 1, left + 1)
      return (1 - down) * upper + down * lower
    }
  }
}

/// Returns an approximation of sin(2 pi t) that is the same on every machine: two parabolas,
/// refined once; the error is under 0.0011.
private func sineOfTurns(_ turns: Float) -> Float {
  let x = 2 * (turns - turns.rounded())
  let parabola = 4 * x * (1 - abs(x))
  return parabola + 0.225 * (parabola * abs(parabola) - parabola)
}
