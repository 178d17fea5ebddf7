internal import ArgumentParser
internal import DefenseKit

/// What images and labels are called in data sets, as written on the command line: `IMAGES,LABELS` for
/// all files, or `OPTION=IMAGES,LABELS` for the file of one option.
struct KeysName: ExpressibleByArgument, Sendable {
  /// The option without its dashes; nil: all that have no keys of their own.
  let role: String?
  let keys: DataKeys

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let keys = DataKeys(String(parts[parts.count - 1])) else { return nil }
    self.keys = keys
    role = parts.count == 2 ? String(parts[0]) : nil
  }
}

/// The keys of data sets.
struct KeysArguments: ParsableArguments, Sendable {
  @Option(
    name: .customLong("keys"), parsing: .singleValue,
    help: ArgumentHelp(
      "What images and labels are called in the data sets, if not data and label. Before it, with =, the "
        + "option whose file is meant, if not all; repeat for several.",
      valueName: "images,labels"))
  var names: [KeysName] = []

  /// The keys by option, as the user wrote them; of those for all files the option is empty.
  var texts: [String: String] {
    Dictionary(names.map { ($0.role ?? "", "\($0.keys)") }) { _, last in last }
  }

  /// Checks that the options meant are some of these, which take data sets.
  func check(roles: [String]) throws {
    guard let other = names.first(where: { name in name.role.map { !roles.contains($0) } ?? false })
    else { return }
    let list = roles.map { "\($0)=" }.joined(separator: ", ")
    throw ValidationError(
      "--keys \(other.role ?? "")=\(other.keys) is for no data set of this command; write \(list) or "
        + "the two names alone")
  }
}
