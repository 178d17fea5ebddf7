internal import InferenceGraph

/// Finds test images that are clean images with small changes: shifts, noise, other compression.
///
/// An image counts by the means of the grey values in 8x8 blocks, shifted to mean 0 and scaled to
/// length 1. The distance of two images is 1 minus the product of theirs: 0 for the same image at
/// any brightness and contrast, at most 2.
struct NearCopies {
  /// The number of blocks along each axis.
  private static let side = 8
  /// The largest distance of a near copy: no test image of Fashion-MNIST or CIFAR-10 is within
  /// 0.0015 of 2,000 others, and four in five jittered copies of faces are within 0.0005.
  static let limit: Float = 0.001
  /// The maximum number of images compared.
  static let maximum = (clean: 2_000, test: 1_000)
  /// The lowest share of near copies, in percent, that is worth a warning: large sets have a few.
  private static let leastPercent = 1

  let clean: ImageSet
  let test: ImageSet

  /// Warns about near copies; images that are equal are not among them.
  func check(_ names: String, in context: RunContext) throws {
    let shape = test.source.imageShape
    guard shape.count == 3, shape[0] >= Self.side, shape[1] >= Self.side else { return }
    let known = try clean.prints.all()
    let others = try sample(test, Self.maximum.test, except: Set(known))
    guard !others.isEmpty else { return }
    let originals = try sample(clean, Self.maximum.clean, except: [])
    var count = 0
    for image in others {
      try context.checkCancellation()
      if originals.contains(where: { $0.distance(to: image) < Self.limit }) { count += 1 }
    }
    guard count > 0, count * 100 >= others.count * Self.leastPercent else { return }
    let isGrouped = clean.groups != nil
    context.warn(
      DataError(
        "\(count) of \(others.count) test images compared are near copies of clean images; "
          + "accuracy on them says little about unseen ones", about: .dataSet(names),
        remedies: [.advice("test on other groups")]
          + (isGrouped ? [] : [.give("the groups of the images", for: "group")])))
  }

  /// Returns the blocks of at most `maximum` images, chosen by their contents; images of one colour
  /// or with NaN have none.
  private func sample(
    _ images: ImageSet, _ maximum: Int, except known: Set<UInt64>
  ) throws -> [ImageBlocks] {
    let prints = try images.prints.all()
    let positions = prints.indices.filter { !known.contains(prints[$0]) }
      .sorted { (prints[$0], $0) < (prints[$1], $1) }.prefix(maximum).sorted()
    let chosen = Subset(of: images.source, positions)
    let shape = chosen.imageShape
    let size = shape.reduce(1, *)
    var blocks: [ImageBlocks] = []
    for first in stride(from: 0, to: chosen.count, by: Self.batchSize) {
      let values = try chosen.values(of: first..<min(chosen.count, first + Self.batchSize))
      for start in stride(from: 0, to: values.count, by: size) {
        if let image = ImageBlocks(values[start..<start + size], shape: shape) {
          blocks.append(image)
        }
      }
    }
    return blocks
  }

  /// The number of images read at once.
  private static let batchSize = 256
}

/// The means of an image's 8x8 blocks, with mean 0 and length 1.
struct ImageBlocks {
  private var rows: [SIMD8<Float>]

  /// Computes the means of grey values.
  ///
  /// - Parameters:
  ///   - values: `[height][width][channels]`.
  ///   - shape: Its extents; height and width of at least 8.
  /// - Returns: nil for an image of one colour, or one with NaN or infinities.
  init?(_ values: ArraySlice<Float>, shape: [Int]) {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    rows = Array(repeating: .zero, count: 8)
    let starts = (0...8).map { (y: $0 * height / 8, x: $0 * width / 8) }
    for row in 0..<8 {
      for column in 0..<8 {
        var sum: Float = 0
        let columns = starts[column].x..<starts[column + 1].x
        let lines = starts[row].y..<starts[row + 1].y
        for y in lines {
          let start = values.startIndex + (y * width + columns.lowerBound) * channels
          for value in values[start..<start + columns.count * channels] { sum += value }
        }
        rows[row][column] = sum / Float(lines.count * columns.count * channels)
      }
    }
    let mean = rows.reduce(0) { $0 + $1.sum() } / 64
    for row in rows.indices { rows[row] -= mean }
    let length = rows.reduce(0) { $0 + ($1 * $1).sum() }.squareRoot()
    // Rounding leaves more of a mean than of nothing.
    guard length > 1e-4 * abs(mean), length > 0 else { return nil }
    for row in rows.indices { rows[row] /= length }
  }

  /// Returns the distance to another image, 0 to 2.
  func distance(to other: ImageBlocks) -> Float {
    var sum = SIMD8<Float>.zero
    for row in 0..<8 { sum += rows[row] * other.rows[row] }
    return 1 - sum.sum()
  }
}
