internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// Prints a page of the manual or writes all pages, for packagers of the program.
struct ManualCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "manual", abstract: "Write the manual's pages.",
      discussion: discussion(
        """
        The pages are in mdoc, the format of man(1). Without --output, prints one page: the \
        program's, or that of the command that --page names.
        """),
      shouldDisplay: false)
  }

  static var examples: [Example] {
    [
      Example("Print one page", "manual --page run"),
      Example("Write all pages", "manual --output man1"),
    ]
  }

  @Option(help: ArgumentHelp("Command whose page to print.", valueName: "command"))
  var page: String?

  @Option(
    help: ArgumentHelp("Existing folder for all pages.", valueName: "folder"),
    completion: .directory)
  var output: String?

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    if page != nil, output != nil {
      throw Failure(option: "--page", "and --output cannot both be given")
    }
    let pages = ManualPage.all(of: try CommandInfo.root(), ManualPage.examples(), date: Self.date)
    guard let output else {
      let wanted = page.map { "\(programName)-\($0.replacing(" ", with: "-"))" } ?? programName
      guard let found = pages.first(where: { $0.name == wanted }) else {
        let known = pages.map { String($0.name.dropFirst(programName.count + 1)) }
          .filter { !$0.isEmpty }
        throw Failure(
          Failure.usage, "there is no page '\(page ?? "")'\(knownNames(page ?? "", known, "pages"))"
        )
      }
      return try StandardOutput.write(found.text)
    }
    for page in pages { try AtomicFile.write(page.text, to: "\(output)/\(page.name).1") }
  }

  /// Today, or `SOURCE_DATE_EPOCH` for reproducible builds.
  private static var date: Date {
    ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap { TimeInterval($0) }
      .map { Date(timeIntervalSince1970: $0) } ?? Date()
  }
}
