internal import DefenseKit

/// The subject of a comparison: models x plugins x seeds.
struct ComparisonPlan: Sendable {
  /// A model, for one seed if its files depend on the seed.
  struct Subject: Sendable {
    var model: ModelFiles
    /// The only seed for these files; nil for all seeds.
    var seed: UInt64?
  }

  var subjects: [Subject]
  /// The plugins, by kind.
  var choices: [PluginKind: [PluginChoice]]
  var seeds: [UInt64]
  /// The time limit for a defense or a detector in one unit, in seconds.
  var timeout: Double

  /// The kinds of plugins that a comparison can contain.
  static let kinds: [PluginKind] = [.defense, .detector, .dataSetDetector, .verdict]

  /// All plugins, in the order of their kinds.
  var plugins: [PluginChoice] { Self.kinds.flatMap { choices[$0] ?? [] } }

  /// One hour, in seconds.
  static let defaultTimeout = 3600.0
}

extension ComparisonPlan {
  /// Returns all units, in the order of the results: by model, seed, defense and detector.
  ///
  /// The suspect comes first: alone, with each verdict and data-set detector, and with each
  /// detector that examines only the suspect. Then comes every defense, alone and with each of the
  /// other detectors.
  ///
  /// - Throws: ``Failure`` with status 64 if two units are the same; the errors of reading the
  ///   files.
  func stages(_ plugins: PluginSet, in context: RunContext) throws -> [ComparisonStage] {
    let detectors = choices[.detector] ?? []
    let comparing = try detectors.filter { try isComparing($0, plugins) }
    let alone = detectors.filter { !comparing.contains($0) }
    let defenses = choices[.defense] ?? []
    let dataSetDetectors = choices[.dataSetDetector] ?? []
    if defenses.isEmpty, let first = comparing.first {
      throw Failure(
        Failure.usage,
        "\(first.label) compares the model with repaired copies; name a defense too, or leave it out"
      )
    }
    var stages: [ComparisonStage] = []
    var titles: [String: String] = [:]
    try context.phase("hashing models and data", images: 0) { _ in
      for (position, subject) in subjects.enumerated() {
        let inputs = try subject.model.inputs()
        if let first = dataSetDetectors.first, inputs[DataRole.train.rawValue] == nil {
          throw Failure(
            Failure.usage,
            "\(first.label) examines the training set, but '\(subject.model.name)' has none; let "
              + "'attack' write one with --training-set, or give the model's 'train' in a plan")
        }
        for seed in subject.seed.map({ [$0] }) ?? seeds {
          func unit(
            _ defense: PluginChoice?, _ kind: PluginKind = .detector,
            _ choice: PluginChoice? = nil
          ) -> ComparisonUnit {
            var plugins: [PluginKind: PluginChoice] = [:]
            plugins[.defense] = defense
            plugins[kind] = choice
            return ComparisonUnit(
              model: subject.model.name,
              // Only data-set detectors depend on the training set.
              inputs: inputs.filter {
                !["train", "range of train"].contains($0.key) || plugins[.dataSetDetector] != nil
              },
              plugins: plugins, seed: seed)
          }
          var suspect = [unit(nil)]
          for verdict in choices[.verdict] ?? [] { suspect.append(unit(nil, .verdict, verdict)) }
          for detector in dataSetDetectors { suspect.append(unit(nil, .dataSetDetector, detector)) }
          for detector in alone { suspect.append(unit(nil, .detector, detector)) }
          stages.append(ComparisonStage(subject: position, units: suspect))
          stages += defenses.map { defense in
            ComparisonStage(
              subject: position,
              units: [unit(defense)] + comparing.map { unit(defense, .detector, $0) })
          }
        }
      }
    }
    for unit in stages.flatMap(\.units) {
      if let other = titles.updateValue(unit.title, forKey: unit.key) {
        throw Failure(
          Failure.usage,
          "'\(other)' and '\(unit.title)' are the same: equal files, plugins, options and seeds; leave "
            + "one of them out")
      }
    }
    return stages
  }

  private func isComparing(_ choice: PluginChoice, _ plugins: PluginSet) throws -> Bool {
    try plugins.detector(named: choice.name, settings: choice.settings).comparesModels
  }
}
