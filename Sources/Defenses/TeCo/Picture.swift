/// An image of real values, usually from 0 to 1.
struct Picture: Sendable, Equatable {
  /// Its extents.
  let height: Int, width: Int, channels: Int
  /// `[height][width][channels]`.
  var values: [Float]

  /// The number of pixels.
  var pixels: Int { height * width }

  /// Where values outside of an image come from.
  enum Border {
    /// The nearest value: a a | a b c.
    case nearest
    /// Reflected about the outermost value: c b | a b c.
    case mirrored
    /// Reflected about the edge: b a | a b c.
    case reflected

    /// Returns the position in 0..<`count` of the value at any position.
    func position(_ position: Int, _ count: Int) -> Int {
      if (0..<count).contains(position) { return position }
      switch self {
      case .nearest: return position < 0 ? 0 : count - 1
      case .mirrored:
        guard count > 1 else { return 0 }
        let place = Self.remainder(position, 2 * (count - 1))
        return place < count ? place : 2 * (count - 1) - place
      case .reflected:
        let place = Self.remainder(position, 2 * count)
        return place < count ? place : 2 * count - 1 - place
      }
    }

    private static func remainder(_ number: Int, _ period: Int) -> Int {
      (number % period + period) % period
    }
  }

  /// Returns a picture of other values, of one channel unless said.
  func with(_ values: [Float], channels: Int = 1) -> Picture {
    Picture(height: height, width: width, channels: channels, values: values)
  }

  /// Returns the picture with every value replaced.
  func mapped(_ body: (Float) -> Float) -> Picture {
    with(values.map(body), channels: channels)
  }

  /// Returns the sum over the kernel of weight times the picture shifted.
  ///
  /// - Parameter taps: The kernel: shifts of rows and columns, and their weights.
  func filtered(_ taps: [(row: Int, column: Int, weight: Double)], _ border: Border) -> Picture {
    var sums = Array(repeating: 0.0, count: values.count)
    for tap in taps where tap.weight != 0 {
      let columns = (0..<width).map { border.position($0 + tap.column, width) * channels }
      for row in 0..<height {
        let source = border.position(row + tap.row, height) * width * channels
        var place = row * width * channels
        for column in columns {
          for channel in 0..<channels {
            sums[place] += tap.weight * Double(values[source + column + channel])
            place += 1
          }
        }
      }
    }
    return with(sums.map { Float($0) }, channels: channels)
  }

  /// Returns the picture under a Gaussian blur of width `sigma` pixels, cut off at `truncation`
  /// sigma and normalized; with a sigma of 0 the picture itself.
  func blurred(
    _ sigma: Double, truncation: Double = 4, _ border: Border = .nearest
  ) -> Picture {
    let radius = Int(truncation * sigma + 0.5)
    guard radius > 0 else { return self }
    let weights = Self.gaussian(sigma, radius)
    let offsets = Array(-radius...radius)
    return filtered(zip(offsets, weights).map { ($0, 0, $1) }, border)
      .filtered(zip(offsets, weights).map { (0, $0, $1) }, border)
  }

  /// Returns the weights exp(-x^2 / (2 sigma^2)) for x = -radius...radius, of sum 1.
  static func gaussian(_ sigma: Double, _ radius: Int) -> [Double] {
    normalized((-radius...radius).map { bell(Double($0) / sigma) })
  }

  /// Returns the picture whose pixels lie at the coordinates (row, column) that `body` returns for
  /// each row and column, interpolated between the four nearest pixels.
  func resampled(_ border: Border, at body: (Int, Int) -> (Double, Double)) -> Picture {
    var result = values
    var place = 0
    for row in 0..<height {
      for column in 0..<width {
        let (y, x) = body(row, column)
        let (top, left) = (y.rounded(.down), x.rounded(.down))
        let (down, right) = (Float(y - top), Float(x - left))
        let upper = border.position(Int(top), height) * width
        let lower = border.position(Int(top) + 1, height) * width
        let first = border.position(Int(left), width)
        let second = border.position(Int(left) + 1, width)
        for channel in 0..<channels {
          func value(_ pixel: Int) -> Float { values[pixel * channels + channel] }
          let above = value(upper + first) + right * (value(upper + second) - value(upper + first))
          let below = value(lower + first) + right * (value(lower + second) - value(lower + first))
          result[place] = above + down * (below - above)
          place += 1
        }
      }
    }
    return with(result, channels: channels)
  }

  /// Returns the picture magnified about its centre.
  func magnified(_ factor: Double) -> Picture {
    let (y, x) = (Double(height - 1) / 2, Double(width - 1) / 2)
    return resampled(.nearest) { row, column in
      ((Double(row) - y) / factor + y, (Double(column) - x) / factor + x)
    }
  }

  /// The grey value of each pixel: of three channels the luma of ITU-R BT.601, of others the mean.
  var greys: [Float] {
    (0..<pixels).map { pixel in
      let colours = values[pixel * channels..<(pixel + 1) * channels]
      guard channels == 3 else { return colours.reduce(0, +) / Float(channels) }
      return zip(colours, [0.299, 0.587, 0.114]).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }
}

/// Returns the weights divided by their sum.
func normalized(_ weights: [Double]) -> [Double] {
  let sum = weights.reduce(0, +)
  return weights.map { $0 / sum }
}
