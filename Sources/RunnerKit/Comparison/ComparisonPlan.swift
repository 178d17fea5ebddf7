internal import DefenseKit

/// What is compared: models x defenses x detectors x seeds.
struct ComparisonPlan: Sendable {
  /// A model, for one seed where its files depend on it.
  struct Subject: Sendable {
    var model: ModelFiles
    /// Nil: for all seeds.
    var seed: UInt64?
  }

  var subjects: [Subject]
  var defenses: [PluginChoice]
  var detectors: [PluginChoice]
  var seeds: [UInt64]
  /// The seconds that a defense or a detector may take for one unit.
  var timeout: Double

  /// An hour.
  static let defaultTimeout = 3600.0
}

/// Units that share a model, a seed and a defense, and so the model's repair.
struct ComparisonStage: Codable, Sendable {
  /// The position of the model in the plan.
  var subject: Int
  var units: [ComparisonUnit]
}

extension ComparisonPlan {
  /// All units, in the order of the results: by model, seed, defense and detector.
  ///
  /// The suspect comes first, by itself and with each detector that looks at it alone, then every defense,
  /// by itself and with each of the other detectors.
  ///
  /// - Throws: ``Failure`` with status 64 if two units are the same, and what reading the files throws.
  func stages(_ plugins: PluginSet, in context: RunContext) throws -> [ComparisonStage] {
    let comparing = try detectors.filter { try isComparing($0, plugins) }
    let alone = detectors.filter { !comparing.contains($0) }
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
        for seed in subject.seed.map({ [$0] }) ?? seeds {
          func stage(_ defense: PluginChoice?, _ detectors: [PluginChoice]) -> ComparisonStage {
            ComparisonStage(
              subject: position,
              units: ([nil] + detectors).map {
                ComparisonUnit(
                  model: subject.model.name, inputs: inputs, defense: defense, detector: $0,
                  seed: seed)
              })
          }
          stages.append(stage(nil, alone))
          stages += defenses.map { stage($0, comparing) }
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
    type(of: try plugins.detector(named: choice.name, settings: choice.settings)).comparesModels
  }
}
