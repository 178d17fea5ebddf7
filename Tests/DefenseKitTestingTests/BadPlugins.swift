import DefenseKit
import DefenseKitTesting
import Testing

/// A defense that does one thing wrong, and else nothing but to mask two channels.
protocol BadDefense: Defense where Options == NoOptions {
  init()
}

extension BadDefense {
  static var name: String { "bad" }
  static var summary: String { "Does one thing wrong." }
  init(options: NoOptions) { self.init() }
}

/// A detector that does one thing wrong, and else compares predictions.
protocol BadDetector: Detector where Options == NoOptions {
  init()
}

extension BadDetector {
  static var name: String { "bad" }
  static var summary: String { "Does one thing wrong." }
  init(options: NoOptions) { self.init() }
}

/// An attack that does one thing wrong, and else draws a white row.
protocol BadAttack: Attack where Options == NoOptions {
  init()
}

extension BadAttack {
  static var name: String { "bad" }
  static var summary: String { "Does one thing wrong." }
  static var poisonRate: Double { 0.1 }
  init(options: NoOptions) { self.init() }

  func change(
    for imageShape: [Int], in context: RunContext
  ) throws -> Trigger.Change {
    let (height, width) = (imageShape[0], imageShape[1])
    return .overlay(
      pattern: Array(repeating: 255, count: imageShape.reduce(1, *)),
      alpha: (0..<height * width).map { $0 < width ? 1 : 0 })
  }
}

/// Masks channels of the second convolution, as a good defense would.
func masking(
  _ channels: [Int], of model: Model, using clean: CleanData?, in context: RunContext
) throws -> Repair {
  try context.checkCancellation()
  var repaired = model
  repaired.graph = try model.graph.masking(channels, of: "conv_2")
  return Repair(
    model: repaired, defense: "bad",
    pruned: [PrunedChannels(layer: "conv_2", channels: channels, of: 12)],
    clean: try clean.map { try CleanCounts(of: repaired, on: $0, in: context) })
}

/// A fitted detector that is a closure; as a rule it flags images on which two models disagree.
struct Looking: FittedDetector {
  let models: [Model]
  var look: @Sendable (DetectorBatch) throws -> [Detection] = { batch in
    zip(batch.predictions(of: 0), batch.predictions(of: 1)).map { a, b in
      Detection(a == b ? a : .flagged, score: a == b ? 0 : 1)
    }
  }

  func detections(for batch: DetectorBatch) throws -> [Detection] { try look(batch) }
}

/// Runs all checks and expects that a plugin breaks these rules and no other, and that the first of them
/// is said to be broken in these words.
func expect<P: Plugin>(
  _ plugin: P.Type, breaks rules: PluginRule..., saying text: String,
  refusing: [String: [String]] = [:], deadline: Duration = .seconds(60),
  _ location: SourceLocation = #_sourceLocation
) {
  let checks = PluginChecks(plugin, refusing: refusing, deadline: deadline)
  let error = #expect(throws: BrokenRules.self, sourceLocation: location) { try checks.run() }
  #expect(Set(error?.all.map(\.rule) ?? []) == Set(rules), sourceLocation: location)
  expect(checks, rules[0], text, location)
}

/// Checks one rule and expects these words; `*` stands for anything.
func expect(
  _ checks: PluginChecks, _ rule: PluginRule, _ text: String, _ location: SourceLocation
) {
  let error = #expect(throws: BrokenRule.self, sourceLocation: location) { try checks.check(rule) }
  let observed = error.map { "\($0)" } ?? ""
  #expect(error?.rule == rule, sourceLocation: location)
  let parts = text.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
  let isAsSaid =
    parts.count == 1
    ? observed == text
    : observed.hasPrefix(parts[0]) && observed.hasSuffix(parts[parts.count - 1])
      && parts.allSatisfy { observed.contains($0) }
  #expect(isAsSaid, "\(observed)", sourceLocation: location)
}

/// A plugin that does nothing wrong when it runs: it holds every class of every model to be alike.
protocol Idle: ModelScanner {}

extension Idle {
  func scan(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> ModelVerdict {
    try context.checkCancellation()
    return ModelVerdict(
      statistic: 0, threshold: 1, classScores: Array(repeating: 0, count: model.classCount),
      measure: "nothing")
  }
}
