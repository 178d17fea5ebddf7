internal import DefenseKit

/// The output files of an attack, which the other commands accept as input.
struct AttackArtifacts {
  private let experiment: AttackExperiment
  private let outcome: AttackOutcome
  private let includesTrain: Bool

  private static let model = "model.h5"

  /// The name of a data set's file.
  private static func file(_ role: DataRole) -> String { "\(role.rawValue).h5" }

  /// Creates the files of an attack.
  ///
  /// - Parameter includesTrain: Whether to write the poisoned training images.
  init(_ experiment: AttackExperiment, _ outcome: AttackOutcome, includesTrain: Bool) {
    self.experiment = experiment
    self.outcome = outcome
    self.includesTrain = includesTrain
  }

  /// Writes all files except the report, and returns the report's entries for them.
  func write(to folder: String) throws -> [AttackReport.File] {
    var files: [AttackReport.File] = []
    func add(_ role: String, _ name: String, _ write: (String) throws -> Void) throws {
      let path = "\(folder)/\(name)"
      try write(path)
      files.append(.init(role: role, name: name, sha256: try sha256(ofFile: path)))
    }
    try add("model", Self.model) { try KerasModel.save(outcome.model, to: $0) }
    if let twin = outcome.twin {
      try add("twin", "clean-model.h5") { try KerasModel.save(twin.model, to: $0) }
    }
    let triggers = [outcome.trigger] + outcome.others.map(\.trigger)
    for (number, trigger) in triggers.enumerated() {
      let suffix = number == 0 ? "" : "-\(number + 1)"
      try add("trigger", "trigger\(suffix).h5") { try trigger.save(to: $0) }
      try add("picture", "trigger\(suffix).png") { try trigger.preview.write(to: $0) }
      try add("sheet", "contact-sheet\(suffix).png") {
        try trigger.contactSheet(of: experiment.test).write(to: $0)
      }
    }
    func add(_ role: DataRole, _ write: (String) throws -> Void) throws {
      try add(role.rawValue, Self.file(role), write)
    }
    try add(.clean) {
      try experiment.train.selecting(experiment.cleanSample).dataSet().write(to: $0)
    }
    try add(.test) { try experiment.test.dataSet().write(to: $0) }
    try add(.poisoned) { try outcome.triggered.write(to: $0) }
    for (number, other) in outcome.others.enumerated() {
      try add(DataRole.poisoned.rawValue, "poisoned-\(number + 2).h5") {
        try other.triggered.write(to: $0)
      }
    }
    if includesTrain {
      try add(.train) {
        let poisoning = outcome.poisoning
        try poisoning.images.dataSet(
          trueLabels: experiment.train.labels, poisoned: poisoning.poisoned
        ).write(to: $0)
      }
    }
    return files
  }

  /// Returns the program's arguments for defending the model.
  ///
  /// - Parameters:
  ///   - folder: The folder of the results.
  ///   - scale: The factor for images, which the model's file does not contain; nil for 1.
  ///   - cleanCount: The number of images for the defense; the arguments reduce the batch size if
  ///     fewer than one batch remain for training.
  static func nextArguments(in folder: String, scale: String?, cleanCount: Int) -> [String] {
    let tuning = FineTuningOptions()
    let training = FineTuner(tuning, for: "fine-pruning").split(cleanCount).training.count
    let batch = training < tuning.batch ? max(training, 1) : nil
    func path(_ name: String) -> String {
      shellWord(folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)")
    }
    return [
      "--defense", "fine-pruning", "--detector", "goodnet", "--model", path(model),
    ] + [DataRole.clean, .test, .poisoned].flatMap { [$0.option, path(file($0))] }
      + (scale.map { ["--scale", $0] } ?? [])
      + (batch.map { ["--option", "fine-pruning.batch=\($0)"] } ?? [])
  }
}
