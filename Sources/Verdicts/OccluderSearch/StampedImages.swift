package import DefenseKit

/// Clean images with triggers, composed when they are read.
///
/// The triggered images exist only while the executor runs them, so that a search needs memory for
/// the clean images alone.
package struct StampedImages: SampleSource {
  /// An image with a trigger: positions in ``images`` and ``changes``.
  package struct Stamp: Sendable, Hashable {
    let image: Int
    let change: Int

    package init(image: Int, change: Int) {
      self.image = image
      self.change = change
    }
  }

  /// A trigger as the search describes it, or any other.
  package enum Change: Sendable {
    case genome(Genome)
    case fixed(Trigger.Change)
  }

  let images: CleanPool
  let changes: [Change]
  let stamps: [Stamp]

  package init(_ images: CleanPool, changes: [Change], stamps: [Stamp]) {
    self.images = images
    self.changes = changes
    self.stamps = stamps
  }

  package var count: Int { stamps.count }
  package var imageShape: [Int] { images.shape }
  package var layout: ImageLayout { .nhwc }
  package var elementType: ElementType { .float32 }

  package func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
    let values = composed(range)
    unsafe values.withUnsafeBytes { unsafe buffer.copyMemory(from: $0) }
  }

  /// Composes the images on the calling thread, so that several threads compose at once.
  package func withStoredBytes(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows -> Void? {
    let values = composed(range)
    return unsafe try values.withUnsafeBytes { unsafe try body($0) }
  }

  /// Returns triggered images, `[images][height][width][channels]`, 0...255.
  package func composed(_ range: Range<Int>) -> [Float] {
    let size = images.size
    var result: [Float] = []
    result.reserveCapacity(range.count * size)
    var rendered: (index: Int, change: Trigger.Change)?
    for stamp in stamps[range] {
      if rendered?.index != stamp.change {
        rendered = (stamp.change, changes[stamp.change].rendered(images.shape))
      }
      if let change = rendered?.change {
        images.append(stamp.image, with: change, to: &result)
      }
    }
    return result
  }
}

extension StampedImages.Change {
  /// The change for images of a shape.
  package func rendered(_ shape: [Int]) -> Trigger.Change {
    switch self {
    case .genome(let genome): genome.change(for: shape)
    case .fixed(let change): change
    }
  }
}

extension CleanPool {
  /// Appends an image with a change to `result`; values stay within 0...255 and are not rounded.
  func append(_ image: Int, with change: Trigger.Change, to result: inout [Float]) {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    let start = image * size
    switch change {
    case .overlay(let pattern, let alpha):
      for pixel in 0..<height * width {
        let opacity = alpha[pixel]
        let first = pixel * channels
        for index in first..<first + channels {
          let value = values[start + index]
          result.append(opacity == 0 ? value : value + opacity * (pattern[index] - value))
        }
      }
    case .addition(let added):
      for index in 0..<size {
        result.append(min(max(values[start + index] + added[index], 0), 255))
      }
    case .warp(let field):
      for pixel in 0..<height * width {
        let (row, column) = (field[2 * pixel], field[2 * pixel + 1])
        let (top, left) = (Int(row), Int(column))
        let (bottom, right) = (min(top + 1, height - 1), min(left + 1, width - 1))
        let (down, across) = (row - Float(top), column - Float(left))
        for channel in 0..<channels {
          func value(_ row: Int, _ column: Int) -> Float {
            values[start + (row * width + column) * channels + channel]
          }
          let upper = (1 - across) * value(top, left) + across * value(top, right)
          let lower = (1 - across) * value(bottom, left) + across * value(bottom, right)
          result.append((1 - down) * upper + down * lower)
        }
      }
    case .quantization(let levels, let dithers):
      result += Trigger.Change.quantized(
        Array(values[start..<start + size]), shape: shape, levels: levels, dithers: dithers)
    }
  }
}

extension Trigger.Change {
  /// The share of the image that the change replaces, 0 to 1: the mean opacity; the mean of the
  /// added values in 255ths; the mean shift in extents of the image; a quarter of the distance of
  /// two levels, which is the mean change of random values.
  package func size(for shape: [Int]) -> Double {
    func mean(_ values: some Sequence<Float>, _ count: Int) -> Double {
      values.reduce(0) { $0 + Double($1) } / Double(max(1, count))
    }
    switch self {
    case .overlay(_, let alpha): return mean(alpha, alpha.count)
    case .addition(let values): return mean(values.lazy.map { abs($0) / 255 }, values.count)
    case .warp(let field):
      let (height, width) = (shape[0], shape[1])
      let shifts = (0..<height * width).lazy.map { pixel in
        abs(field[2 * pixel] - Float(pixel / width)) / Float(height)
          + abs(field[2 * pixel + 1] - Float(pixel % width)) / Float(width)
      }
      return mean(shifts, height * width)
    case .quantization(let levels, _): return 0.25 / Double(levels - 1)
    }
  }
}
