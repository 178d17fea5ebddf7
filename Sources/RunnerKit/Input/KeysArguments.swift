internal import ArgumentParser
internal import DefenseKit

/// The names of images and labels in data sets, as written on the command line.
///
/// The text is `IMAGES,LABELS` for all files, or `OPTION=IMAGES,LABELS` for the file of one option.
struct KeysName: ExpressibleByArgument, Sendable {
  /// The option without dashes; nil for all without names of their own.
  let option: String?
  let keys: DataKeys

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let keys = DataKeys(String(parts[parts.count - 1])) else { return nil }
    self.keys = keys
    option = parts.count == 2 ? String(parts[0]) : nil
  }
}

/// The argument for the names of images and labels in data sets.
struct KeysArguments: ParsableArguments, Sendable {
  @Option(
    name: .customLong("keys"), parsing: .singleValue,
    help: ArgumentHelp(
      "Names of images and labels in the data sets, if not data and label: x,y for all files, "
        + "test=x,y for that of --test alone; repeatable.",
      valueName: "images,labels"))
  var names: [KeysName] = []

  /// The names by option, as written by the user, with "" for all files.
  var texts: [String: String] {
    Dictionary(names.map { ($0.option ?? "", "\($0.keys)") }) { _, last in last }
  }

  /// Checks that `--keys` refers only to these options, which name data sets.
  func check(options: [String]) throws {
    let other = names.first { name in name.option.map { !options.contains($0) } ?? false }
    guard let other else { return }
    let list = options.map { "\($0)=" }.joined(separator: ", ")
    throw Failure(
      option: "--keys",
      "\(other.option ?? "")=\(other.keys) names no data set of this command; write \(list) or "
        + "the two names alone")
  }
}
