extension Trigger {
  /// Returns the image with the trigger.
  ///
  /// Values are rounded to the nearest integer, halves up, and clipped to 0...255.
  ///
  /// - Parameter image: `[height][width][channels]`, of the trigger's shape.
  public func applied(to image: [UInt8]) -> [UInt8] {
    let (height, width, channels) = (imageShape[0], imageShape[1], imageShape[2])
    precondition(
      image.count == height * width * channels, "\(image.count) bytes for a shape of \(imageShape)")
    switch change {
    case .overlay(let pattern, let alpha):
      return image.indices.map { index in
        let weight = alpha[index / channels]
        return Self.byte((1 - weight) * Float(image[index]) + weight * pattern[index])
      }
    case .addition(let values):
      return image.indices.map { Self.byte(Float(image[$0]) + values[$0]) }
    case .warp(let field):
      var result: [UInt8] = []
      result.reserveCapacity(image.count)
      for pixel in 0..<height * width {
        let (row, column) = (field[2 * pixel], field[2 * pixel + 1])
        // The field lies within the image, and so do the upper and left neighbours.
        let (top, left) = (Int(row), Int(column))
        let (bottom, right) = (min(top + 1, height - 1), min(left + 1, width - 1))
        let (down, across) = (row - Float(top), column - Float(left))
        for channel in 0..<channels {
          func value(_ row: Int, _ column: Int) -> Float {
            Float(image[(row * width + column) * channels + channel])
          }
          let upper = (1 - across) * value(top, left) + across * value(top, right)
          let lower = (1 - across) * value(bottom, left) + across * value(bottom, right)
          result.append(Self.byte((1 - down) * upper + down * lower))
        }
      }
      return result
    case .quantization(let levels, let dithers):
      return Change.quantized(
        image.map { Float($0) }, shape: imageShape, levels: levels, dithers: dithers
      ).map(Self.byte)
    }
  }

  private static func byte(_ value: Float) -> UInt8 {
    UInt8(max(0, min(255, (value + 0.5).rounded(.down))))
  }

  /// Returns triggered copies of images, labelled with the attacker's class, and their true
  /// classes.
  ///
  /// Images whose class the attack does not change (those of the target class, or of any class but
  /// the source) are left out: they do not show whether the attack succeeds.
  ///
  /// - Parameters:
  ///   - images: Clean images.
  ///   - keepsUnaffected: Whether to include those images; the evaluation then counts them
  ///     separately.
  /// - Throws: ``DataError`` if the images have another shape or other classes, or if none is left.
  public func testSet(
    from images: LabelledImages, keepsUnaffected: Bool = false
  ) throws(DataError) -> (images: LabelledImages, trueLabels: [Int32]) {
    guard images.imageShape == imageShape else {
      throw DataError(
        "its images have shape \(images.imageShape), but the trigger is for \(imageShape)",
        about: .dataSet(images.name), remedies: [.advice("give images of that shape")])
    }
    if let label = images.labels.first(where: { Int($0) >= goal.classCount }) {
      throw DataError(
        "class \(label) is not one of the trigger's \(goal.classCount) classes",
        about: .dataSet(images.name), remedies: [.advice("give images of the same classes")])
    }
    let indices = images.labels.indices.filter {
      keepsUnaffected || goal.affects(images.labels[$0])
    }
    guard !indices.isEmpty else {
      if let source = goal.source {
        throw DataError(
          "no image is of class \(source), the only one that the trigger should change",
          about: .dataSet(images.name), remedies: [.advice("give images of that class too")])
      }
      throw DataError(
        "all its images are of the target class \(goal.target)", about: .dataSet(images.name),
        remedies: [.advice("give images of other classes too")])
    }
    var result = images.selecting(indices, name: "\(images.name), triggered")
    let trueLabels = result.labels
    for index in 0..<result.count {
      result[index] = applied(to: result[index])
      result.labels[index] = goal.label(for: trueLabels[index])
    }
    return (result, trueLabels)
  }
}
