private import Foundation

extension Picture {
  /// Returns the picture as a JPEG file of a quality would keep it, without entropy coding.
  ///
  /// Three channels become luma and two colour differences (JFIF), the differences at half the
  /// resolution; any other number of channels is luma each. Values are rounded to 0...255 before and
  /// after.
  ///
  /// - Parameter quality: 1 to 100, as in libjpeg.
  func quantized(quality: Int) -> Picture {
    let bytes = values.map { Double(($0 * 255).rounded()) }
    var planes = (0..<channels).map { channel in
      stride(from: channel, to: bytes.count, by: channels).map { bytes[$0] }
    }
    let luma = QuantizationTable(.luma, quality: quality)
    guard channels == 3 else {
      planes = planes.map { luma.applied(to: $0, height, width) }
      return merged(planes)
    }
    let chroma = QuantizationTable(.chroma, quality: quality)
    let (red, green, blue) = (planes[0], planes[1], planes[2])
    let y = red.indices.map { 0.299 * red[$0] + 0.587 * green[$0] + 0.114 * blue[$0] }
    let brightness = luma.applied(to: y.map { $0.rounded() }, height, width)
    let differences = [(blue, 1.772), (red, 1.402)].map { plane, factor in
      let values = y.indices.map { Float(((plane[$0] - y[$0]) / factor + 128).rounded()) }
      let half = with(values).boxed((height + 1) / 2, (width + 1) / 2)
      let kept = chroma.applied(
        to: half.values.map { Double($0.rounded()) }, half.height, half.width)
      return (0..<pixels).map { pixel in
        kept[(pixel / width / 2) * half.width + pixel % width / 2] - 128
      }
    }
    return merged([
      y.indices.map { brightness[$0] + 1.402 * differences[1][$0] },
      y.indices.map {
        brightness[$0] - 0.344_136 * differences[0][$0] - 0.714_136 * differences[1][$0]
      },
      y.indices.map { brightness[$0] + 1.772 * differences[0][$0] },
    ])
  }

  private func merged(_ planes: [[Double]]) -> Picture {
    with(
      (0..<pixels * channels).map { index in
        let value = planes[index % channels][index / channels].rounded()
        return Float(min(max(value, 0), 255) / 255)
      }, channels: channels)
  }
}

/// The steps to which the coefficients of 8 x 8 cosine transforms are rounded.
struct QuantizationTable {
  /// The standard's tables (ITU-T T.81, annex K.1).
  enum Kind {
    /// For brightness.
    case luma
    /// For colour differences.
    case chroma
  }

  /// `[vertical frequency][horizontal frequency]`.
  let steps: [Double]

  /// Scales a table to a quality of 1 to 100, as in libjpeg.
  init(_ kind: Kind, quality: Int) {
    let scale = quality < 50 ? 5000 / quality : 200 - 2 * quality
    steps = (kind == .luma ? Self.luma : Self.chroma).map {
      Double(min(max(($0 * scale + 50) / 100, 1), 255))
    }
  }

  /// Returns a plane of values from 0 to 255 as the coefficients keep it, rounded and clipped. The
  /// last row and column continue it to whole blocks.
  func applied(to plane: [Double], _ height: Int, _ width: Int) -> [Double] {
    var result = plane
    for top in stride(from: 0, to: height, by: 8) {
      for left in stride(from: 0, to: width, by: 8) {
        let block = (0..<64).map { place in
          plane[min(top + place / 8, height - 1) * width + min(left + place % 8, width - 1)] - 128
        }
        let coefficients = zip(Self.transformed(block, isInverse: false), steps).map {
          (Self.shortened($0) / $1).rounded() * $1
        }
        for (place, value) in Self.transformed(coefficients, isInverse: true).enumerated() {
          let (row, column) = (top + place / 8, left + place % 8)
          guard row < height, column < width else { continue }
          result[row * width + column] = min(
            max((Self.shortened(value) + 128).rounded(), 0), 255)
        }
      }
    }
    return result
  }

  /// Returns the nearest multiple of 1/1024: the last bits of cosines must not decide which way a
  /// half is rounded.
  private static func shortened(_ value: Double) -> Double { (value * 1024).rounded() / 1024 }

  /// Returns the orthonormal two-dimensional cosine transform of a block, or its inverse.
  static func transformed(_ block: [Double], isInverse: Bool) -> [Double] {
    // Twice: transform the columns and transpose.
    (0..<2).reduce(block) { block, _ in
      var result = Array(repeating: 0.0, count: 64)
      for column in 0..<8 {
        for to in 0..<8 {
          var sum = 0.0
          for from in 0..<8 {
            sum +=
              (isInverse ? cosines[from * 8 + to] : cosines[to * 8 + from])
              * block[from * 8 + column]
          }
          result[column * 8 + to] = sum
        }
      }
      return result
    }
  }

  /// `[frequency][place]`.
  private static let cosines: [Double] = (0..<64).map { index in
    let (frequency, place) = (Double(index / 8), Double(index % 8))
    return (frequency == 0 ? 0.125 : 0.25).squareRoot()
      * cos((2 * place + 1) * frequency * .pi / 16)
  }

  private static let luma = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
  ]
  private static let chroma = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  ]
}
