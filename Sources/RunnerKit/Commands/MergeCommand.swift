internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// Merges the parts of a comparison.
struct MergeCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "merge", abstract: "Combine the parts of a comparison.",
      discussion: discussion(
        """
        Reads the folders written by 'compare --shard i/n', checks that they are parts of one plan \
        and complete, and writes the results of a single run: the same bytes, except for times and \
        memory, and the page that shows them.
        """))
  }

  static var examples: [Example] {
    [
      Example("The parts of three machines", "merge part-1 part-2 part-3 --output comparison"),
      Example(
        "The same, without progress and warnings",
        "merge part-1 part-2 part-3 --output comparison --quiet"),
    ]
  }

  @Argument(
    help: ArgumentHelp("Folders written by 'compare --shard'.", valueName: "folder"),
    completion: .directory)
  var folders: [String]

  @Option(
    help: ArgumentHelp("Folder for the combined comparison.", valueName: "folder"),
    completion: .directory)
  var output: String

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    var plan: (ComparisonFolder.PlanFile, folder: String)?
    for folder in folders {
      guard let own = try ComparisonFolder.readPlan(folder, advice: "measure that part anew") else {
        throw Failure(
          Failure.missingInput, "\(folder) holds no comparison; give folders of 'compare --shard'")
      }
      if let plan {
        try ComparisonFolder.check(
          plan.0, against: own, in: plan.folder,
          advice: "\(folder) is not a part of it; leave it out")
      } else {
        plan = (own, folder)
      }
    }
    guard let units = plan?.0.units else { return }
    if let there = plan?.0.instructions, there != Executor.instructionSet {
      throw Failure(
        Failure.data,
        "the parts were measured with \(there) instructions, but this machine has "
          + "\(Executor.instructionSet); merge them on a machine like those, or set DEFENSEKIT_INSTRUCTIONS=\(there)"
      )
    }
    // Read and check everything before anything is written.
    let parts = try folders.map { try ComparisonFolder(reading: $0) }
    var found: [(ComparisonRecord, UnitCost?)] = []
    var missing: [ComparisonUnit] = []
    for unit in units {
      let records = try parts.compactMap { part in
        try part.record(of: unit).map { ($0, part.cost(of: unit), part.path) }
      }
      guard let first = records.first else {
        missing.append(unit)
        continue
      }
      if let other = records.first(where: { $0.0 != first.0 }) {
        throw Failure(
          Failure.data,
          "\(first.2) and \(other.2) have different results of '\(unit.title)'; measure it again in one "
            + "of them")
      }
      found.append((first.0, first.1))
    }
    if let first = missing.first {
      throw Failure(
        Failure.tryAgain,
        "\(missing.count) of \(units.count) units are in none of the folders, such as '\(first.title)'; "
          + "measure all parts first")
    }
    let whole = try ComparisonFolder(output, for: units)
    for (record, cost) in found { try whole.write(record, cost) }
    let records = found.map(\.0)
    try ComparisonOutput(whole, records, arguments: session.arguments).write()
    try CompareCommand.check(records, of: units.count)
  }
}
