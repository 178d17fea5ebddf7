internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// Compares defenses and detectors on models, over seeds.
struct CompareCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "compare",
      abstract: "Compare defenses, detectors and verdicts on models, over seeds.",
      discussion: discussion(
        """
        Measures models x plugins x seeds, given by a plan (YAML) or by options, which override \
        the plan. Every combination is a unit. The output folder keeps the result of each finished \
        unit, so that the same command continues an interrupted comparison. Units that share a \
        repair are measured together, in their own process. A unit that fails becomes a row with \
        the reason.

        A plan:

          models:
            - results/badnets            # folder written by 'attack'
            - results/blended-{seed}     # a folder for each seed
            - {name: mine, model: suspect.h5, clean: a.h5, test: b.h5, poisoned: c.h5}
          defenses:
            - clp
            - {name: fine-pruning, label: pruning, options: {epochs: 0}}
          detectors: all
          data-set-detectors: [spectral-signatures]
          verdicts: all
          seeds: 0-4
          timeout: 600                   # seconds for a defense, and for a detector

        Exit status: 0 if all units are done, 2 if some failed permanently, 75 if another attempt \
        may succeed, for example after memory ran out. A unit fails permanently after three \
        attempts.
        """))
  }

  static var examples: [Example] {
    [
      Example(
        "Two defenses and all detectors on the built-in network",
        """
        compare --model built-in --defense fine-pruning,fine-tuning \\
          --detector all --output comparison
        """),
      Example(
        "A plan with five seeds for each model",
        "compare plan.yaml --seeds 0-4 --output comparison"),
      Example(
        "The first third of a plan, for one of three machines",
        "compare plan.yaml --shard 1/3 --output part-1"),
    ]
  }

  @Argument(
    help: ArgumentHelp("Plan of the comparison.", valueName: "plan"),
    completion: .file(extensions: ["yaml", "yml"]))
  var plan: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Folder written by 'attack', or 'built-in' for the built-in network; repeatable or "
        + "comma-separated. With --clean, one model's file.",
      valueName: "folder"),
    completion: .filesOr([ModelFiles.builtInName]))
  var model: [String] = []

  @Option(
    name: .role(.clean),
    help: ArgumentHelp("Clean images for the defense, if --model names a file.", valueName: "file"),
    completion: .dataSet)
  var clean: String?

  @Option(
    name: .role(.test),
    help: ArgumentHelp(
      "Clean images for the evaluation, if --model names a file.", valueName: "file"),
    completion: .dataSet)
  var test: String?

  @Option(
    name: .role(.poisoned),
    help: ArgumentHelp(
      "Triggered images for the evaluation, if --model names a file.", valueName: "file"),
    completion: .dataSet)
  var poisoned: String?

  @Option(
    name: .role(.train),
    help: ArgumentHelp(
      "Training set of the model, for data-set detectors, if --model names a "
        + "file.", valueName: "file"),
    completion: .dataSet)
  var train: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Defenses, or 'all'; repeatable or comma-separated.", valueName: "name"),
    completion: .pluginList { $0.names(of: .defense) + ["all"] })
  var defense: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Detectors, or 'all'; repeatable or comma-separated.", valueName: "name"),
    completion: .pluginList { $0.names(of: .detector) + ["all"] })
  var detector: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Data-set detectors for the models' training sets, or 'all'.", valueName: "name"),
    completion: .pluginList { $0.names(of: .dataSetDetector) + ["all"] })
  var dataSetDetector: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Verdicts on the models, or 'all'.", valueName: "name"),
    completion: .pluginList { $0.names(of: .verdict) + ["all"] })
  var verdict: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Option of a plugin, for every use of that plugin in the plan; repeatable. See 'list'.",
      valueName: "plugin.name=value"),
    completion: .pluginOptions(of: ComparisonPlan.kinds))
  var option: [String] = []

  @Option(help: ArgumentHelp("Seeds, as in 0-4 or 1,3; default 0.", valueName: "seeds"))
  var seeds: String?

  @Option(
    help: ArgumentHelp(
      "Time limit in seconds for a defense, and for a detector with it; default 3600.",
      valueName: "seconds"))
  var timeout: Double?

  @Option(
    help: ArgumentHelp(
      "Folder for all results; resumes the comparison in it, if any.", valueName: "folder"),
    completion: .directory)
  var output: String

  @Option(
    help: ArgumentHelp(
      "Measure only part i of n, for one of n machines; see 'merge'.", valueName: "i/n"))
  var shard: String?

  @Flag(help: "Measure units again that failed permanently.")
  var retry = false

  @OptionGroup var targeting: TargetArgument

  @OptionGroup var grouping: GroupArgument

  @OptionGroup var arguments: ModelArguments

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    try arguments.check(DataRole.allCases)
    let shard = try shard.map { try Shard($0) }
    let plan = try makePlan(session.plugins)
    let progress = ProgressLine(isQuiet: common.quiet)
    let context = RunContext(execution: arguments.execution.options, progress: progress)
      .inUserWords
    let stages = try plan.stages(session.plugins, in: context)
    let units = stages.flatMap(\.units)
    let folder = try ComparisonFolder(output, for: units)
    let own = shard.map { $0.part(of: stages) } ?? stages
    if retry { try folder.removeFailures(of: own.flatMap(\.units)) }
    let run = ComparisonRun(
      plan: plan, folder: folder, threads: arguments.execution.options.threads,
      sandbox: arguments.execution.parsing.sandbox, progress: progress, warn: { context.warn($0) })
    let postponed = try run.run(own)
    let wanted = own.flatMap(\.units)
    let records = try folder.records(of: wanted)
    if let shard {
      try StandardOutput.write(
        "\(records.count) of the \(wanted.count) units of part \(shard.index)/\(shard.count) are "
          + "in \(output); combine all parts with '\(programName) merge'\n")
    } else {
      let done = Dictionary(uniqueKeysWithValues: records.map { ($0.key, $0) })
      let all = wanted.map { unit in
        done[unit.key] ?? ComparisonRecord(unit, pending: postponed[unit.key] ?? "not measured")
      }
      let settings = [
        ("Threads", "\(run.threads)"), ("Timeout", "\(plan.timeout.optionText) s"),
      ]
      try ComparisonOutput(folder, all, arguments: session.arguments, settings: settings).write()
    }
    let reason = wanted.first { postponed[$0.key] != nil }.map {
      "\($0.title): \(postponed[$0.key] ?? "")"
    }
    try Self.check(records, of: wanted.count, reason)
  }

  /// Throws if units failed or are not done.
  static func check(
    _ records: [ComparisonRecord], of count: Int, _ reason: String? = nil
  ) throws(Failure) {
    if records.count < count {
      throw Failure(
        Failure.tryAgain,
        "\(count - records.count) of \(count) units remain"
          + "\(reason.map { " (\($0))" } ?? ""); run the same command again")
    }
    let failed = records.count { $0.failure != nil }
    if failed > 0 {
      throw Failure(
        Failure.incomplete,
        "\(failed) of \(count) units failed permanently; the results say why (--retry measures "
          + "them again)")
    }
  }

  private func makePlan(_ plugins: PluginSet) throws -> ComparisonPlan {
    var plan: ComparisonPlan
    if let file = self.plan {
      plan = try ComparisonPlan(try YAMLFile.read(file), plugins: plugins, seeds: try givenSeeds())
    } else {
      plan = ComparisonPlan(
        subjects: [], choices: [:], seeds: try givenSeeds() ?? [0],
        timeout: ComparisonPlan.defaultTimeout)
    }
    func choices(_ arguments: [String], _ all: [String], _ option: String) throws -> [PluginChoice]?
    {
      let names = commaSeparated(arguments)
      guard names.count < 2 || !names.contains("all") else {
        throw Failure(option: option, "all means every one; leave out the others")
      }
      return names.isEmpty ? nil : (names == ["all"] ? all : names).map { PluginChoice(name: $0) }
    }
    let settings = try option.map { text throws(PluginError) in try OptionSetting(text) }
    let named: [PluginKind: [String]] = [
      .defense: defense, .detector: detector, .dataSetDetector: dataSetDetector, .verdict: verdict,
    ]
    for kind in ComparisonPlan.kinds {
      let given = try choices(named[kind] ?? [], plugins.names(of: kind), "--\(kind.rawValue)")
      plan.choices[kind] = try (given ?? plan.choices[kind])?.map {
        let settings = $0.settings + settings
        return PluginChoice(
          any: try plugins.plugin(kind, named: $0.name, settings: settings), label: $0.label)
      }
    }
    if plan.plugins.isEmpty {
      throw Failure(
        Failure.usage, "name defenses and detectors, such as --defense all, or in a plan")
    }
    try plugins.check(settings, used: plan.plugins.map(\.name))
    if !model.isEmpty || self.plan == nil {
      plan.subjects = try subjects(plan.seeds)
    } else if let option = oneModelOptions.first ?? givenRoles.first?.option {
      throw Failure(
        option: option, "is for a model that --model names; the plan's models have their own")
    } else if plan.subjects.isEmpty {
      throw Failure(
        Failure.usage, "the plan has no 'models'; add them to it, or name them with --model")
    }
    if let timeout {
      guard timeout > 0, timeout <= 1e9 else {
        throw Failure(
          option: "--timeout", "takes seconds, over 0, not \(timeout.optionText)")
      }
      plan.timeout = timeout
    }
    if plan.choices[.dataSetDetector]?.isEmpty ?? true {
      // Only data-set detectors read training sets.
      for index in plan.subjects.indices { plan.subjects[index].model.sets[.train] = nil }
    }
    try plan.checkNames()
    return plan
  }

  private func givenSeeds() throws -> [UInt64]? {
    try seeds.map { text in
      guard let seeds = ComparisonPlan.seeds(text) else {
        throw Failure(
          option: "--seeds",
          "takes up to 10,000 different integers of at least 0, such as 0-4 or 1,3, not '\(text)'"
        )
      }
      return seeds
    }
  }

  /// The files of a single model's data sets.
  private var sets: [DataRole: String] {
    [.clean: clean, .test: test, .poisoned: poisoned, .train: train].compactMapValues { $0 }
  }

  /// The options on the command line that apply to the files of a single model.
  private var oneModelOptions: [String] {
    arguments.oneModelOptions
      + [("--group", grouping.group != nil), ("--target", targeting.target != nil)]
      .filter(\.1).map(\.0)
  }

  private var givenRoles: [DataRole] { DataRole.allCases.filter { sets[$0] != nil } }

  private func subjects(_ seeds: [UInt64]) throws -> [ComparisonPlan.Subject] {
    // A path with a comma is one path if such a file exists.
    let named = model.flatMap {
      FileManager.default.fileExists(atPath: $0) ? [$0] : commaSeparated([$0])
    }
    if let given = givenRoles.first {
      guard named.count == 1 else {
        throw Failure(option: given.option, "is for one model; name its file with --model")
      }
      guard named[0] != ModelFiles.builtInName else {
        throw Failure(
          option: given.option,
          "has no effect, because the built-in network has its own data; leave it out")
      }
      try targeting.check(isUsed: poisoned != nil)
      var files = arguments.files(of: named[0], sets: sets)
      files.format.target = targeting.target
      files.format.group = grouping.group.map { "\($0)" }
      return [.init(model: files, seed: nil)]
    }
    if let option = oneModelOptions.first {
      throw Failure(
        option: option, "is for one model whose files are named with --clean, --test and --poisoned"
      )
    }
    if named.isEmpty { return [.init(model: .builtIn, seed: nil)] }
    return try named.flatMap { try ComparisonPlan.subjects(folder: $0, seeds) }
  }
}
