package import DefenseKit

/// Clean images in memory, with values 0...255.
package struct CleanPool: Sendable {
  /// `[height, width, channels]`.
  package let shape: [Int]
  /// `[images][height][width][channels]`, 0...255.
  package let values: [Float]

  package init(_ values: [Float], shape: [Int]) {
    self.values = values
    self.shape = shape
  }

  /// The number of elements of an image.
  package var size: Int { shape.reduce(1, *) }
  /// The number of images.
  package var count: Int { values.count / size }

  /// The most images of a search.
  package static let largestCount = 256

  /// Returns the positions of the images of a search, drawn at random from the clean ones: the same
  /// images whatever their order.
  ///
  /// - Throws: The errors of the source.
  package static func positions(in clean: CleanData, seed: UInt64) throws -> [Int] {
    let order = try clean.contentOrder()
    var numbers = SeededGenerator(seed: seed, stream: 0x70_6F6F_6C)
    return numbers.permutation(clean.count).prefix(largestCount).map { order[$0] }
  }

  /// Reads clean images; those with values of 0...1 are scaled to 0...255, and the model's input
  /// scale with them.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for values outside of 0...255 or too few
  ///   images; the errors of the source.
  package static func pool(
    of clean: CleanData, _ positions: [Int], for model: Model, plugin: String
  ) throws -> (CleanPool, Model) {
    guard positions.count >= 8 else {
      throw PluginError(
        .unsuitableModel,
        "has no verdict, as it needs 8 clean images at least, and \(clean.name) has "
          + "\(positions.count); give more", about: .plugin(plugin))
    }
    guard model.graph.inputShape.count == 3 else {
      throw PluginError(
        .unsuitableModel,
        "needs images, and this network takes values of shape \(model.graph.inputShape)",
        about: .plugin(plugin))
    }
    var values = try Subset(of: clean.source, positions).values(of: 0..<positions.count)
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw SampleError(
        index: positions[index / model.graph.inputShape.reduce(1, *)],
        "it holds a value that is NaN or infinite")
    }
    let range = try clean.valueRange()
    var model = model
    if range.upperBound <= 1, range.lowerBound >= 0 {
      for index in values.indices { values[index] *= 255 }
      model.preprocessing.scale /= 255
    } else if range.lowerBound < 0 || range.upperBound > 255 {
      throw PluginError(
        .unsuitableModel,
        "has no verdict, as it needs images with values of 0...255, and those of \(clean.name) run "
          + "from \(range.lowerBound) to \(range.upperBound)", about: .plugin(plugin))
    }
    return (CleanPool(values, shape: model.graph.inputShape), model)
  }

  /// Returns the positions of the images whose predicted class satisfies a condition.
  package func indices(of predictions: [Int?], where condition: (Int) -> Bool) -> [Int] {
    predictions.indices.filter { predictions[$0].map(condition) ?? false }
  }
}
