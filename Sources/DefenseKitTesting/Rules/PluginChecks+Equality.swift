internal import DefenseKit

/// Checks that compare runs with equal results.
extension PluginChecks {
  func checkSameSeed() throws {
    let rule = PluginRule.sameSeed
    let (plugin, other) = (try makePlugin(for: rule), try makePlugin(for: rule))
    try forEachTrial(rule) { trial in
      let first = try facts(of: plugin, in: trial)
      for (again, name) in [(plugin, "in the second run"), (other, "in the run of a new plugin")] {
        try compare(
          first, facts(of: again, in: trial), "in the first run", name, rule, trial,
          "draw random numbers only from SeededGenerator(seed: context.seed), and depend on no "
            + "set, dictionary, clock or earlier run")
      }
    }
  }

  func checkThreadCount() throws {
    let rule = PluginRule.threadCount
    let plugin = try makePlugin(for: rule)
    try forEachTrial(rule) { trial in
      let one = try facts(of: plugin, in: trial)
      for threads in 2...3 {
        var conditions = Conditions()
        conditions.threads = threads
        conditions.isFirstLate = true
        try compare(
          one, facts(of: plugin, in: trial, conditions), "with 1 thread",
          "with \(threads) threads", rule, trial,
          "groups of images arrive in any order: store results by batch.indices before adding them "
            + "up, or sort them")
      }
    }
  }

  func checkSampleOrder() throws {
    let rule = PluginRule.sampleOrder
    let plugin = try makePlugin(for: rule)
    try forEachTrial(rule) { trial in
      let first = try facts(of: plugin, in: trial)
      var conditions = Conditions()
      conditions.cleanOrder = Self.shuffled(trial.materials.images.count)
      try compare(
        first, facts(of: plugin, in: trial, conditions), "in the original order of clean images",
        "in shuffled order", rule, trial,
        "choose images by their positions in clean.contentOrder(), and add up only values whose "
          + "sum does not depend on the order, for example integers")
    }
  }

  func checkWithoutLabels() throws {
    let rule = PluginRule.withoutLabels
    let plugin = try makePlugin(for: rule)
    try forEachTrial(rule) { trial in
      let all = try (0...1).map { shift in
        var conditions = Conditions()
        conditions.labelShift = Int32(shift)
        return try facts(of: plugin, in: trial, conditions)
      }
      try compare(
        all[0], all[1], "with unlabelled clean images", "with others in place of the labels", rule,
        trial, "add .labels to requirements, or use labels only if clean.isLabelled")
    }
  }

  func checkImageOrder() throws {
    let rule = PluginRule.imageOrder
    try checkDetections(rule, "judge each image independently of the others") {
      plugin, trial, images in
      let order = Self.shuffled(images.count)
      var conditions = Conditions()
      conditions.imageOrder = order
      let shuffled = try detections(by: plugin, in: trial, on: images, conditions)
      var inPlace = shuffled
      for (position, index) in order.enumerated() { inPlace[index] = shuffled[position] }
      return Array(inPlace.enumerated())
    }
  }

  func checkSingleImage() throws {
    let rule = PluginRule.singleImage
    try checkDetections(
      rule, "judge each image independently, whatever the size of the batch"
    ) { plugin, trial, images in
      try [0, images.count / 2, images.count - 1].map { index in
        let image = images.selecting([index])
        return (index, try detections(by: plugin, in: trial, on: image)[0])
      }
    }
  }

  /// Compares the detections on all images together with `others` for the same positions.
  private func checkDetections(
    _ rule: PluginRule, _ advice: String,
    _ others: (any Plugin, Trial, LabelledImages) throws -> [(Int, Detection)]
  ) throws {
    let plugin = try makePlugin(for: rule)
    let images = try problem.classifiedImages
    try forEachTrial(rule) { trial in
      guard trial.learn != nil else { return }
      let together = try detections(by: plugin, in: trial, on: images)
      for (index, detection) in try others(plugin, trial, images) {
        let (a, b) = (together[index], detection)
        guard a.prediction != b.prediction || a.score.bitPattern != b.score.bitPattern
        else { continue }
        throw broken(
          rule,
          "image \(index) of \(trial.name) gets prediction \(a.prediction) and score \(a.score) in "
            + "its position, and prediction \(b.prediction) and score \(b.score) "
            + (rule == .singleImage ? "alone" : "when the images are shuffled"), advice)
      }
    }
  }

  /// Returns a detector's detections on images, from a run on its own thread.
  func detections(
    by plugin: any Plugin, in trial: Trial, on images: LabelledImages,
    _ conditions: Conditions = Conditions()
  ) throws -> [Detection] {
    let materials = try trial.materials.copied()
    return try onOwnThread(deadline: deadline) {
      try Trial.detections(by: plugin, materials, on: images, conditions)
    }
  }

  private func compare(
    _ first: Facts, _ second: Facts, _ here: String, _ there: String, _ rule: PluginRule,
    _ trial: Trial, _ advice: String
  ) throws(BrokenRule) {
    if let difference = first.difference(from: second, here, there) {
      throw broken(rule, "\(difference), on \(trial.name)", advice)
    }
  }

  private static func shuffled(_ count: Int) -> [Int] {
    var generator = SeededGenerator(seed: 5)
    return generator.permutation(count)
  }
}
