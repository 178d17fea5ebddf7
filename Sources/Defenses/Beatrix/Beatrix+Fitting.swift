internal import DefenseKit

extension Beatrix {
  /// Returns the clean images of each class, as the suspect sees them: at most `samples` positions,
  /// chosen by content and the run's seed.
  ///
  /// Warns of classes with too few.
  ///
  /// - Throws: `DataError` if no class has enough; the execution's errors.
  func members(
    of clean: CleanData, by suspect: Model, in context: RunContext
  ) throws -> [[Int]] {
    let content = try clean.contentOrder()
    var random = SeededGenerator(seed: context.seed, stream: 0x6265_6174_7269_78)
    let order = random.permutation(clean.count).map { content[$0] }
    let predictions = try clean.results(
      at: order, of: suspect, "clean predictions", in: context
    ) { $0.predictions(of: 0) }
    var members: [[Int]] = Array(repeating: [], count: suspect.classCount)
    for (position, prediction) in zip(order, predictions) {
      guard case .class(let number) = prediction, members[number].count < options.samples else {
        continue
      }
      members[number].append(position)
    }
    let poor = members.indices.filter { members[$0].count < Self.leastImages }
    guard poor.count < members.count else {
      throw DataError(
        "has no class with \(Self.leastImages) images, as \(suspect.name) classifies them, which "
          + "beatrix needs to judge images of the class", about: .dataSet(clean.name),
        remedies: [.give("more", for: "clean")])
    }
    if !poor.isEmpty {
      let names = poor.prefix(10).map { "\($0)" }.joined(separator: ", ")
      let more = poor.count > 10 ? " and \(poor.count - 10) more" : ""
      context.warn(
        "beatrix: no verdict on images of class \(names)\(more): fewer than \(Self.leastImages) "
          + "clean images are classified so; give more")
    }
    return members.map { $0.count < Self.leastImages ? [] : $0 }
  }

  /// Returns the ranges of each class, and the scores of the clean images by ranges that were made
  /// without them.
  ///
  /// - Parameter members: The positions of the images of each class; empty for one without ranges.
  /// - Throws: `PluginError` with code `unsuitableModel` for entries that are not finite; `DataError`
  ///   if no image can be held out; the execution's errors.
  func ranges(
    from members: [[Int]], of clean: CleanData, by suspect: Model, at layer: String,
    _ gram: GramMatrices, in context: RunContext
  ) throws -> (ranges: [EntryRanges?], scores: [Float]) {
    let executor = try Executor([suspect], observing: [(0, layer)], options: context.execution)
    let total = members.reduce(0) { $0 + $1.count }
    var (ranges, scores): ([EntryRanges?], [Float]) = ([], [])
    try context.phase("Gram matrices", images: total) { progress in
      var done = 0
      for positions in members {
        let before = done
        let images = try executor.results(
          of: Subset(of: clean.source, positions), progress: { progress(before + $0) }
        ) { gram.entries(in: $0) }
        done += positions.count
        guard images.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
          throw PluginError(
            .unsuitableModel,
            "cannot use '\(layer)', whose values are too large for power \(options.orders)",
            about: .plugin(Self.name),
            remedies: [.lower("orders", of: Self.name), .check("preprocessing.scale")])
        }
        guard !images.isEmpty else {
          ranges.append(nil)
          continue
        }
        ranges.append(EntryRanges(of: images, width: options.width))
        scores += try heldOutScores(of: images, Self.folds(positions, of: clean), in: context)
      }
    }
    context.count(run: Double(total), alone: Double(total))
    guard !scores.isEmpty else {
      throw DataError(
        "has only one group of images in each class, but beatrix holds out groups to set its "
          + "threshold", about: .dataSet(clean.name),
        remedies: [.advice("give images of more groups"), .omit("group")])
    }
    return (ranges, scores)
  }

  /// Returns the part of each image; those of a group have the same one.
  static func folds(_ positions: [Int], of clean: CleanData) -> [Int] {
    var numbers: [Int: Int] = [:]
    return positions.map { position in
      let group = clean.groups?[position] ?? position
      let number = numbers[group] ?? numbers.count
      numbers[group] = number
      return number % foldCount
    }
  }

  /// Returns the score of each image by the ranges of the other parts' images.
  ///
  /// Parts that hold all images of the class are left out.
  private func heldOutScores(
    of images: [[Float]], _ folds: [Int], in context: RunContext
  ) throws -> [Float] {
    var scores: [Float] = []
    for fold in 0..<Self.foldCount {
      try context.checkCancellation()
      let others = images.indices.filter { folds[$0] != fold }
      guard !others.isEmpty else { continue }
      let ranges = EntryRanges(of: others.map { images[$0] }, width: options.width)
      for index in images.indices where folds[index] == fold {
        scores.append(ranges.deviation(of: images[index]))
      }
    }
    return scores
  }
}

extension GramMatrices {
  /// Returns the entries of each image of a batch that observes the layer.
  fileprivate func entries(in batch: Executor.Batch) -> [[Float]] {
    let features = batch.values(ofObservation: 0)
    let size = features.count / batch.indices.count
    return (0..<batch.indices.count).map { entries(of: features[$0 * size..<($0 + 1) * size]) }
  }
}
