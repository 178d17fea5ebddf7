internal import ArgumentParser
internal import DefenseKit

/// Asks whether a model hides a backdoor.
struct ScanCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "scan", abstract: "Say whether a model hides a backdoor, and for which class.",
      discussion: discussion(
        """
        Every verdict is one method's: each has attacks that it does not see, and honest models that \
        it suspects. The exit status is 1 if one of them finds a backdoor, else 0. What is suspicious \
        about the file itself, 'inspect' tells.
        """))
  }

  static var examples: [Example] {
    [
      Example("From the model alone", "scan suspect.h5"),
      Example(
        "With one method and an option of it, as JSON",
        "scan suspect.h5 --verdict free-eagle --option free-eagle.steps=2000 --json"),
    ]
  }

  @Argument(
    help: "A Keras .h5 file.",
    completion: .hdf5)
  var model: String

  @Option(
    help: ArgumentHelp(
      "Methods, separated by commas or repeated; all that need no more than is given if none is named.",
      valueName: "name"),
    completion: .plugins { $0.verdicts })
  var verdict: [String] = []

  @Option(
    help: ArgumentHelp(
      "Clean images (HDF5, data and label), for methods that learn.", valueName: "file"),
    completion: .hdf5)
  var clean: String?

  @OptionGroup var arguments: ModelArguments

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "An option of a plugin; repeat for several. See 'list'.", valueName: "plugin.name=value"),
    completion: .pluginOptions { $0 is any ModelScanner.Type })
  var option: [String] = []

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Decides all that is random.", valueName: "n"))
  var seed: UInt64 = 0

  @Flag(help: "Print the verdicts as JSON.")
  var json = false

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    try arguments.check(roles: ["clean"])
    let settings = try option.map { text throws(PluginError) in try OptionSetting(text) }
    let scanners = try scanners(of: session.plugins, settings)
    try session.plugins.check(settings, used: scanners.map { type(of: $0).name })
    let model = try arguments.load(model)
    let clean = try clean.map { try CleanData(arguments.data($0, "clean", for: model)) }
    var context = context(threads: arguments.threads)
    context.seed = seed
    arguments.parsing.warn(in: context)
    var verdicts: [(name: String, verdict: ModelVerdict)] = []
    for scanner in scanners {
      verdicts.append(
        (type(of: scanner).name, try scanner.scan(model, using: clean, in: context)))
    }
    try StandardOutput.write(
      json
        ? Self.json(verdicts, of: model).text
        : verdicts.map { Self.text($0.verdict, by: $0.name) }.joined(separator: "\n"))
    if verdicts.contains(where: \.verdict.isBackdoored) { throw Failure(Failure.findings, nil) }
  }

  /// The methods asked for, or all that can do with what is given.
  private func scanners(
    of plugins: PluginSet, _ settings: [OptionSetting]
  ) throws -> [any ModelScanner] {
    let names = verdict.isEmpty ? plugins.verdicts : commaSeparated(verdict)
    let all = try names.map { name throws(PluginError) in
      try plugins.verdict(named: name, settings: settings)
    }
    if clean != nil { return all }
    let (able, others) = (
      all.filter { !type(of: $0).needsCleanData }, all.filter { type(of: $0).needsCleanData }
    )
    if let first = others.first, !verdict.isEmpty || able.isEmpty {
      let without = plugins.verdicts.filter { name in able.contains { type(of: $0).name == name } }
      let advice = without.isEmpty ? "" : ", or ask \(without.joined(separator: ", "))"
      throw Failure(
        Failure.usage,
        "\(type(of: first).name) needs clean images: give them with --clean\(advice)")
    }
    guard !able.isEmpty else {
      throw Failure(Failure.usage, "this program has no verdicts on models")
    }
    return able
  }

  /// A verdict in words, and the scores of the classes, the largest first.
  static func text(_ verdict: ModelVerdict, by name: String) -> String {
    let statistic =
      "statistic \(rounded(verdict.statistic)), threshold \(rounded(verdict.threshold))"
    let headline =
      verdict.isBackdoored
      ? "backdoored, class \(verdict.suspect)"
      : "no backdoor found (that is no proof that there is none)"
    let order = verdict.classScores.indices.sorted {
      (verdict.classScores[$1], $0) < (verdict.classScores[$0], $1)
    }
    var lines = ["\(name): \(headline)", "  \(statistic)", "  \(verdict.measure):"]
    lines += order.prefix(10).map {
      "    class \("\($0)".padding(to: 6)) \(rounded(verdict.classScores[$0]))"
    }
    if order.count > 10 { lines.append("    and \(order.count - 10) more with less") }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func rounded(_ value: Double) -> String {
    guard value.isFinite else { return "infinite" }
    let scaled = (value * 10_000).rounded() / 10_000
    return scaled == scaled.rounded() && abs(scaled) < 1e15 ? "\(Int(scaled))" : "\(scaled)"
  }

  private static func json(
    _ verdicts: [(name: String, verdict: ModelVerdict)], of model: Model
  ) -> JSON {
    .object([
      .init("schema", 1), .init("model", .string(model.name)),
      .init(
        "backdoored", .bool(verdicts.contains { $0.verdict.isBackdoored })),
      .init("verdicts", .object(verdicts.map { .init($0.name, $0.verdict.json) })),
    ])
  }
}
