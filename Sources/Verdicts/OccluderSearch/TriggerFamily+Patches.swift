internal import DefenseKit

/// Families that cover a part of the image.
extension TriggerFamily {
  /// Up to three ellipses or rectangles of one colour each, opacity 1/2 to 1, with or without a
  /// mirror image at the vertical midline: patches, glasses, make-up.
  static let shapes = TriggerFamily(
    name: "shapes", weight: 8,
    parts: Array(
      repeating: [
        .choice, .place, .place, .extent, .extent, .choice, .choice, .strength,
      ] + Gene.colour, count: 3)
  ) { genes, shape in
    var canvas = Canvas(shape)
    for number in 0..<3 {
      let exists = genes.flag() || number == 0
      let box = Box(&genes, canvas)
      let isEllipse = genes.flag()
      let isMirrored = genes.flag()
      let opacity = genes.value(0.5...1)
      let colour = genes.colour(channels: canvas.channels)
      guard exists else { continue }
      var pixels: [(row: Int, column: Int)] = []
      box.forEachPixel(of: canvas, isEllipse: isEllipse) { row, column, _, _ in
        pixels.append((row, column))
        let other = canvas.width - 1 - column
        if isMirrored, !box.contains(row, other, isEllipse: isEllipse) {
          pixels.append((row, other))
        }
      }
      for pixel in pixels { canvas.paint(pixel.row, pixel.column, colour, opacity: opacity) }
    }
    return canvas.change
  }

  /// An ellipse or rectangle with stripes or a checkerboard of two colours.
  static let texture = TriggerFamily(
    name: "texture", weight: 1,
    parts: [
      [.place, .place, .extent, .extent, .choice, .strength],
      [.extent, .extent, .choice], Gene.colour, Gene.colour,
    ]
  ) { genes, shape in
    var canvas = Canvas(shape)
    let box = Box(&genes, canvas)
    let isEllipse = genes.flag()
    let opacity = genes.value(0.5...1)
    let period = genes.value(1...max(2, Float(min(canvas.height, canvas.width)) / 6))
    let turn = genes.value(0...1)
    let isChecked = genes.flag()
    let colours = [
      genes.colour(channels: canvas.channels), genes.colour(channels: canvas.channels),
    ]
    // The direction needs no sine: it runs along a square, from right to down.
    let (across, along) = (1 - turn, turn)
    var pixels: [(row: Int, column: Int, colour: Int)] = []
    box.forEachPixel(of: canvas, isEllipse: isEllipse) { row, column, down, right in
      func stripe(_ position: Float) -> Int { Int((position / period).rounded(.down)) & 1 }
      let colour =
        isChecked
        ? stripe(down) ^ stripe(right) : stripe(across * right + along * down)
      pixels.append((row, column, colour))
    }
    for pixel in pixels {
      canvas.paint(pixel.row, pixel.column, colours[pixel.colour], opacity: opacity)
    }
    return canvas.change
  }

  /// A line through five points in a box, like handwriting.
  static let strokes = TriggerFamily(
    name: "strokes", weight: 1,
    parts: [
      [.place, .place, .extent, .extent],
      Array(repeating: .extent, count: 10), [.extent, .strength], Gene.colour,
    ]
  ) { genes, shape in
    var canvas = Canvas(shape)
    let (height, width) = (Float(canvas.height), Float(canvas.width))
    let centre = (genes.value(0...height - 1), genes.value(0...width - 1))
    let half = (genes.value(1...max(1, height / 2)), genes.value(1...max(1, width / 2)))
    let points = (0..<5).map { _ -> (row: Float, column: Float) in
      let (down, right) = (genes.value(-half.0...half.0), genes.value(-half.1...half.1))
      return (row: centre.0 + down, column: centre.1 + right)
    }
    let reach = genes.value(0.5...max(1, min(height, width) / 16))
    let opacity = genes.value(0.5...1)
    let colour = genes.colour(channels: canvas.channels)
    var isInside = [Bool](repeating: false, count: canvas.height * canvas.width)
    for (from, to) in zip(points, points.dropFirst()) {
      let middle = ((from.row + to.row) / 2, (from.column + to.column) / 2)
      let (down, right) = (to.row - from.row, to.column - from.column)
      let square = max(down * down + right * right, 1e-6)
      canvas.forEachPixel(
        around: middle, within: (abs(down) / 2 + reach, abs(right) / 2 + reach)
      ) { row, column, _, _ in
        let (y, x) = (Float(row) - from.row, Float(column) - from.column)
        let part = min(max((y * down + x * right) / square, 0), 1)
        let (a, b) = (y - part * down, x - part * right)
        if a * a + b * b <= reach * reach { isInside[row * canvas.width + column] = true }
      }
    }
    for pixel in isInside.indices where isInside[pixel] {
      canvas.paint(pixel / canvas.width, pixel % canvas.width, colour, opacity: opacity)
    }
    return canvas.change
  }

  /// A square, or a rectangle, at or near a corner, of one colour or a checkerboard of two.
  static let corner = TriggerFamily(
    name: "corner", weight: 4,
    parts: [
      [.choice, .choice, .extent, .extent, .extent, .extent, .choice], [.choice, .choice],
      Gene.colour, Gene.colour,
    ]
  ) { genes, shape in
    var canvas = Canvas(shape)
    func margin(_ extent: Int) -> Int { Int(genes.value(0...0.12) * Float(extent)) }
    func side(_ extent: Int) -> Int { max(1, Int(genes.value(0...0.3) * Float(extent))) }
    let (isAbove, isLeft) = (genes.flag(), genes.flag())
    let (down, right) = (margin(canvas.height), margin(canvas.width))
    let (height, other) = (side(canvas.height), side(canvas.width))
    let width = genes.flag() ? height : other
    let isChecked = genes.flag()
    let cell = 1 + genes.choice(2)
    let colours = [
      genes.colour(channels: canvas.channels), genes.colour(channels: canvas.channels),
    ]
    for row in 0..<height {
      for column in 0..<width {
        let (y, x) = (down + row, right + column)
        guard y < canvas.height, x < canvas.width else { continue }
        canvas.paint(
          isAbove ? y : canvas.height - 1 - y, isLeft ? x : canvas.width - 1 - x,
          colours[isChecked ? (row / cell ^ column / cell) & 1 : 0], opacity: 1)
      }
    }
    return canvas.change
  }

  /// A thin frame along all or some of the edges.
  static let frame = TriggerFamily(
    name: "frame", weight: 1,
    parts: [[.choice, .choice, .choice, .choice], [.extent, .extent, .strength], Gene.colour]
  ) { genes, shape in
    var canvas = Canvas(shape)
    let sides = (0..<4).map { _ in genes.flag() }
    let isWhole = !sides.contains(true)
    let extent = min(canvas.height, canvas.width)
    let inset = Int(genes.value(0...0.1) * Float(extent))
    let thickness = max(1, Int(genes.value(0...0.1) * Float(extent)))
    let opacity = genes.value(0.5...1)
    let colour = genes.colour(channels: canvas.channels)
    let band = inset..<inset + thickness
    for row in inset..<max(inset, canvas.height - inset) {
      for column in inset..<max(inset, canvas.width - inset) {
        let distances = [row, canvas.height - 1 - row, column, canvas.width - 1 - column]
        if zip(distances, sides).contains(where: { band.contains($0) && ($1 || isWhole) }) {
          canvas.paint(row, column, colour, opacity: opacity)
        }
      }
    }
    return canvas.change
  }
}

/// The box of a shape: its centre and half its extents, in pixels.
private struct Box {
  let centre: (row: Float, column: Float)
  let half: (height: Float, width: Float)

  /// Reads four genes: half the height is up to 0.24 of the image's, half the width up to 0.36.
  init(_ genes: inout GeneReader, _ canvas: Canvas) {
    let (height, width) = (Float(canvas.height), Float(canvas.width))
    centre = (genes.value(0...height - 1), genes.value(0...width - 1))
    half = (
      genes.value(0.5...max(1, 0.24 * height)), genes.value(0.5...max(1, 0.36 * width))
    )
  }

  /// Calls `body` for each pixel of the picture in the rectangle, or in its ellipse.
  func forEachPixel(
    of canvas: Canvas, isEllipse: Bool,
    _ body: (_ row: Int, _ column: Int, _ down: Float, _ right: Float) -> Void
  ) {
    canvas.forEachPixel(around: centre, within: half) { row, column, down, right in
      if contains(row, column, isEllipse: isEllipse) { body(row, column, down, right) }
    }
  }

  /// Whether a pixel's centre is in the rectangle, or in its ellipse.
  func contains(_ row: Int, _ column: Int, isEllipse: Bool) -> Bool {
    let y = (Float(row) - centre.row) / half.height
    let x = (Float(column) - centre.column) / half.width
    return isEllipse ? y * y + x * x <= 1 : abs(y) <= 1 && abs(x) <= 1
  }
}
