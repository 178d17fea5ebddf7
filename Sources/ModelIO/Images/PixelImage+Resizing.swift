public import InferenceGraph

extension PixelImage {
  /// Returns the image after an `ImageFitting`: resized, then cropped to its centre.
  ///
  /// - Parameters:
  ///   - fitting: The sizes.
  ///   - path: The image's file, for errors.
  /// - Throws: ``FileError`` if the resized image would be too large, or is smaller than the crop.
  public func fitted(_ fitting: ImageFitting, path: String) throws(FileError) -> PixelImage {
    var image = self
    if let resize = fitting.resize {
      let size = resize.size(height: height, width: width)
      guard size.height > 0, size.width > 0 else {
        throw FileError(
          .badData, path: path,
          "the image is \(height)x\(width) (height x width), and would be "
            + "\(size.height)x\(size.width) after resizing; give sizes over 0")
      }
      guard size.height <= Self.maximumSide, size.width <= Self.maximumSide,
        size.height * size.width <= Self.maximumPixels
      else {
        throw FileError(
          .badData, path: path,
          "the image is \(height)x\(width) (height x width), and would be "
            + "\(size.height)x\(size.width) after resizing, which is too large")
      }
      image = resized(height: size.height, width: size.width)
    }
    guard let crop = fitting.crop else { return image }
    guard image.height >= crop.height, image.width >= crop.width else {
      throw FileError(
        .badData, path: path,
        "the image is \(image.height)x\(image.width) (height x width), too small for a crop of "
          + "\(crop.height)x\(crop.width); resize it first")
    }
    return image.cropped(height: crop.height, width: crop.width)
  }

  /// Returns the centre of the image, as torchvision's `CenterCrop` takes it: halves of odd
  /// differences are rounded to even.
  func cropped(height: Int, width: Int) -> PixelImage {
    func start(_ whole: Int, _ part: Int) -> Int {
      Int((Double(whole - part) / 2).rounded(.toNearestOrEven))
    }
    let (top, left) = (start(self.height, height), start(self.width, width))
    let rows = (top..<top + height).flatMap { row in
      let first = (row * self.width + left) * channels
      return pixels[first..<first + width * channels]
    }
    return PixelImage(width: width, height: height, channels: channels, pixels: rows)
  }

  /// Returns the image at another size, as Pillow's bilinear `Image.resize` computes it: a triangle
  /// as wide as the factor of reduction, along the rows, then along the columns, each result
  /// rounded to a byte. Weights are fixed-point numbers of 22 bits.
  ///
  /// Pillow 13 begins with the columns for some shapes. Images with alpha are premultiplied there
  /// and not here. Source: Pillow's `Resample.c`.
  func resized(height: Int, width: Int) -> PixelImage {
    var result = self
    if width != self.width {
      result = result.resampled(width: width)
    }
    if height != self.height {
      result = result.resampled(height: height)
    }
    return result
  }

  private func resampled(width: Int) -> PixelImage {
    let weights = ResamplingWeights(from: self.width, to: width)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(height * width * channels)
    for row in 0..<height {
      for column in 0..<width {
        let first = (row * self.width + weights.starts[column]) * channels
        for channel in 0..<channels {
          pixels.append(weights.sum(column, of: self.pixels, from: first + channel, by: channels))
        }
      }
    }
    return PixelImage(width: width, height: height, channels: channels, pixels: pixels)
  }

  private func resampled(height: Int) -> PixelImage {
    let weights = ResamplingWeights(from: self.height, to: height)
    let row = width * channels
    var pixels: [UInt8] = []
    pixels.reserveCapacity(height * row)
    for y in 0..<height {
      let first = weights.starts[y] * row
      for x in 0..<row {
        pixels.append(weights.sum(y, of: self.pixels, from: first + x, by: row))
      }
    }
    return PixelImage(width: width, height: height, channels: channels, pixels: pixels)
  }
}

/// The weights of a bilinear resampling along an axis, in fixed point.
private struct ResamplingWeights {
  private static let bits: Int32 = 32 - 8 - 2

  /// The first old element of each new one.
  let starts: [Int]
  private let values: [[Int32]]

  init(from old: Int, to new: Int) {
    let factor = Double(old) / Double(new)
    // A triangle over one element on each side, or wider to average when elements are merged.
    let support = Swift.max(factor, 1)
    var starts: [Int] = []
    var values: [[Int32]] = []
    for index in 0..<new {
      let center = (Double(index) + 0.5) * factor
      let first = Swift.max(0, Int(center - support + 0.5))
      let end = Swift.min(old, Int(center + support + 0.5))
      var weights = (first..<end).map { element in
        Swift.max(0, 1 - abs((Double(element) - center + 0.5) * (1 / support)))
      }
      let sum = weights.reduce(0, +)
      if sum != 0 { for place in weights.indices { weights[place] /= sum } }
      starts.append(first)
      values.append(weights.map { Int32(0.5 + $0 * Double(1 << Self.bits)) })
    }
    self.starts = starts
    self.values = values
  }

  /// Returns a new element: the weighted sum of old ones, `step` apart from `first` on.
  func sum(_ index: Int, of pixels: [UInt8], from first: Int, by step: Int) -> UInt8 {
    var sum: Int32 = 1 << (Self.bits - 1)
    var place = first
    for weight in values[index] {
      sum += weight * Int32(pixels[place])
      place += step
    }
    return UInt8(Swift.min(Swift.max(sum >> Self.bits, 0), 255))
  }
}
