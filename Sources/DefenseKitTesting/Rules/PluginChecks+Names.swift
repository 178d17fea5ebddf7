internal import DefenseKit

extension PluginChecks {
  func checkName() throws(BrokenRule) {
    guard isKebabCase(name) else {
      throw broken(
        .name, "the name is '\(name)'",
        "write it in kebab-case: lower-case letters, digits and single dashes, as in "
          + "'magnitude-pruning'")
    }
  }

  func checkSummary() throws(BrokenRule) {
    let summary = type.summary
    guard isSentence(summary), !summary.dropLast().contains(". ") else {
      throw broken(
        .summary, "the summary is '\(summary)'",
        "write one sentence on one line that begins with a capital and ends with a full stop")
    }
  }

  func checkDeclarations<P: Plugin>(_ type: P.Type) throws(BrokenRule) {
    let rule = PluginRule.declarations
    var observed: Set<String> = []
    for option in P.Options.declarations {
      guard isKebabCase(option.name) else {
        throw broken(
          rule, "an option is named '\(option.name)'",
          "write it in kebab-case: lower-case letters, digits and single dashes")
      }
      guard observed.insert(option.name).inserted else {
        throw broken(
          rule, "two options are named '\(option.name)'", "give each option a unique name")
      }
      guard isSentence(option.help) else {
        throw broken(
          rule, "the help of \(name).\(option.name) is '\(option.help)'",
          "write a sentence on one line that begins with a capital and ends with a full stop")
      }
    }
  }

  func checkDefaults<P: Plugin>(_ type: P.Type) throws(BrokenRule) {
    do throws(PluginError) {
      _ = try P(options: P.Options())
    } catch {
      throw broken(
        .defaults, "the default options are refused: \(error)",
        "choose defaults that init(options:) accepts")
    }
  }
}

/// Whether a name consists of lower-case words of letters and digits, joined by single dashes.
func isKebabCase(_ name: String) -> Bool {
  name.wholeMatch(of: /[a-z][a-z0-9]*(-[a-z0-9]+)*/) != nil
}

/// Whether a text is one line that begins with a capital or a digit and ends with a full stop.
private func isSentence(_ text: String) -> Bool {
  guard let first = text.first else { return false }
  return (first.isUppercase || first.isNumber) && text.hasSuffix(".") && text.count > 1
    && !text.contains(where: \.isNewline)
}
