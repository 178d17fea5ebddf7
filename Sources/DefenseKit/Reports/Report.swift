public import InferenceGraph
public import ModelIO

/// The report of a run as JSON; see ``schema``.
///
/// It contains counts, from which every percentage can be computed. Equal inputs give equal bytes,
/// except for the object `environment` with times, threads and paths. Key names are part of the
/// schema; later versions may add keys.
///
/// These keys are optional:
/// - `restored` in counts of poisoned images: those that got the class they show, if that is known.
/// - `nonfinite` in counts: undefined images (see `Prediction.undefined`), unless there are none.
/// - `noVerdict` in a detector's counts: images that it cannot judge, unless there are none.
/// - `unscored` in a detector's result: images with a NaN score, unless there are none.
/// - `threshold` in a detector's result: if it set one on clean images, with their number and that
///   of the flagged ones.
/// - `group` in the options, `groups` in a data set, and `seen` and `unseen` in counts of test
///   images: if the images are grouped.
/// - `note` in a repair.
/// - `tuning` in a fine-tuned repair: the epochs, the training images, and the results on the
///   held-out images before and after.
/// - `verdicts` in the suspect, and `dataSets`, the results of data-set detectors.
public struct Report: Sendable {
  /// The schema of the reports that this version writes.
  public static let schema = 2

  /// A data set of the run.
  public struct Data: Sendable, Hashable {
    /// The role of the set.
    public var role: DataRole
    /// The SHA-256 of its file; nil if unknown.
    public var sha256: String?
    /// The number of images.
    public var images: Int
    /// The number of groups; nil if the images are not grouped.
    public var groups: Int?

    /// Creates an entry.
    public init(role: DataRole, sha256: String?, images: Int, groups: Int? = nil) {
      self.role = role
      self.sha256 = sha256
      self.images = images
      self.groups = groups
    }

    fileprivate var json: JSON {
      .object(
        [.init("sha256", JSON(sha256)), .init("images", .int(images))]
          + (groups.map { [.init("groups", .int($0))] } ?? []))
    }
  }

  /// The suspect.
  public var suspect: Model
  /// The results.
  public var evaluation: Evaluation
  /// The data sets.
  public var data: [Data]
  /// The options that affect the results.
  public var options: JSON
  /// The warnings that the user saw.
  public var warnings: [String]
  /// All values that may differ between two runs on equal inputs.
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
        .init("schema", .int(Self.schema)), .init("suspect", .object(suspectMembers)),
        .init("data", Self.json(data)),
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

  /// Returns data sets as an object by role.
  static func json(_ data: [Data]) -> JSON {
    .object(data.map { .init($0.role, $0.json) })
  }

  private var suspectMembers: [JSON.Member] {
    let detectors = evaluation.suspectDetectors.map(\.json)
    let verdicts = evaluation.verdicts.map(\.json)
    return [
      .init("sha256", JSON(suspect.source?.sha256)), .init("classes", .int(suspect.classCount)),
    ] + suspect.networkMembers + evaluation.suspect.members(flags: false)
      + (detectors.isEmpty ? [] : [.init("detectors", .array(detectors))])
      + (verdicts.isEmpty ? [] : [.init("verdicts", .array(verdicts))])
  }

}

extension Evaluation.RepairResult {
  /// The repaired model, its origin and its results as JSON.
  fileprivate var json: JSON {
    .object(
      [
        .init("defense", .string(repair.defense)),
        .init("drop", repair.drop.map { .number($0) } ?? .null),
      ] + Self.members(ofPruned: repair.pruned)
        + (repair.note.map { [.init("note", .string($0))] } ?? [])
        + (repair.tuning.map { [.init("tuning", $0.json)] } ?? []) + [
          .init(.clean, repair.clean?.json(flags: false) ?? .null)
        ] + result.members(flags: false) + [
          .init("file", JSON(file)),
          .init("detectors", .array(detectors.map(\.json))),
        ])
  }

  /// The members "layer" and "pruned" of a single layer; with several layers, these are null and
  /// empty, and "layers" has one entry for each.
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
      [.init("detector", .string(detector))] + result.members(flags: true) + [
        .init("auroc", auroc.map { .number($0) } ?? .null)
      ] + (scores.unscored == 0 ? [] : [.init("unscored", .int(scores.unscored))])
        + (threshold.map { [.init("threshold", $0.json)] } ?? [])
        + [.init("file", JSON(file))])
  }
}

extension DetectionThreshold {
  /// The threshold as JSON; the value is null if infinite.
  fileprivate var json: JSON {
    [
      "value": value.isFinite ? .number(Double(value)) : .null, "images": .int(images),
      "flagged": .int(flagged),
    ]
  }
}

extension Evaluation.VerdictResult {
  /// The verdict as JSON, with the plugin's name.
  fileprivate var json: JSON {
    .object([.init("verdict", .string(verdict))] + result.members)
  }
}

extension Evaluation.DataSetResult {
  /// The counts as JSON, and the images to drop; null if unknown.
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
  /// The counts as JSON; `flags` adds `flagged`, which only detectors have.
  func json(flags: Bool) -> JSON { .object(members(flags: flags)) }

  fileprivate func members(flags: Bool) -> [JSON.Member] {
    [.init("correct", .int(correct))] + (flags ? [.init("flagged", .int(flagged))] : [])
      + nonfiniteMember(nonfinite) + noVerdictMember(noVerdict) + [.init("images", .int(images))]
  }
}

extension TuningSummary {
  /// The summary as JSON; counts of held-out images are null if no images were held out.
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
      + nonfiniteMember(nonfinite) + noVerdictMember(noVerdict) + [.init("images", .int(images))]
  }
}

/// Returns `nonfinite` if there are undefined images: a report without the key has none.
private func nonfiniteMember(_ count: Int) -> [JSON.Member] {
  count == 0 ? [] : [.init("nonfinite", .int(count))]
}

/// Returns `noVerdict` if there are images without a verdict.
private func noVerdictMember(_ count: Int) -> [JSON.Member] {
  count == 0 ? [] : [.init("noVerdict", .int(count))]
}

extension AttackCounts {
  /// The counts as JSON; only `all` includes images that show the target class.
  func json(flags: Bool) -> JSON {
    .object(
      counted.members(flags: flags)
        + (all.map { [.init("all", .object($0.members(flags: flags)))] } ?? []))
  }
}

extension JSON.Member {
  /// Creates a member named after the role of a data set.
  init(_ role: DataRole, _ value: JSON) { self.init(role.rawValue, value) }
}

extension Evaluation.ModelResult {
  /// The members "test" and "poisoned"; null for a missing set.
  func members(flags: Bool) -> [JSON.Member] {
    let groups = byGroup.map { [("seen", $0.seen), ("unseen", $0.unseen)] } ?? []
    let byGroup: [JSON.Member] = groups.map { .init($0, $1.json(flags: flags)) }
    return [
      .init(.test, test.map { .object($0.members(flags: flags) + byGroup) } ?? .null),
      .init(.poisoned, poisoned?.json(flags: flags) ?? .null),
    ]
  }

  /// The results as an object with the members "test" and "poisoned".
  public var json: JSON { .object(members(flags: false)) }
}

extension Evaluation.CurveResult {
  /// One object for every step, starting with the unpruned network (channel null).
  fileprivate var points: [JSON] {
    curve.correct.indices.map { k in
      let result = replay.isEmpty ? Evaluation.ModelResult() : replay[k]
      return .object(
        [
          .init("defense", .string(defense)),
          .init("pruned", .int(k)),
          .init("channel", k == 0 ? .null : .int(curve.order[k - 1])),
          .init(.clean, curve.counts(after: k).json(flags: false)),
        ] + result.members(flags: false))
    }
  }
}
