internal import DefenseKit
private import Foundation

/// A model with its data, as options or a plan name them: the files, and how they are read.
struct ModelFiles: Codable, Sendable, Hashable {
  /// What a comparison calls it.
  var name: String
  /// The model's file; nil for the network that comes with the program.
  var model: String?
  /// Clean images for defenses and detectors.
  var clean: String?
  /// Clean images to judge on.
  var test: String?
  /// Triggered images to judge on.
  var poisoned: String?
  /// What the model was trained on, which may be poisoned.
  var train: String?
  /// A file that describes the network, for a file of weights alone.
  var architecture: String?
  /// The factor for the images' values.
  var scale: Float = 1
  /// How the data sets are read.
  var format = DataFormat()

  /// What a plan calls the network that comes with the program.
  static let builtInName = "built-in"

  /// The network that comes with the program.
  static let builtIn = ModelFiles(name: builtInName)

  /// The model of a folder that `attack` wrote.
  ///
  /// - Throws: ``Failure`` with status 66 if it is not there, or 65 if it is no such folder.
  init(folder: String) throws(Failure) {
    let report = try AttackFolderReport.read(folder)
    self.init(name: Self.name(ofFolder: folder))
    func path(_ role: String) -> String? {
      report.files.first { $0.role == role }.map { "\(folder)/\($0.file)" }
    }
    guard let model = path("model") else {
      throw Failure(
        Failure.data, "\(folder)/report.json names no model; give a folder that 'attack' wrote")
    }
    (self.model, clean, test, poisoned, train) = (
      model, path("validation"), path("clean"), path("poisoned"), path("training")
    )
    scale = report.inputScale ?? 1
  }

  init(
    name: String, model: String? = nil, clean: String? = nil, test: String? = nil,
    poisoned: String? = nil
  ) {
    self.name = name
    self.model = model
    self.clean = clean
    self.test = test
    self.poisoned = poisoned
  }

  /// The name of a folder without those that it is in.
  static func name(ofFolder path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
  }

  /// The name of a file without the folders that it is in and without an extension.
  static func name(of path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.deletingPathExtension().lastPathComponent
  }

  /// The files by role, as they were named.
  var files: [(role: String, path: String)] {
    [
      ("model", model), ("architecture", architecture), ("clean", clean), ("test", test),
      ("poisoned", poisoned), ("train", train),
    ].compactMap { role, path in path.map { (role, $0) } }
  }

  /// Which files these are just now, in the order of ``files``.
  var stamps: [FileStamp] { files.map { FileStamp($0.path) } }

  /// What decides the results: the files' hashes by role, and how they are read.
  ///
  /// - Throws: ``Failure`` or `FileError` with status 66 for a file that is not there.
  func inputs() throws -> [String: String] {
    var inputs: [String: String] = [:]
    guard model != nil else {
      let (description, model, trigger) = try EmbeddedDefault.find()
      inputs["model"] = try sha256(ofFile: model)
      inputs["trigger"] = try sha256(ofFile: trigger)
      inputs["clean"] = try description.images(description.clean).sha256()
      inputs["test"] = try description.images(description.test).sha256()
      return inputs
    }
    for (role, path) in files { inputs[role] = try sha256(ofFile: path) }
    inputs["scale"] = "\(scale)"
    inputs["layout"] = format.layout?.rawValue
    for (role, names) in format.keys { inputs[role.isEmpty ? "keys" : "keys of \(role)"] = names }
    return inputs
  }

  /// Opens a model's file, such as the model's own or that of a repaired copy.
  func load(_ path: String, sandbox: Sandbox) throws(FileError) -> Model {
    try KerasModel.load(
      path, architecture: architecture, inputScale: scale, sandbox: sandbox)
  }

  /// Opens the data set of a role.
  func data(
    _ path: String, as role: String, for model: Model, sandbox: Sandbox
  ) throws(FileError) -> DataSet {
    try format.load(
      path, as: role, imageShape: model.graph.inputShape, classCount: model.classCount,
      sandbox: sandbox)
  }

  /// Opens the model and its data.
  func experiment(replaysCurves: Bool = false, sandbox: Sandbox) throws -> Experiment {
    guard let model else {
      return try EmbeddedDefault.experiment(replaysCurves: replaysCurves, sandbox: sandbox)
    }
    let suspect = try load(model, sandbox: sandbox)
    func data(_ path: String, _ role: String) throws -> DataSet {
      try self.data(path, as: role, for: suspect, sandbox: sandbox)
    }
    return try Experiment(
      suspect: suspect, clean: clean.map { try CleanData(data($0, "clean")) },
      test: test.map { try CleanData(data($0, "test")) },
      poisoned: poisoned.map { try PoisonedData(data($0, "poisoned")) },
      training: train.map { try TrainingData(data($0, "train")) },
      replaysCurves: replaysCurves)
  }
}
