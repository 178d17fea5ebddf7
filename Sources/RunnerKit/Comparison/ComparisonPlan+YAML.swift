internal import DefenseKit
private import Foundation

extension ComparisonPlan {
  private static let keys = ["models"] + kinds.map(\.key) + ["seeds", "timeout"]

  /// Reads a plan:
  ///
  ///     models:
  ///       - badnets                 # a folder of 'attack'; {seed} in it stands for each seed
  ///       - name: mine
  ///         model: suspect.h5
  ///         clean: clean.h5
  ///         test: test.h5
  ///         poisoned: poisoned.h5
  ///         scale: 1/255
  ///     defenses:
  ///       - fine-pruning
  ///       - name: fine-pruning
  ///         label: pruning
  ///         options: {epochs: 0}
  ///     detectors: all
  ///     data-set-detectors: [spectral-signatures]
  ///     verdicts: all
  ///     seeds: 0-4
  ///     timeout: 600
  ///
  /// - Throws: ``Failure`` that names the file, the line and, for an unknown word, the nearest
  ///   known one.
  init(_ root: YAMLNode, plugins: PluginSet, seeds given: [UInt64]? = nil) throws {
    let entries = try root.mapping(keys: Self.keys)
    seeds = try given ?? entries["seeds"].map { try Self.seeds($0) } ?? [0]
    choices = [:]
    for kind in Self.kinds {
      choices[kind] = try entries[kind.key].map {
        try Self.choices($0, plugins.names(of: kind)) { name, settings throws(PluginError) in
          PluginChoice(any: try plugins.plugin(kind, named: name, settings: settings))
        }
      }
    }
    timeout = Self.defaultTimeout
    if let node = entries["timeout"] {
      guard let seconds = Double(try node.text), seconds > 0, seconds <= 1e9 else {
        throw node.refusal("timeout takes seconds, over 0")
      }
      timeout = seconds
    }
    subjects = []
    for node in try entries["models"]?.list ?? [] { subjects += try Self.subjects(node, seeds) }
  }

  /// Throws if two models, two defenses or two other plugins share a name, or one has an empty
  /// name.
  func checkNames() throws(Failure) {
    func check(_ names: [String], _ kind: String, _ advice: String) throws(Failure) {
      if names.contains(where: { $0.allSatisfy(\.isWhitespace) }) {
        throw Failure(Failure.usage, "one of the \(kind) has an empty \(advice); give it another")
      }
      if advice == "label", names.contains("suspect") {
        throw Failure(
          Failure.usage,
          "'suspect' is the name of the original model; give the \(kind) other labels")
      }
      var seen: Set<String> = []
      if let twice = names.first(where: { !seen.insert($0).inserted }) {
        // Only a plan can set names.
        throw Failure(
          Failure.usage,
          "two \(kind) are called '\(twice)'; give one another '\(advice)' in a plan, or leave it out"
            .visible)
      }
    }
    // A model that depends on the seed occurs once for each.
    for seed in seeds {
      try check(
        subjects.filter { $0.seed ?? seed == seed }.map(\.model.name), "models", "name")
    }
    try check((choices[.defense] ?? []).map(\.label), "defenses", "label")
    let otherPlugins = Self.kinds.filter { $0 != .defense && choices[$0]?.isEmpty == false }
    try check(
      otherPlugins.flatMap { choices[$0] ?? [] }.map(\.label),
      otherPlugins.map(\.plural).joined(separator: ", "), "label")
  }

  /// Returns the model of a folder that `attack` wrote: once, or for each seed if the path has
  /// {seed}.
  static func subjects(folder: String, _ seeds: [UInt64]) throws -> [Subject] {
    try subjects(YAMLNode(file: "", line: 1, value: .text(folder)), seeds)
  }

  /// Returns the seeds of a text like `0-4` or `0,2,7`; nil if it is malformed or repeats a seed.
  static func seeds(_ text: String) -> [UInt64]? {
    var seeds: [UInt64] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
      guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], first <= last,
        last - first < 10_000
      else { return nil }
      seeds += Array(first...last)
    }
    return Set(seeds).count == seeds.count ? seeds : nil
  }

  private static func seeds(_ node: YAMLNode) throws -> [UInt64] {
    guard let seeds = seeds(try node.texts.joined(separator: ",")) else {
      throw node.refusal("seeds takes different integers of at least 0, such as [0, 1, 2] or 0-4")
    }
    return seeds
  }

  /// Reads a list of plugins, each a name or a mapping with name, label and options, or "all".
  private static func choices(
    _ node: YAMLNode, _ all: [String],
    _ make: (String, [OptionSetting]) throws(PluginError) -> PluginChoice
  ) throws -> [PluginChoice] {
    let list = try node.list
    if list.contains(where: { $0.isText("all") }) {
      guard list.count == 1 else {
        throw node.refusal("'all' means every one; leave out the others")
      }
      return try all.map { try make($0, []) }
    }
    return try list.map { node in
      var (label, settings): (String?, [OptionSetting]) = (nil, [])
      var lines: [String: Int] = [:]
      let name: String
      if case .mapping = node.value {
        let entries = try node.mapping(keys: ["name", "label", "options"])
        guard let named = entries["name"] else { throw node.refusal("a plugin needs a name") }
        name = try named.text
        label = try entries["label"]?.text
        for option in try entries["options"]?.mapping ?? [] {
          lines[option.key] = option.line
          settings.append(
            OptionSetting(
              plugin: name, name: option.key, value: try option.node.texts.joined(separator: ",")))
        }
      } else {
        name = try node.text
      }
      do {
        var choice = try make(name, settings)
        choice.label = label ?? choice.label
        return choice
      } catch let error as PluginError {
        // An error about an option is placed at its line.
        var line: Int?
        if case .option(let option, _) = error.subject { line = lines[UserText.kebab(option)] }
        throw node.refusal(UserText.line(error), line: line)
      }
    }
  }

  private static let modelKeys =
    ["name", "folder", "model"] + DataRole.allCases.map(\.rawValue) + [
      "architecture", "output-layer", "scale", "mean", "std", "channels", "resize", "crop",
      "layout", "keys",
      "labels", "target", "group",
    ]

  /// Reads a model: once, or once for each seed if its paths contain {seed}.
  private static func subjects(_ node: YAMLNode, _ seeds: [UInt64]) throws -> [Subject] {
    let entries: [YAMLNode.Entry]
    if case .mapping = node.value {
      entries = try node.mapping(keys: modelKeys)
    } else {
      entries = [.init(key: "folder", line: node.line, node: node)]
    }
    let texts = try entries.filter { $0.key != "keys" }.map { try $0.node.text }
    guard texts.contains(where: { $0.contains("{seed}") }) else {
      return [Subject(model: try model(node, entries, seed: nil), seed: nil)]
    }
    return try seeds.map { Subject(model: try model(node, entries, seed: $0), seed: $0) }
  }

  private static func model(
    _ node: YAMLNode, _ entries: [YAMLNode.Entry], seed: UInt64?
  ) throws -> ModelFiles {
    func text(_ key: String) throws -> String? {
      try entries[key]?.text.replacing("{seed}", with: seed.map { "\($0)" } ?? "")
    }
    var model: ModelFiles
    if let folder = try text("folder") {
      // A key that the folder makes ineffective is an error.
      let isBuiltIn = folder == ModelFiles.builtInName
      if let other = entries.first(where: {
        $0.key == "model" || (isBuiltIn && !["folder", "name"].contains($0.key))
      }) {
        throw node.refusal(
          "'\(other.key)' cannot be combined with 'folder: \(folder)', which has its own",
          line: other.line)
      }
      if isBuiltIn {
        model = .builtIn
      } else {
        model = try located(node) { () throws(Failure) in try ModelFiles(folder: folder) }
        model.name = Self.name(try entries["folder"]?.text ?? folder, ModelFiles.name(ofFolder:))
      }
    } else {
      guard let path = try text("model") else {
        throw node.refusal("a model needs a folder that 'attack' wrote, or the file of the model")
      }
      model = ModelFiles(
        name: Self.name(try entries["model"]?.text ?? path, ModelFiles.name(of:)), model: path)
    }
    if let named = try entries["name"]?.text { model.name = named }
    for role in DataRole.allCases {
      model.sets[role] = try text(role.rawValue) ?? model.sets[role]
    }
    model.architecture = try text("architecture")
    model.outputLayer = try entries["output-layer"]?.text
    func value<Value>(
      _ key: String, _ form: String, _ parse: (String) -> Value?
    ) throws -> Value? {
      guard let node = entries[key] else { return nil }
      guard let value = parse(try node.text) else { throw node.refusal("\(key) takes \(form)") }
      return value
    }
    let channels = "numbers with commas between, such as .5 or .485,.456,.406"
    model.preprocessing = Preprocessing(
      scale: try value("scale", "a number over 0 or a fraction such as 1/255") {
        Scale(argument: $0)?.factor
      } ?? 1,
      mean: try value("mean", channels) { ChannelValues(argument: $0)?.values } ?? [],
      deviation: try value("std", channels) { ChannelValues(argument: $0)?.values } ?? [],
      channels: try value("channels", "rgb or bgr") { ColourOrder(rawValue: $0) } ?? .rgb)
    model.format.layout = try value("layout", "nchw or nhwc") { ImageLayout(rawValue: $0) }
    model.format.labels = try value("labels", "sorted or numeric") { ClassNaming(rawValue: $0) }
    model.format.fitting = ImageFitting(
      resize: try value("resize", "the shorter side or height x width, such as 256 or 32x32") {
        ResizeSize(argument: $0)?.value
      },
      crop: try value("crop", "both sides or height x width, such as 224 or 224x192") {
        CropSize(argument: $0)?.value
      })
    if let node = entries["keys"] { model.format.keys = try keys(node) }
    model.format.target = try value("target", "a class") {
      Int($0).flatMap { $0 >= 0 ? $0 : nil }
    }
    model.format.group = try value(
      "group", "label, or the name of a data set with the images' groups"
    ) { DataGroup($0).map { "\($0)" } }
    for (role, path) in model.files where FileIdentity(DataPlace(path).path) == nil {
      let place = entries[role] ?? node
      throw place.refusal(
        "\(path): no such file; \(advice(onMissing: path))", status: Failure.missingInput)
    }
    return model
  }

  /// Reads `IMAGES,LABELS` or a list of both, for all data sets or by role.
  private static func keys(_ node: YAMLNode) throws -> [String: String] {
    func text(_ node: YAMLNode) throws -> String {
      let text = try node.texts.joined(separator: ",")
      guard DataKeys(text) != nil else {
        throw node.refusal("keys takes the names of images and labels, such as X_train,Y_train")
      }
      return text
    }
    guard case .mapping = node.value else { return ["": try text(node)] }
    let entries = try node.mapping(keys: DataRole.allCases.map(\.rawValue))
    return try Dictionary(uniqueKeysWithValues: entries.map { ($0.key, try text($0.node)) })
  }

  /// Returns a model's name for all seeds: the last part of its path that consists of more than the
  /// seed.
  private static func name(_ path: String, _ last: (String) -> String) -> String {
    var path = path
    while true {
      let name = String(
        last(path).replacing("{seed}", with: "").reversed().drop { "-_. ".contains($0) }.reversed())
      let parent = URL(fileURLWithPath: path).deletingLastPathComponent().relativePath
      if !name.isEmpty || parent == path || parent == "/" || parent == "." { return name }
      path = parent
    }
  }

  private static func located<Result>(
    _ node: YAMLNode, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    do {
      return try body()
    } catch {
      throw node.refusal(error.message ?? "", status: error.status)
    }
  }
}

extension PluginChoice {
  /// Creates the choice of an existing plugin of any kind.
  init(any plugin: any Plugin, label: String? = nil) {
    func choice<P: Plugin>(_ plugin: P) -> PluginChoice { PluginChoice(plugin, label: label) }
    self = choice(plugin)
  }
}
