internal import DefenseKit

/// The options on a command line, as written.
struct GivenOptions: Sendable {
  private var found: [(name: String, value: String?)] = []

  /// Collects a command's options up to `--`.
  init(_ arguments: some Sequence<String>, of command: CommandInfo) {
    var arguments = Array(arguments.prefix { $0 != "--" })[...]
    while let text = arguments.popFirst() {
      if text.hasPrefix("--") {
        let parts = text.dropFirst(2).split(
          separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        if parts.count == 2 {
          found.append((name, String(parts[1])))
        } else if command.option(named: name)?.kind == .option, let value = arguments.first {
          found.append((name, value))
          arguments.removeFirst()
        } else {
          found.append((name, nil))
        }
      } else if text.hasPrefix("-") {
        for letter in text.dropFirst() {
          let option = command.options.first { option in
            option.names?.contains { $0.kind == "short" && $0.name == String(letter) } == true
          }
          if let name = option?.longName { found.append((name, nil)) }
        }
      }
    }
  }

  /// Whether the option is on the command line.
  func has(_ name: String) -> Bool { found.contains { $0.name == name } }

  /// Returns the option's values, in order.
  func values(_ name: String) -> [String] { found.filter { $0.name == name }.compactMap(\.value) }

  var asksForHelp: Bool { has("help") }

  /// Returns the error for the first value that its option does not accept.
  func badChoice(for command: CommandInfo) -> Failure? {
    for (name, value) in found {
      guard let value, let option = command.option(named: name) else { continue }
      if let form = Self.forms[name], !form.fits(value) {
        return Failure(option: "--\(name)", "takes \(form.text), not '\(value.visible)'")
      }
      guard let choices = option.allValues, !choices.isEmpty, !choices.contains(value) else {
        continue
      }
      let near = nearestName(to: value, among: choices).map { "; did you mean '\($0)'?" } ?? ""
      return Failure(
        Failure.usage,
        "'\(value)' isn't a value of --\(name), which takes \(choices.joined(separator: "|"))\(near)"
          .visible, about: .option(name))
    }
    return nil
  }

  /// By option: the form of its values in words, and whether a text has it.
  private static let forms: [String: (text: String, fits: @Sendable (String) -> Bool)] = [
    "scale": ("a number over 0 or a fraction such as 1/255", { Scale(argument: $0) != nil }),
    "mean": ("numbers with commas between, such as .5 or .485,.456,.406", Self.areChannelValues),
    "std": ("numbers with commas between, such as .5 or .229,.224,.225", Self.areChannelValues),
    "resize": ("a side, or height x width, such as 32 or 32x32", { CropSize.numbers($0) != nil }),
    "crop": ("a side, or height x width, such as 224 or 224x224", { CropSize.numbers($0) != nil }),
    "keys": (
      "two names, of images and labels, such as x,y or test=x,y", { KeysName(argument: $0) != nil }
    ),
  ]

  @Sendable private static func areChannelValues(_ text: String) -> Bool {
    ChannelValues(argument: text) != nil
  }

  /// Returns the option that a message of the parser names, as the parser's errors have no subject.
  ///
  /// This is the only place that reads a message: the parser is another package.
  static func subject(ofParserMessage text: String, for command: CommandInfo) -> ErrorSubject? {
    let words = text.split { !($0.isLetter || $0.isNumber || $0 == "-") }
    let name = command.options.compactMap(\.longName).first { words.contains("--\($0)") }
    return name.map { .option($0) }
  }

  /// Returns the message about the first option that the command does not have.
  ///
  /// The parser itself would report missing arguments first.
  func unknownOption(for command: CommandInfo) -> String? {
    let known = command.options.compactMap(\.longName)
    guard let unknown = found.first(where: { !known.contains($0.name) })?.name else { return nil }
    let near = nearestName(to: unknown, among: known).map { ". Did you mean '--\($0)'?" } ?? ""
    return "Unknown option '--\(unknown)'\(near)".visible
  }
}
