internal import DefenseKit

/// The smooth random field that WaNet warps images by.
struct WarpingField {
  /// The images' height in pixels.
  let height: Int
  /// The images' width in pixels.
  let width: Int
  /// The shifts down and to the right, `[height][width][2]`, of mean magnitude 1 before upsampling.
  let shifts: [Float]

  /// Creates a field from random numbers at the nodes of a grid over the image.
  ///
  /// - Parameters:
  ///   - nodes: The shifts, `[size][size][2]`, row-major; they are divided by their mean magnitude.
  ///   - size: The number of nodes along an axis, at least 2; those at the edges lie on the centres
  ///     of the outermost pixels.
  init(nodes: [Double], size: Int, height: Int, width: Int) {
    precondition(nodes.count == size * size * 2, "\(nodes.count) numbers for \(size)x\(size) nodes")
    self.height = height
    self.width = width
    let mean = nodes.reduce(0) { $0 + abs($1) } / Double(nodes.count)
    let rows = (0..<height).map { Self.taps($0, of: height, nodes: size) }
    let columns = (0..<width).map { Self.taps($0, of: width, nodes: size) }
    var shifts: [Float] = []
    for row in rows {
      for column in columns {
        for axis in 0..<2 {
          var sum = 0.0
          for (y, vertical) in row {
            for (x, horizontal) in column {
              sum += vertical * horizontal * nodes[(y * size + x) * 2 + axis]
            }
          }
          shifts.append(Float(mean > 0 ? sum / mean : 0))
        }
      }
    }
    self.shifts = shifts
  }

  /// Returns the four nodes around a pixel with their weights: cubic convolution (Keys 1981) with
  /// a = -0.75, as in the authors' library. Beyond the edge, the edge's node is repeated.
  static func taps(_ pixel: Int, of extent: Int, nodes: Int) -> [(node: Int, weight: Double)] {
    let a = -0.75
    let position = extent > 1 ? Double(pixel * (nodes - 1)) / Double(extent - 1) : 0
    let first = min(Int(position), nodes - 1)
    let offset = position - Double(first)
    func near(_ t: Double) -> Double { ((a + 2) * t - (a + 3)) * t * t + 1 }
    func far(_ t: Double) -> Double { ((a * t - 5 * a) * t + 8 * a) * t - 4 * a }
    let weights = [far(1 + offset), near(offset), near(1 - offset), far(2 - offset)]
    return weights.enumerated().map { index, weight in
      (min(max(first + index - 1, 0), nodes - 1), weight)
    }
  }

  /// Returns the position where each pixel is read, `[height][width][2]`, clipped to the image.
  ///
  /// Along an axis of h pixels, the paper's coordinates run from -1 to 1 between the centres of the
  /// outermost pixels; a shift of s / h there is s * (h - 1) / (2 * h) pixels.
  ///
  /// - Parameters:
  ///   - strength: s, the factor for the shifts.
  ///   - noise: Additional shifts, `[height][width][2]`, which `strength` does not scale; nil for
  ///     none.
  func positions(strength: Double, noise: [Float]? = nil) -> [Float] {
    (0..<height * width * 2).map { index in
      let (pixel, axis) = (index / 2, index % 2)
      let extent = axis == 0 ? height : width
      let place = Float(axis == 0 ? pixel / width : pixel % width)
      let unit = Float(extent - 1) / Float(2 * extent)
      let shift = Float(strength) * shifts[index] + (noise?[index] ?? 0)
      return min(max(place + shift * unit, 0), Float(extent - 1))
    }
  }
}
