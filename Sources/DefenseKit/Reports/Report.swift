public import InferenceGraph
public import ModelIO

/// The report of a run as JSON, schema 1.
///
/// It holds counts, so that every percentage can be recomputed. The same input gives the same
/// bytes apart from the one object `environment`, in which stand times, threads, paths and the
/// like. Names of keys are part of the schema; later versions may add keys. Counts of poisoned images have
/// `restored`, those that got the class that they show, where that is known, and counts the key
/// `nonfinite` only where images got no class (see `noClass`), and a detector's result has `unscored`
/// only where scores are not numbers. A repair has `note` where there is one, and `tuning` if it was
/// fine-tuned: the epochs run, the images learned, and how the held-out images were classified before
/// and after. The suspect has `verdicts` where there are any, and the report `dataSets`, what data-set
/// detectors say of its training set.
public struct Report: Sendable {
  /// A data set that took part.
  public struct Data: Sendable, Hashable {
    /// What it was used for: "validation", "clean", "poisoned" or "train".
    public var role: String
    /// The SHA-256 of its file, if it came from one.
    public var sha256: String?
    /// The number of images.
    public var images: Int

    /// Creates an entry.
    public init(role: String, sha256: String?, images: Int) {
      self.role = role
      self.sha256 = sha256
      self.images = images
    }
  }

  /// The suspect.
  public var suspect: Model
  /// The results.
  public var evaluation: Evaluation
  /// The data sets.
  public var data: [Data]
  /// The options that matter for the results.
  public var options: JSON
  /// What the user was warned about.
  public var warnings: [String]
  /// All that may differ between two runs on the same input.
  public var environment: JSON

  /// Creates a report.
  public init(
    suspect: Model, evaluation: Evaluation, data: [Data] = [], options: JSON = [:],
    warnings: [String] = [], environment: JSON = [:]
  ) {
    self.suspect = suspect
    self.evaluation = evaluation
    self.data = data
    self.options = options
    self.warnings = warnings
    self.environment = environment
  }

  /// The whole report.
  public var json: JSON {
    .object(
      [
        .init("schema", 1), .init("suspect", .object(suspectMembers)),
        .init(
          "data",
          .object(
            data.map { .init($0.role, ["sha256": JSON($0.sha256), "images": .int($0.images)]) })),
        .init("options", options),
        .init("repairs", .array(evaluation.repairs.map(\.json))),
        .init("curve", .array(evaluation.curves.flatMap(\.points))),
      ]
        + (evaluation.dataSets.isEmpty
          ? [] : [.init("dataSets", .array(evaluation.dataSets.map(\.json)))]) + [
          .init("warnings", .array(warnings.map { .string($0) })),
          .init("environment", environment),
        ])
  }

  private var suspectMembers: [JSON.Member] {
    let detectors = evaluation.suspectDetectors.map(\.json)
    let verdicts = evaluation.verdicts.map(\.json)
    return [
      .init("sha256", JSON(suspect.source?.sha256)), .init("classes", .int(suspect.classCount)),
    ] + evaluation.suspect.members(flags: false)
      + (detectors.isEmpty ? [] : [.init("detectors", .array(detectors))])
      + (verdicts.isEmpty ? [] : [.init("verdicts", .array(verdicts))])
  }

}

extension Evaluation.RepairResult {
  /// The repaired model, how it was made and how it did, as JSON.
  fileprivate var json: JSON {
    .object(
      [
        .init("defense", .string(repair.defense)),
        .init("drop", repair.drop.map { .number($0) } ?? .null),
      ] + Self.members(ofPruned: repair.pruned)
        + (repair.note.map { [.init("note", .string($0))] } ?? [])
        + (repair.tuning.map { [.init("tuning", $0.json)] } ?? []) + [
          .init("validation", repair.validation?.json(flags: false) ?? .null)
        ] + result.members(flags: false) + [
          .init("file", JSON(file)),
          .init("detectors", .array(detectors.map(\.json))),
        ])
  }

  /// "layer" and "pruned" for one layer; where there are several, these are null and empty, and "layers"
  /// has each.
  private static func members(ofPruned pruned: [PrunedChannels]) -> [JSON.Member] {
    func channels(_ entry: PrunedChannels?) -> JSON {
      .array((entry?.channels ?? []).map { .int($0) })
    }
    let only = pruned.count == 1 ? pruned[0] : nil
    let each: [JSON] = pruned.map { ["layer": .string($0.layer), "pruned": channels($0)] }
    return [.init("layer", JSON(only?.layer)), .init("pruned", channels(only))]
      + (pruned.count > 1 ? [.init("layers", .array(each))] : [])
  }
}

extension Evaluation.DetectorResult {
  /// The result as JSON.
  fileprivate var json: JSON {
    .object(
      [.init("detector", .string(detector))] + verdicts.members(flags: true) + [
        .init("auroc", auroc.map { .number($0) } ?? .null)
      ] + (scores.unscored == 0 ? [] : [.init("unscored", .int(scores.unscored))])
        + [.init("file", JSON(file))])
  }
}

extension Evaluation.VerdictResult {
  /// The verdict as JSON, with the plugin's name.
  fileprivate var json: JSON {
    .object([.init("verdict", .string(verdict))] + result.members)
  }
}

extension Evaluation.DataSetResult {
  /// The counts as JSON, and the images that are dropped; null where something is not known.
  fileprivate var json: JSON {
    func number(_ value: Int?) -> JSON { value.map { .int($0) } ?? .null }
    return [
      "detector": .string(detector), "images": .int(counts.images),
      "poisoned": number(counts.poisoned), "dropped": number(counts.dropped),
      "droppedPoisoned": number(counts.droppedPoisoned),
      "auroc": counts.auroc.map { .number($0) } ?? .null,
      "drop": scores.dropped.map { .array($0.map { .int($0) }) } ?? .null,
    ]
  }
}

extension CleanCounts {
  /// The counts as JSON; with `flagged` for detectors only.
  func json(flags: Bool) -> JSON {
    .object(
      [.init("correct", .int(correct))] + (flags ? [.init("flagged", .int(flagged))] : [])
        + nonfiniteMember(nonfinite) + [.init("images", .int(images))])
  }
}

extension TuningSummary {
  /// The summary as JSON; counts of held-out images are null where none were held out.
  fileprivate var json: JSON {
    [
      "epochs": .int(epochs), "images": .int(images),
      "before": before?.json(flags: false) ?? .null, "after": after?.json(flags: false) ?? .null,
    ]
  }
}

extension PoisonedCounts {
  fileprivate func members(flags: Bool) -> [JSON.Member] {
    [.init("hits", .int(hits))] + (restored.map { [.init("restored", .int($0))] } ?? [])
      + (flags ? [.init("flagged", .int(flagged))] : [])
      + nonfiniteMember(nonfinite) + [.init("images", .int(images))]
  }
}

/// `nonfinite` where there are such images: a report without the key has none.
private func nonfiniteMember(_ count: Int) -> [JSON.Member] {
  count == 0 ? [] : [.init("nonfinite", .int(count))]
}

extension AttackCounts {
  /// The counts as JSON; the target class's own images are in `all` only.
  func json(flags: Bool) -> JSON {
    .object(
      counted.members(flags: flags)
        + (all.map { [.init("all", .object($0.members(flags: flags)))] } ?? []))
  }
}

extension Evaluation.ModelResult {
  /// "clean" and "poisoned"; null where there was no such set.
  func members(flags: Bool) -> [JSON.Member] {
    [
      .init("clean", clean?.json(flags: flags) ?? .null),
      .init("poisoned", poisoned?.json(flags: flags) ?? .null),
    ]
  }

  /// The results as an object with the members "clean" and "poisoned".
  public var json: JSON { .object(members(flags: false)) }
}

extension Evaluation.CurveResult {
  /// One object for every step, the unpruned network (channel null) first.
  fileprivate var points: [JSON] {
    curve.correct.indices.map { k in
      let result = replay.isEmpty ? Evaluation.ModelResult() : replay[k]
      return .object(
        [
          .init("defense", .string(defense)),
          .init("pruned", .int(k)),
          .init("channel", k == 0 ? .null : .int(curve.order[k - 1])),
          .init("validation", curve.counts(after: k).json(flags: false)),
        ] + result.members(flags: false))
    }
  }
}
