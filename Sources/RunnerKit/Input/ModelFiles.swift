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
  /// The order of an image's axes, if their shape leaves it open.
  var layout: String?
  /// What images and labels are called, `IMAGES,LABELS`, by role; of those without their own under "".
  var keys: [String: String] = [:]

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
    inputs["layout"] = layout
    for (role, names) in keys { inputs[role.isEmpty ? "keys" : "keys of \(role)"] = names }
    return inputs
  }

  /// Opens the model and its data.
  func experiment(replaysCurves: Bool = false, sandbox: Sandbox) throws -> Experiment {
    guard let model else {
      return try EmbeddedDefault.experiment(replaysCurves: replaysCurves, sandbox: sandbox)
    }
    let suspect = try KerasModel.load(
      model, architecture: architecture, inputScale: scale, sandbox: sandbox)
    func data(_ path: String, _ role: String) throws -> DataSet {
      try DataSet.load(
        path, for: suspect.graph.inputShape, classCount: suspect.classCount,
        layout: layout.flatMap { LayoutName(rawValue: $0) }?.layout,
        keys: (keys[role] ?? keys[""]).flatMap { DataKeys($0) }, sandbox: sandbox)
    }
    return try Experiment(
      suspect: suspect, clean: clean.map { try CleanData(data($0, "clean")) },
      test: test.map { try CleanData(data($0, "test")) },
      poisoned: poisoned.map { try PoisonedData(data($0, "poisoned")) },
      training: train.map { try TrainingData(data($0, "train")) },
      replaysCurves: replaysCurves)
  }
}

/// What a file is known by as long as nobody writes to it or puts another one in its place.
struct FileStamp: Equatable, Sendable {
  private let number: Int?
  private let size: Int?
  private let modified: Date?

  init(_ path: String) {
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
    number = attributes?[.systemFileNumber] as? Int
    size = attributes?[.size] as? Int
    modified = attributes?[.modificationDate] as? Date
  }
}

/// What a comparison reads of the report that `attack` leaves in its folder.
private struct AttackFolderReport: Decodable {
  struct File: Decodable {
    let role: String
    let file: String
  }

  let files: [File]
  /// The factor for the images' bytes that the model's file does not tell.
  let inputScale: Float?

  /// The largest report that is read.
  private static let limit = 1 << 26

  static func read(_ folder: String) throws(Failure) -> AttackFolderReport {
    let path = "\(folder)/report.json"
    var isFolder: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
      throw Failure(
        Failure.missingInput,
        "\(folder): no such folder; \(advice(onMissing: folder, besides: [ModelFiles.builtInName]))"
      )
    }
    guard isFolder.boolValue else {
      throw Failure(
        Failure.data,
        "\(folder) is a file; give a folder that 'attack' wrote, or the model's data too: clean, test and "
          + "poisoned images")
    }
    let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? nil
    guard let size, size <= limit, let data = FileManager.default.contents(atPath: path) else {
      throw Failure(
        Failure.missingInput, "\(path): no such report; give a folder that 'attack' wrote")
    }
    guard let report = try? JSONDecoder().decode(AttackFolderReport.self, from: data),
      report.files.allSatisfy({ !$0.file.contains("/") && !$0.file.hasPrefix(".") })
    else {
      throw Failure(
        Failure.data, "\(path) is no report of 'attack'; give a folder that 'attack' wrote")
    }
    return report
  }
}
