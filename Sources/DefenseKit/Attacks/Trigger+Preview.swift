public import ModelIO

extension Trigger {
  /// A picture of the trigger by itself.
  ///
  /// An overlay is its pattern with its opacity. An addition is drawn around middle grey, 128. A
  /// warp is drawn as its displacement, scaled so that the largest differs by 127 from middle grey:
  /// red is to the right, green downwards. A quantization is drawn on a ramp from black to white.
  public var preview: PixelImage {
    let (height, width, channels) = (imageShape[0], imageShape[1], imageShape[2])
    func byte(_ value: Float) -> UInt8 { UInt8(max(0, min(255, value.rounded()))) }
    var pixels: [UInt8] = []
    switch change {
    case .overlay(let pattern, let alpha):
      for pixel in 0..<height * width {
        for channel in 0..<3 {
          pixels.append(byte(pattern[pixel * channels + min(channel, channels - 1)]))
        }
        pixels.append(byte(alpha[pixel] * 255))
      }
      return PixelImage(width: width, height: height, channels: 4, pixels: pixels)
    case .addition(let values):
      for pixel in 0..<height * width {
        for channel in 0..<3 {
          pixels.append(byte(128 + values[pixel * channels + min(channel, channels - 1)]))
        }
      }
    case .warp(let field):
      let shifts = (0..<height * width).map { pixel in
        (
          down: field[2 * pixel] - Float(pixel / width),
          right: field[2 * pixel + 1] - Float(pixel % width)
        )
      }
      let largest = shifts.reduce(Float(0)) { max($0, abs($1.down), abs($1.right)) }
      let scale = largest > 0 ? 127 / largest : 0
      for shift in shifts {
        pixels += [byte(128 + shift.right * scale), byte(128 + shift.down * scale), 128]
      }
    case .quantization(let levels, let dithers):
      let ramp = (0..<height * width).map { pixel in
        (Float(pixel % width) * 255 / Float(max(1, width - 1))).rounded()
      }
      let values = Change.quantized(
        ramp, shape: [height, width, 1], levels: levels, dithers: dithers)
      pixels = values.flatMap { Array(repeating: byte($0), count: 3) }
    }
    return PixelImage(width: width, height: height, channels: 3, pixels: pixels)
  }

  /// A picture of images of different classes, each with its triggered copy and the difference.
  ///
  /// - Parameters:
  ///   - images: Clean images of the trigger's shape, at least one.
  ///   - count: The maximum number of images, each of another class.
  public func contactSheet(of images: LabelledImages, count: Int = 8) -> PixelImage {
    var firsts: [Int32: Int] = [:]
    for (index, label) in images.labels.enumerated() where firsts[label] == nil {
      firsts[label] = index
    }
    // Shows images whose class the attack does not change only if there are no others.
    let concerned = firsts.filter { goal.affects($0.key) }
    var sheet = ContactSheet(imageShape: imageShape)
    for index in (concerned.isEmpty ? firsts : concerned).values.sorted().prefix(count) {
      sheet.append(images[index], triggered: applied(to: images[index]))
    }
    return sheet.pixelImage()
  }
}
