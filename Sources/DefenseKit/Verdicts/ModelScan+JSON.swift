public import ModelIO

extension ModelScan {
  /// The schema of ``json(of:by:layout:environment:in:)``.
  public static let schema = 2

  /// Returns the scan as JSON, and hashes the data sets.
  ///
  /// - Parameters:
  ///   - experiment: The data sets of the scan.
  ///   - scanners: The plugins that were asked, whose options are reported.
  ///   - layout: The order of an image's axes in the data sets, if the user set it.
  ///   - environment: All values that may differ between two scans of equal inputs.
  ///   - context: The context of the scan, with its seed, threads and warnings.
  /// - Throws: `FileError` for a data set that can no longer be read.
  public func json(
    of experiment: Experiment, by scanners: [any ModelScanner], layout: ImageLayout? = nil,
    environment: JSON = [:], in context: RunContext
  ) throws -> JSON {
    let data = try context.phase("hashing", images: 0) { _ in
      try experiment.dataEntries(threads: context.execution.threads)
    }
    let given = scanners.filter { scanner in
      answers.contains { $0.verdict == type(of: scanner).name }
    }
    let model: [JSON.Member] = [
      .init("schema", .int(Self.schema)), .init("model", .string(suspect.name)),
      .init("sha256", JSON(suspect.source?.sha256)), .init("classes", .int(suspect.classCount)),
    ]
    let results: [JSON.Member] = [
      .init("backdoored", .bool(isBackdoored)),
      .init("targets", .array(targets.map { .int($0) })),
      .init("baseline", baseline?.json(flags: false) ?? .null),
      .init("verdicts", .object(answers.map { .init($0.verdict, $0.json) })),
      .init(
        "omitted",
        .array(
          omissions.map { ["verdict": .string($0.verdict), "reason": .string($0.reason)] })),
      .init("findings", .array((audit?.findings ?? []).map { ModelAudit.json($0) })),
      .init(
        "next",
        .array(steps.map { ["purpose": .string($0.purpose), "command": .string($0.command)] })),
      .init("data", Report.json(data)),
      .init(
        "options",
        .object(
          Report.members(of: suspect.preprocessing) + [
            .init("layout", JSON(layout?.rawValue)), .init("seed", .string("\(context.seed)")),
          ] + Report.options(of: given, kinds: [.verdict]))),
      .init("warnings", .array(context.statistics.warnings.map { .string($0) })),
      .init("environment", environment),
    ]
    return .object(model + suspect.networkMembers + results)
  }
}

extension ModelScan.Answer {
  /// The verdict with its triggers' files.
  fileprivate var json: JSON {
    .object(
      result.members.map { member in
        guard member.key == "triggers" else { return member }
        let triggers = result.triggers.enumerated().map { place, trigger -> JSON in
          [
            "class": .int(trigger.goal.target), "area": trigger.area.map { .number($0) } ?? .null,
            "file": JSON(files.indices.contains(place) ? files[place] : nil),
          ]
        }
        return .init("triggers", .array(triggers))
      })
  }
}
