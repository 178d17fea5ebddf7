internal import InferenceGraph
public import ModelIO

/// The report of an attack as JSON; see ``schema``.
///
/// Like ``Report``, it has counts instead of percentages, and equal inputs give equal bytes except
/// for the object `environment`.
public struct AttackReport: Sendable {
  /// The schema of the reports that this version writes.
  public static let schema = 2

  /// An output file.
  public struct File: Sendable, Hashable {
    /// The file's role: "model", one of ``DataRole``, or another.
    public var role: String
    /// The file's name.
    public var name: String
    /// The SHA-256 of the file's bytes.
    public var sha256: String

    /// Creates an entry.
    public init(role: String, name: String, sha256: String) {
      self.role = role
      self.name = name
      self.sha256 = sha256
    }
  }

  /// The attack and the settings of its training.
  public var experiment: AttackExperiment
  /// The backdoored model and its results.
  public var outcome: AttackOutcome
  /// The architecture of the trained network.
  public var architecture: Architecture
  /// The SHA-256 of the files of the training and test images, or of the images themselves.
  public var data: (train: String, test: String)
  /// The output files.
  public var files: [File]
  /// Whether the report lists the positions of the poisoned images.
  public var listsPoisoned: Bool
  /// The warnings that the user saw.
  public var warnings: [String]
  /// All values that may differ between two runs on equal inputs.
  public var environment: JSON

  /// Creates a report.
  public init(
    _ experiment: AttackExperiment, _ outcome: AttackOutcome, architecture: Architecture,
    data: (train: String, test: String), files: [File] = [], listsPoisoned: Bool = false,
    warnings: [String] = [], environment: JSON = [:]
  ) {
    self.experiment = experiment
    self.outcome = outcome
    self.architecture = architecture
    self.data = data
    self.files = files
    self.listsPoisoned = listsPoisoned
    self.warnings = warnings
    self.environment = environment
  }

  /// The whole report.
  public var json: JSON {
    func indices(_ list: [Int]) -> JSON { .array(list.map { .int($0) }) }
    var members: [JSON.Member] = [
      .init("schema", .int(Self.schema)), .init("attack", attack), .init("data", dataSets),
      .init("training", training), .init("model", outcome.result.json),
      .init("twin", outcome.twin.map { $0.result.json } ?? .null),
    ]
    if !outcome.others.isEmpty {
      let others = outcome.others.map { other -> JSON in
        ["target": .int(other.trigger.goal.target), "result": other.result.json]
      }
      members.append(.init("otherTriggers", .array(others)))
    }
    members += [
      .init(
        "inputScale", Double("\(outcome.model.preprocessing.scale)").map { .number($0) } ?? .null)
    ]
    if listsPoisoned {
      members.append(.init("poisonedImages", indices(outcome.poisoning.poisoned)))
      members.append(.init("coverImages", indices(outcome.poisoning.covers)))
    }
    members += [
      .init("files", .array(files.map { Self.json($0) })),
      .init("warnings", .array(warnings.map { .string($0) })),
      .init("environment", environment),
    ]
    return .object(members)
  }

  /// The attack, its goal and its options.
  private var attack: JSON {
    let trigger = experiment.trigger
    let goal = trigger.goal
    var members: [JSON.Member] = [
      .init("name", .string(trigger.attack)), .init("mode", .string(goal.mode.rawValue)),
      .init("target", goal.mode == .allToOne ? .int(goal.target) : .null),
    ]
    if let source = goal.source { members.append(.init("source", .int(source))) }
    members += [
      .init("classes", .int(goal.classCount)), .init("rate", .number(experiment.rate)),
      .init("seed", .string("\(experiment.seed)")),
      .init("options", .object(trigger.options.map { .init($0.name, .string($0.value)) })),
    ]
    return .object(members)
  }

  /// The data sets, and how many training images were changed.
  private var dataSets: JSON {
    let poisoning = outcome.poisoning
    return [
      "train": [
        "sha256": .string(data.train), "images": .int(experiment.train.count),
        "poisoned": .int(poisoning.poisoned.count), "covers": .int(poisoning.covers.count),
      ],
      "test": ["sha256": .string(data.test), "images": .int(experiment.test.count)],
    ]
  }

  private static func json(_ file: File) -> JSON {
    ["role": .string(file.role), "file": .string(file.name), "sha256": .string(file.sha256)]
  }

  /// All settings of the training, and its course.
  private var training: JSON {
    let options = experiment.options
    return [
      "architecture": .string(architecture.name),
      "architectureFile": architecture.sha256.map { .string($0) } ?? .null,
      "scale": Double("\(experiment.inputScale)").map { .number($0) } ?? .null,
      "epochs": .int(options.epochs), "batch": .int(options.batchSize),
      "optimizer": .string("\(options.optimizer)"), "rate": .number(options.learningRate),
      "schedule": .string("\(options.schedule)"), "decay": .number(options.weightDecay),
      "smoothing": .number(options.labelSmoothing),
      "clipping": options.clipping.map { .number($0) } ?? .null,
      "shift": .int(options.augmentation.shift), "flip": .bool(options.augmentation.flip),
      "losses": .array(outcome.epochs.map { .number($0.loss) }),
      "accuracies": .array(outcome.epochs.map { .number($0.accuracy) }),
    ]
  }
}
