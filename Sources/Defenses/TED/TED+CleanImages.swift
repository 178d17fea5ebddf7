internal import DefenseKit
private import Synchronization

extension TED {
  /// Returns the projected outputs of the clean images that the suspect classifies correctly.
  ///
  /// Warns about classes without such an image.
  ///
  /// - Throws: `SampleError` with an image's position in the clean data; the execution's errors.
  func references(
    of suspect: Model, _ layers: [String], _ sketches: [LayerSketch], in clean: CleanData,
    at positions: [Int], _ context: RunContext
  ) throws -> ReferenceImages {
    let executor = try Executor(
      [suspect], observing: layers.map { (0, $0) }, options: context.execution)
    struct Group {
      var classes: [Int] = []
      var outputs: [[Float]]
    }
    let groups = Mutex<[Int: Group]>([:])
    do {
      try context.phase("clean images", images: positions.count) { progress in
        try executor.run(Subset(of: clean.source, positions), progress: progress) { batch in
          var group = Group(outputs: layers.map { _ in [] })
          let predictions = batch.predictions(of: 0)
          let right = predictions.indices.filter {
            predictions[$0].isClass(clean.labels[positions[batch.indices.lowerBound + $0]])
          }
          for image in right {
            if case .class(let number) = predictions[image] { group.classes.append(number) }
          }
          for (layer, sketch) in sketches.enumerated() {
            let projections = sketch.projections(of: batch.values(ofObservation: layer))
            for image in right {
              group.outputs[layer] += projections[image * sketch.count..<(image + 1) * sketch.count]
            }
          }
          groups.withLock { $0[batch.indices.lowerBound] = group }
        }
      }
    } catch let error as SampleError {
      throw SampleError(index: positions[error.index], error.problem)
    }
    context.count(run: Double(positions.count), alone: Double(positions.count))
    let ordered = groups.withLock { $0 }.sorted { $0.key < $1.key }.map(\.value)
    let references = ReferenceImages(
      classes: ordered.flatMap(\.classes),
      layers: layers.indices.map { layer in ordered.flatMap { $0.outputs[layer] } })
    warn(ofMissing: references, of: suspect.classCount, in: clean, context)
    return references
  }

  /// Returns the ranks of each clean image among all others, `[images][layers]`, without images
  /// that are alone in their class or have distances that are not finite.
  ///
  /// - Throws: `CancellationError`.
  func cleanRanks(in references: ReferenceImages, in context: RunContext) throws -> [[Int]] {
    try context.phase("ranks", images: references.count) { progress in
      var ranks: [[Int]] = []
      for (image, number) in references.classes.enumerated() {
        try context.checkCancellation()
        if references.hasMember(of: number, except: image) {
          let outputs = references.layers.map { layer in
            let size = layer.count / references.count
            return layer[image * size..<(image + 1) * size]
          }
          if let row = references.ranks(of: outputs, class: number, except: image) {
            ranks.append(row)
          }
        }
        progress(image + 1)
      }
      return ranks
    }
  }

  private func warn(
    ofMissing references: ReferenceImages, of classCount: Int, in clean: CleanData,
    _ context: RunContext
  ) {
    let missing = Set(0..<classCount).subtracting(references.classes)
    guard let first = missing.min() else { return }
    let which = missing.count == 1 ? "class \(first)" : "\(missing.count) classes (first: \(first))"
    context.warn(
      "ted: \(clean.name) has no correctly classified image of \(which), so there is no verdict on "
        + "images that get \(missing.count == 1 ? "it" : "one of them"); give clean images of each "
        + "class")
  }
}
