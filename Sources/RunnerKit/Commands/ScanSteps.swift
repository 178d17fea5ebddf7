internal import DefenseKit

/// The commands that may follow a scan, with names of files to fill in where the scan had none:
/// `test.h5`, `clean.h5`.
struct ScanSteps {
  private let command: ScanCommand
  /// The path of the model's file.
  private let path: String
  private let images: ScanCommand.Images

  init(_ command: ScanCommand, of path: String, _ images: ScanCommand.Images) {
    (self.command, self.path, self.images) = (command, path, images)
  }

  private var arguments: ModelArguments { command.arguments }
  private var clean: String? { command.clean }
  private var test: String? { command.test }
  /// The scanned model as `scan` names it; empty for the built-in network.
  private var model: [String] { command.model.map { [$0] } ?? [] }

  /// Returns the commands.
  ///
  /// - Throws: The errors of the images' source, and of finding the built-in network.
  func steps(after scan: ModelScan, _ plugins: PluginSet) throws -> [ModelScan.Step] {
    var steps = try triggerSteps(scan)
    if scan.isBackdoored { steps += repairSteps(after: scan, plugins) }
    if images.clean == nil {
      let names = scan.omissions.filter(\.lacksImages).map(\.verdict)
      if !names.isEmpty {
        steps.append(
          step(
            "With clean images, \(names.joined(separator: " and ")) can judge the model too",
            ["scan"] + model + ["--clean", "clean.h5"] + given))
      }
    }
    if command.output == nil, scan.isBackdoored {
      let keepsTriggers = scan.answers.contains { !$0.result.triggers.isEmpty }
      steps.append(
        step(
          "Write a page with all scores\(keepsTriggers ? ", and the triggers found" : "")",
          ["scan"] + model + sets([.clean: clean, .test: test]) + given
            + ["--output", "scan"]))
    }
    if scan.audit?.findings.contains(where: { $0.rule.severity > .note }) ?? false {
      steps.append(
        step("Look at the layers and the audit's findings", ["inspect", path] + architecture))
    }
    return steps
  }

  /// The number of triggers with steps.
  private static let largestTriggers = 3

  /// Returns the commands that apply the triggers found, and measure them.
  private func triggerSteps(_ scan: ModelScan) throws -> [ModelScan.Step] {
    guard let output = command.output else { return [] }
    let found = scan.answers.flatMap { zip($0.result.triggers, $0.files) }
      .prefix(Self.largestTriggers)
    guard !found.isEmpty else { return [] }
    let range = try (images.test ?? images.clean)?.valueRange() ?? 0...255
    // Triggers are applied to pictures only.
    guard range == 0...1 || range == 0...255 else { return [] }
    let (file, role): (String?, DataRole) =
      images.labelledRoles.contains(.test) ? (test, .test) : (clean, .clean)
    let source =
      try command.model == nil
      ? EmbeddedDefault.find().0.testName : images.labelledRoles.contains(role) ? file : nil
    let keys = source == nil ? [] : self.keys(role).map { ["--keys", $0] } ?? []
    let reading = source == nil ? [] : self.reading
    // Triggered images have values of 0...255.
    var preprocessing = arguments.preprocessing
    if range == 0...1 { preprocessing.scale /= 255 }
    return found.flatMap { trigger, file in
      let triggered = "triggered-\(file.dropFirst("trigger-".count))"
      let target = trigger.goal.target
      return [
        step(
          "Apply the trigger of class \(target) to labelled images",
          [
            "trigger", "apply", Self.path(output, file), "--data", source ?? "test.h5", "--output",
            triggered,
          ] + keys + reading),
        step(
          "Measure how often it leads to class \(target)",
          ["evaluate", path, "--poisoned", triggered] + options(preprocessing) + architecture),
      ]
    }
  }

  /// Returns the command that repairs the model: with a trigger found, or before a search for
  /// some, by `trigger-unlearning`, else by `fine-pruning`.
  private func repairSteps(
    after scan: ModelScan, _ plugins: PluginSet
  ) -> [ModelScan.Step] {
    let defenses = plugins.names(of: .defense)
    let finders = scan.answers.filter { $0.result.isBackdoored && !$0.result.triggers.isEmpty }
      .map(\.verdict)
    let (unlearning, pruning) = ("trigger-unlearning", "fine-pruning")
    if defenses.contains(unlearning), !finders.isEmpty || images.clean == nil {
      let purpose =
        finders.isEmpty
        ? "With clean images, which need no labels, find triggers and train the model to ignore them"
        : "Train the model to ignore the triggers found"
      let standard = "occluder-search"
      let finder = finders.contains(standard) ? standard : finders.first ?? standard
      let settings =
        finder == standard ? [] : ["--option", "\(unlearning).verdict=\(finder)"]
      return [repairStep(purpose, unlearning, clean ?? "clean.h5", settings, plugins)]
    }
    guard defenses.contains(pruning) else { return [] }
    let labelled = images.labelledRoles.contains(.clean) ? clean : nil
    return [
      repairStep(
        "Repair the model with labelled clean images", pruning, labelled ?? "clean.h5", [], plugins)
    ]
  }

  private func repairStep(
    _ purpose: String, _ defense: String, _ clean: String, _ settings: [String],
    _ plugins: PluginSet
  ) -> ModelScan.Step {
    let detector =
      plugins.names(of: .detector).contains("goodnet") ? ["--detector", "goodnet"] : []
    let known: [DataRole: String?] = [
      .clean: clean, .test: images.labelledRoles.contains(.test) ? test : nil,
    ]
    let keys = [DataRole.clean, .test].filter { images.labelledRoles.contains($0) }.flatMap {
      role in
      self.keys(role).map { ["--keys", "\(role.rawValue)=\($0)"] } ?? []
    }
    let inputs =
      command.model.map { ["--model", $0] + sets(known) } ?? []
    return step(
      purpose,
      ["run", "--defense", defense] + detector + inputs + settings + seed
        + options(arguments.preprocessing) + keys + reading + architecture
        + ["--output", "repaired"])
  }

  private func step(_ purpose: String, _ words: [String]) -> ModelScan.Step {
    .init(purpose, ([programName] + words).map(shellWord).joined(separator: " "))
  }

  /// Returns the path of a file in a folder.
  private static func path(_ folder: String, _ file: String) -> String {
    folder.hasSuffix("/") ? folder + file : "\(folder)/\(file)"
  }

  /// Returns the options that name data sets.
  private func sets(_ paths: [DataRole: String?]) -> [String] {
    DataRole.allCases.flatMap { role in
      (paths[role] ?? nil).map { [role.option, $0] } ?? []
    }
  }

  /// The options of the scan besides data sets and output.
  private var given: [String] {
    command.verdict.flatMap { ["--verdict", $0] } + command.option.flatMap { ["--option", $0] }
      + seed + options(arguments.preprocessing)
      + arguments.data.naming.texts.sorted { $0.key < $1.key }.flatMap {
        ["--keys", $0.key.isEmpty ? $0.value : "\($0.key)=\($0.value)"]
      } + reading + architecture
  }

  private var seed: [String] { command.seed == 0 ? [] : ["--seed", "\(command.seed)"] }

  private func options(_ preprocessing: Preprocessing) -> [String] {
    [
      ("--scale", preprocessing.scale == 1 ? [] : [preprocessing.scale]),
      ("--mean", preprocessing.mean), ("--std", preprocessing.deviation),
    ].flatMap { (option: String, values: [Float]) in
      values.isEmpty ? [] : [option, values.map(Preprocessing.text).joined(separator: ",")]
    } + (preprocessing.channels == .rgb ? [] : ["--channels", preprocessing.channels.rawValue])
  }

  /// Returns the names of images and labels in a role's file; nil for the standard ones.
  private func keys(_ role: DataRole) -> String? {
    let texts = arguments.data.naming.texts
    return texts[role.rawValue] ?? texts[""]
  }

  /// The options that say how files of images are read, besides the names in them.
  private var reading: [String] {
    let data = arguments.data
    return [
      ("--layout", data.layout?.rawValue), ("--labels", data.labels?.rawValue),
      ("--resize", data.resize.map { "\($0.value)" }),
      ("--crop", data.crop.map { "\($0.value)" }),
    ].flatMap { (option: String, value: String?) in value.map { [option, $0] } ?? [] }
  }

  private var architecture: [String] {
    (arguments.architecture.map { ["--architecture", $0] } ?? [])
      + (arguments.outputLayer.map { ["--output-layer", $0] } ?? [])
  }
}
