internal import DefenseKit

extension PluginChecks {
  /// Values that few options accept: numbers at the ends of their ranges, and texts without
  /// numbers.
  private static let badValues = [
    "", "0", "-1", "1e308", "-1e308", "\(Int.min)", "\(Int.max)", "nan", "inf", "no such value",
  ]
  /// Numbers of which most numeric options accept at least one.
  private static let plainValues = ["1", "2", "3", "5", "0.25", "0.75", "0.001", "100"]

  /// The result of setting an option to a text.
  private enum Reading {
    /// The resulting texts of all options, in order.
    case accepted([String])
    case refused(PluginError)
  }

  private func read<P: Plugin>(_ type: P.Type, _ option: String, _ value: String) -> Reading {
    do throws(PluginError) {
      let setting = OptionSetting(plugin: P.name, name: option, value: value)
      let plugin = try P(options: P.Options([setting], for: P.name))
      return .accepted(plugin.options.texts.map(\.value))
    } catch {
      return .refused(error)
    }
  }

  /// Returns how the options, before a plugin checks them, write a value that they read.
  private func written<P: Plugin>(
    _ type: P.Type, _ option: String, _ value: String, _ position: Int
  ) -> String? {
    let setting = OptionSetting(plugin: P.name, name: option, value: value)
    return try? P.Options([setting], for: P.name).texts[position].value
  }

  func checkRoundTrip<P: Plugin>(_ type: P.Type) throws(BrokenRule) {
    let texts = P.Options().texts
    for (position, option) in texts.enumerated() {
      let values = P.Options.declarations[position].choices + Self.plainValues + Self.badValues
      for given in [option.value] + values {
        // The plugin may refuse other values, or values that do not fit the other defaults.
        guard case .accepted(let first) = read(type, option.name, given) else {
          if given != option.value { continue }
          throw broken(
            .roundTrip, "\(name).\(option.name) does not accept its own default '\(given)'",
            "let the type's init(optionText:) read what optionText writes")
        }
        // A number has several texts, of which one is written.
        let value = written(type, option.name, given, position) ?? given
        guard case .accepted(let after) = read(type, option.name, value), first == after,
          after[position] == value
        else {
          throw broken(
            .roundTrip,
            "\(name).\(option.name) is '\(first[position])' after '\(given)' was written",
            "let the type's init(optionText:) read what optionText writes, and store the options "
              + "passed to init(options:)")
        }
        for other in texts.indices where other != position && after[other] != texts[other].value {
          throw broken(
            .roundTrip,
            "writing '\(value)' to \(name).\(option.name) changes \(name).\(texts[other].name) to "
              + "'\(after[other])'", "give each option its own property")
        }
      }
    }
  }

  func checkBadValues<P: Plugin>(_ type: P.Type) throws(BrokenRule) {
    for option in P.Options.declarations {
      for value in Self.badValues {
        if case .refused(let error) = read(type, option.name, value) {
          try checkMessage(error, option.name, value, .badValues)
        }
      }
    }
  }

  func checkRefusals<P: Plugin>(_ type: P.Type) throws(BrokenRule) {
    let known = P.Options.declarations.map(\.name)
    for (option, values) in refusing.sorted(by: { $0.key < $1.key }) {
      guard known.contains(option) else {
        throw broken(
          .refusals, "there is no option '\(option)', for which PluginChecks lists refused values",
          "name one of its options (\(known.joined(separator: ", ")))")
      }
      for value in values {
        guard case .refused(let error) = read(type, option, value) else {
          throw broken(
            .refusals, "\(name).\(option) accepts '\(value)'",
            "let init(options:) throw "
              + "PluginError(option: \"\(option)\", of: Self.name, \"takes ...\") for this value")
        }
        try checkMessage(error, option, value, .refusals)
      }
    }
  }

  private func checkMessage(
    _ error: PluginError, _ option: String, _ value: String, _ rule: PluginRule
  ) throws(BrokenRule) {
    guard error.subject == .option(option, of: name) else {
      throw broken(
        rule,
        "\(name).\(option) refuses '\(value)' with '\(error)', whose subject isn't this option",
        "throw PluginError(option: \"\(option)\", of: Self.name, ...)")
    }
    guard error.code == .badOption else {
      throw broken(
        rule,
        "\(name).\(option) refuses '\(value)' with the code \(error.code.rawValue)",
        "give the error the code badOption")
    }
  }
}
