import DefenseKit
import Foundation

/// The results of a comparison, made up but plausible: attacks on a network for Fashion-MNIST, with every number
/// from a seed.
struct Sample {
  var models = ["badnets", "blended", "sig"]
  var defenses = ["fine-pruning", "fine-tuning", "clp", "fine-pruning-deep"]
  var detectors = ["goodnet", "strip", "divergence"]
  var seeds: [UInt64] = [0, 1, 2]
  var classes = 10
  /// Whether one unit fails for good.
  var hasFailure = true
  private var random = Random(state: 7)

  init() {}

  /// SplitMix64, and normally distributed numbers from it.
  struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }

    mutating func normal(_ mean: Double, _ deviation: Double) -> Double {
      let sum = (0..<12).reduce(0.0) { total, _ in total + Double.random(in: 0..<1, using: &self) }
      return mean + (sum - 6) * deviation
    }
  }

  /// The records in the order of a plan, and what the units took.
  mutating func results() throws -> ([ComparisonRecord], [String: UnitCost]) {
    var records: [ComparisonRecord] = []
    for (place, model) in models.enumerated() {
      let inputs = [
        "model": hash("\(model).h5"), "clean": hash("clean"), "test": hash("test"),
        "poisoned": hash("\(model)-poisoned"),
      ]
      let accuracy = 0.905 - Double(place % 5) * 0.006
      let before = figures(accuracy, attack: 0.998 - Double(place % 5) * 0.02)
      for defense in [nil] + defenses.map(Optional.some) {
        for detector in [nil] + detectors.map(Optional.some) {
          // It compares the model with a repaired copy.
          if defense == nil, detector == "goodnet" { continue }
          for seed in seeds {
            let unit = ComparisonUnit(
              model: model, inputs: inputs, defense: defense.map(choice),
              detector: detector.map(choice), seed: seed)
            if hasFailure, place == 1, defense == "fine-pruning", detector == "strip" {
              records.append(
                ComparisonRecord(unit, failure: "stopped after 600 s; allow it more with --timeout")
              )
              continue
            }
            records.append(try record(unit, place, before))
          }
        }
      }
    }
    var costs: [String: UnitCost] = [:]
    for record in records {
      costs[record.key] = UnitCost(
        seconds: max(0.2, random.normal(record.unit.defense == nil ? 3 : 24, 3)),
        peakMemory: 300_000_000 + Int(random.next() % 90_000_000))
    }
    return (records, costs)
  }

  private func hash(_ text: String) -> String { sha256(of: Array(text.utf8)) }

  private func choice(_ label: String) -> PluginChoice {
    let options: [String: [(String, String)]] = [
      "fine-pruning": [("drop", "2,4,10"), ("layer", "auto"), ("tune", "false")],
      "fine-tuning": [("epochs", "20"), ("rate", "0.01"), ("held-out", "0.1")],
      "clp": [("u", "3"), ("sums", "skip")],
      "strip": [("overlays", "100"), ("alarms", "0.01"), ("threshold", "quantile")],
      "divergence": [("layer", "conv_4")],
    ]
    let name = label == "fine-pruning-deep" ? "fine-pruning" : label
    let values = options[name]?.map { OptionText(name: $0.0, value: $0.1) } ?? []
    return PluginChoice(
      label: label, name: name,
      options: label == name
        ? values : values.map { $0.name == "layer" ? .init(name: "layer", value: "conv_5") : $0 })
  }

  /// Counts on 1000 clean and 900 triggered images.
  private mutating func figures(
    _ accuracy: Double, attack: Double, flaggedClean: Double = 0, flaggedPoisoned: Double = 0
  ) -> ComparisonRecord.ModelFigures {
    let clean = 10 * 100
    var byClass = (0..<classes).map { _ in ClassCounts(images: clean / min(classes, 10)) }
    for index in byClass.indices {
      let share = accuracy - 0.03 + Double((index * 7 + 3) % 10) * 0.006
      let drawn = random.normal(share, 0.012 + 0.002 * Double(index % 4))
      byClass[index].correct = Int(Double(byClass[index].images) * min(1, max(0, drawn)))
    }
    let passed = 900 * (1 - flaggedPoisoned)
    return ComparisonRecord.ModelFigures(
      test: CleanCounts(
        correct: Int(1000 * accuracy * (1 - flaggedClean)), flagged: Int(1000 * flaggedClean),
        images: 1000),
      poisoned: PoisonedCounts(
        hits: Int(passed * attack), restored: Int(passed * (1 - attack) * 0.9),
        flagged: Int(900 * flaggedPoisoned), images: 900),
      byClass: byClass)
  }

  private mutating func record(
    _ unit: ComparisonUnit, _ place: Int, _ before: ComparisonRecord.ModelFigures
  ) throws -> ComparisonRecord {
    var record = ComparisonRecord(unit)
    record.classCount = classes
    record.suspect = before
    let accuracy = before.test?.accuracy ?? 0
    let attack = before.poisoned?.successRate ?? 0
    var outcomes: [(title: String, pruned: Int, cost: Double, attack: Double)] = []
    switch unit.defense?.label {
    case nil: outcomes = [("", 0, 0, attack)]
    case "fine-pruning"?:
      outcomes = [
        ("2 %", 38, 0.018, 0.93), ("4 %", 45, 0.039, 0.61), ("10 %", 52, 0.097, 0.08),
      ]
    case "fine-tuning"?: outcomes = [("", 0, 0.011, 0.04 + 0.05 * Double(place))]
    case "clp"?: outcomes = [("", 6, 0.007, place == 2 ? 0.88 : 0.02)]
    default: outcomes = [("4 %", 21, 0.024, 0.12)]
    }
    for outcome in outcomes {
      let accuracy = unit.defense == nil ? accuracy : random.normal(accuracy - outcome.cost, 0.003)
      let attack =
        unit.defense == nil
        ? attack : min(1, max(0.002, random.normal(outcome.attack, 0.015)))
      var row = ComparisonRecord.Row(
        title: outcome.title, model: figures(accuracy, attack: attack),
        cleanSamples: unit.defense == nil && unit.detector == nil ? 0 : 2000)
      if unit.defense == nil { row.model = before }
      if outcome.pruned > 0 {
        row.pruned = [
          .init(layer: "conv_4", channels: Array(0..<outcome.pruned), of: 64)
        ]
      }
      if let detector = unit.detector {
        row.detector = detectorFigures(detector.label, accuracy, attack, place)
      }
      record.rows.append(row)
    }
    if unit.detector == nil, unit.defense?.name == "fine-pruning" { record.curve = curve(place) }
    if unit.detector == nil, unit.defense == nil, unit.seed == seeds[0] {
      record.picture = try Sample.picture()
    }
    if unit.defense?.label == "clp" {
      record.warnings = [
        "clp: 2 of 6 normalizations have no producing convolution; they are skipped"
      ]
    }
    return record
  }

  private mutating func detectorFigures(
    _ detector: String, _ accuracy: Double, _ attack: Double, _ place: Int
  ) -> ComparisonRecord.DetectorFigures {
    var scores = DetectorScores()
    let distance = detector == "goodnet" ? 2.4 : detector == "strip" ? 3.4 - Double(place) : 1.2
    scores.test = (0..<1000).map { _ in Float(random.normal(0, 0.5)) }
    scores.poisoned = (0..<900).map { _ in Float(random.normal(distance * (1.2 - attack / 2), 0.7))
    }
    let threshold: Float = 1.15
    let answers = figures(
      accuracy, attack: attack,
      flaggedClean: Double(scores.test.count { $0 > threshold }) / 1000,
      flaggedPoisoned: Double(scores.poisoned.count { $0 > threshold }) / 900)
    return ComparisonRecord.DetectorFigures(
      answers: answers, auroc: scores.auroc, roc: scores.roc(), histogram: scores.histogram())
  }

  private func curve(_ place: Int) -> ComparisonRecord.Curve {
    func fall(_ k: Int, from top: Double, at middle: Double, _ width: Double, to low: Double)
      -> Double
    {
      low + (top - low) / (1 + exp((Double(k) - middle) / width))
    }
    return ComparisonRecord.Curve(
      layer: "conv_4", order: Array(0..<64),
      clean: (0...64).map { fall($0, from: 0.93, at: 56, 3, to: 0.1) },
      test: (0...64).map { fall($0, from: 0.905, at: 55, 3, to: 0.1) },
      poisoned: (0...64).map { fall($0, from: 0.99, at: 46 - Double(place) * 4, 1.5, to: 0.01) })
  }

  /// Two rows of small grey pictures, those below with a bright corner.
  static func picture() throws -> Data {
    var sheet = ContactSheet(imageShape: [28, 28, 1])
    for isTriggered in [false, true] {
      sheet.append(
        (0..<8).map { number in
          (0..<28 * 28).map { index -> UInt8 in
            let (y, x) = (Double(index / 28) - 13.5, Double(index % 28) - 13.5)
            if isTriggered, index / 28 > 22, index % 28 > 22 { return 255 }
            let angle = atan2(y, x) * Double(2 + number % 5)
            let edge = 7 + 3 * cos(angle + Double(number))
            return (x * x + y * y).squareRoot() < edge ? UInt8(120 + 15 * number) : 8
          }
        })
    }
    return Data(try sheet.pixelImage(scale: 1, gap: 1).png())
  }
}
