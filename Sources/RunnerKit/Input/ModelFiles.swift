internal import DefenseKit
private import Foundation

/// A model and its data as options or a plan name them: the files, and how to read them.
struct ModelFiles: Codable, Sendable, Hashable {
  /// The model's name in a comparison.
  var name: String
  /// The model's file; nil for the bundled network.
  var model: String?
  /// The files of the data sets.
  var sets: [DataRole: String]
  /// A file that describes the network, if the model's file holds only weights.
  var architecture: String?
  /// The name of the output with the scores, for a model with several.
  var outputLayer: String?
  /// What happens to the images' values before they enter the network.
  var preprocessing = Preprocessing()
  /// The format of the data sets.
  var format = DataFormat()

  /// The bundled network's name in a plan.
  static let builtInName = "built-in"

  /// The bundled network.
  static let builtIn = ModelFiles(name: builtInName)

  /// Creates the model of a folder that `attack` wrote.
  ///
  /// - Throws: ``Failure`` with status 66 if the folder or its report is missing, 65 if it is not
  ///   such a folder.
  init(folder: String) throws(Failure) {
    let report = try AttackFolderReport.read(folder)
    func path(_ role: String) -> String? {
      report.files.first { $0.role == role }.map { "\(folder)/\($0.file)" }
    }
    guard let model = path("model") else {
      throw Failure(
        Failure.data, "\(folder)/report.json names no model; give a folder that 'attack' wrote")
    }
    self.init(name: Self.name(ofFolder: folder), model: model)
    for role in DataRole.allCases { sets[role] = path(role.rawValue) }
    preprocessing.scale = report.inputScale ?? 1
  }

  init(name: String, model: String? = nil, sets: [DataRole: String] = [:]) {
    self.name = name
    self.model = model
    self.sets = sets
  }

  /// Takes over what a record of BackdoorBench says and the options leave open.
  ///
  /// - Throws: ``Failure`` with status 64 if the record does not say something that is needed.
  mutating func take(_ record: BackdoorRecord, besides arguments: ModelArguments) throws(Failure) {
    if let triggered = record.triggered, sets[.poisoned] == nil {
      guard let target = format.target ?? record.target else {
        throw Failure(
          option: "--target",
          "is needed: the record does not say which single class its trigger leads to")
      }
      sets[.poisoned] = triggered
      format.target = target
      format.isRecord = true
    }
    guard arguments.scale == nil, arguments.mean == nil, arguments.std == nil else { return }
    guard let known = record.preprocessing else {
      throw Failure(
        option: "--scale",
        "is needed: BackdoorBench has no normalization for '\(record.dataSet.visible)'")
    }
    preprocessing.scale = known.scale
    preprocessing.mean = known.mean
    preprocessing.deviation = known.deviation
  }

  /// Returns a folder's last path component.
  static func name(ofFolder path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
  }

  /// Returns a file's last path component without its extension.
  static func name(of path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.deletingPathExtension().lastPathComponent
  }

  /// The files by role, with their paths as named.
  var files: [(role: String, path: String)] {
    let all =
      [("model", model), ("architecture", architecture)]
      + DataRole.allCases.map { ($0.rawValue, sets[$0]) }
    return all.compactMap { role, path in path.map { (role, $0) } }
  }

  /// The current versions of the files, in the order of ``files``.
  var stamps: [FileStamp] { files.map { FileStamp(DataPlace($0.path).path) } }

  /// Returns everything that results depend on: the files' hashes by role, and how they are read.
  ///
  /// - Throws: ``Failure`` or `FileError` with status 66 for a missing file.
  func inputs() throws -> [String: String] {
    var inputs: [String: String] = [:]
    guard model != nil else {
      let (description, model, trigger) = try EmbeddedDefault.find()
      inputs["model"] = try sha256(ofFile: model)
      inputs["trigger"] = try sha256(ofFile: trigger)
      inputs[DataRole.clean.rawValue] = try description.images(description.clean).sha256()
      inputs[DataRole.test.rawValue] = try description.images(description.test).sha256()
      return inputs
    }
    for (role, text) in files {
      let place = DataPlace(text)
      let part = format.part(of: role)
      inputs[role] =
        try DataSet.sha256(ofFolder: place.path, part: part) ?? sha256(ofFile: place.path)
      if let range = place.range {
        inputs["range of \(role)"] = "\(range.lowerBound)-\(range.upperBound)"
      }
    }
    inputs["scale"] = "\(preprocessing.scale)"
    if !preprocessing.isScaling { inputs["preprocessing"] = "\(preprocessing)" }
    if format.fitting != ImageFitting() { inputs["fitting"] = "\(format.fitting)" }
    inputs["output layer"] = outputLayer
    inputs["layout"] = format.layout?.rawValue
    inputs["labels"] = format.labels?.rawValue
    inputs["target"] = format.target.map(String.init)
    inputs["group"] = format.group
    for (option, names) in format.keys {
      inputs[option.isEmpty ? "keys" : "keys of \(option)"] = names
    }
    return inputs
  }

  /// Opens a repaired copy of the model, which may be of another kind.
  func loadCopy(_ path: String, sandbox: Sandbox) throws -> Model {
    let architecture = try ModelFile.architecture(architecture, for: path)
    func load(_ outputLayer: String?) throws -> Model {
      try self.load(path, architecture, outputLayer, sandbox)
    }
    do {
      return try load(nil)
    } catch let error as FileError where error.kind == .usage && outputLayer != nil {
      // A copy of a file with several outputs has them too.
      return try load(outputLayer)
    }
  }

  /// Opens this model's file.
  ///
  /// - Throws: The errors of reading; ``Failure`` for preprocessing that does not fit the images.
  func load(_ path: String, sandbox: Sandbox) throws -> Model {
    try load(path, architecture, outputLayer, sandbox)
  }

  private func load(
    _ path: String, _ architecture: String?, _ outputLayer: String?, _ sandbox: Sandbox
  ) throws -> Model {
    var preprocessing = preprocessing
    preprocessing.fitting = format.fitting
    let model = try ModelFile.load(
      path, architecture: architecture, outputLayer: outputLayer, preprocessing: preprocessing,
      sandbox: sandbox)
    if let problem = preprocessing.problem(for: model.graph.inputShape) {
      let advice =
        preprocessing.channels == .bgr && model.graph.inputShape.last != 3
        ? "leave --channels out"
        : "give one value, or one for each channel of its images, to --mean and --std"
      throw Failure(Failure.data, "\(path): \(problem); \(advice)", about: .file(path))
    }
    return model
  }

  /// Opens the data set of an option, which is named without dashes.
  ///
  /// - Parameter requiresLabels: Whether a file without labels is refused.
  func data(
    _ path: String, as option: String, for model: Model, requiresLabels: Bool = true,
    sandbox: Sandbox
  ) throws(FileError) -> DataSet {
    try format.load(
      path, as: option, imageShape: model.graph.inputShape, classCount: model.classCount,
      requiresLabels: requiresLabels, sandbox: sandbox)
  }

  /// Opens the model and its data. Only the clean images may lack labels, or be a folder.
  ///
  /// - Parameters:
  ///   - plugins: Plugins that will use the clean images; without labels the first that needs them
  ///     is an error.
  ///   - others: Plugins to suggest instead.
  func experiment(
    for plugins: [any Plugin.Type] = [], besides others: [any Plugin.Type] = [],
    replaysCurves: Bool = false, sandbox: Sandbox
  ) throws -> Experiment {
    guard let model else {
      return try EmbeddedDefault.experiment(replaysCurves: replaysCurves, sandbox: sandbox)
    }
    let suspect = try load(model, sandbox: sandbox)
    func data(_ role: DataRole) throws -> DataSet? {
      try sets[role].map {
        try self.data($0, as: role.rawValue, for: suspect, sandbox: sandbox)
      }
    }
    return try Experiment(
      suspect: suspect,
      clean: sets[.clean].map {
        try clean($0, for: suspect, plugins, besides: others, sandbox: sandbox)
      },
      test: data(.test).map { try CleanData($0) },
      poisoned: data(.poisoned).map { try PoisonedData($0) },
      train: data(.train).map { try TrainingData($0) }, replaysCurves: replaysCurves)
  }

  /// Opens the clean images, without labels if no plugin needs them.
  ///
  /// - Parameters:
  ///   - plugins: The plugins that will use them.
  ///   - others: Plugins to suggest instead of the first that needs labels.
  /// - Throws: `FileError` that names the plugin; the errors of reading.
  func clean(
    _ path: String, for model: Model, _ plugins: [any Plugin.Type],
    besides others: [any Plugin.Type] = [], sandbox: Sandbox
  ) throws -> CleanData {
    let data = try data(
      path, as: DataRole.clean.rawValue, for: model, requiresLabels: false, sandbox: sandbox)
    guard !data.isLabelled else { return try CleanData(data) }
    guard let plugin = plugins.first(where: { $0.requiresLabels }) else {
      return try CleanData(
        data, labels: data.labels, isLabelled: false, groups: data.groups, name: data.name,
        notes: data.notes + ["\(data.name): has no labels, so no accuracy is measured on it"],
        hash: { try data.sha256() })
    }
    do {
      return try CleanData(
        self.data(path, as: DataRole.clean.rawValue, for: model, sandbox: sandbox))
    } catch let error as FileError {
      let inputs = PluginInputs(
        model: model, cleanImages: data.count, hasLabels: false, hasRepairedModel: true)
      let able = others.filter { $0.kind == plugin.kind && inputs.satisfy($0) }.map { $0.name }
      throw FileError(
        error.kind, path: error.path,
        "\(plugin.name) needs the images' labels, but it \(error.problem)",
        remedies: error.remedies
          + (able.isEmpty ? [] : [.advice("try \(alternatives(able)) instead")]))
    }
  }
}
