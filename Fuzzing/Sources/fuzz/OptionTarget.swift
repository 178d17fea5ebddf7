@testable import DefenseKit
@testable import FinePruning
@testable import GoodNet
@testable import RunnerKit

/// What stands behind `--option` and `--scale`.
enum OptionTarget: FuzzTarget {
  static var seeds: [[UInt8]] {
    [
      "fine-pruning.drops=2,4.5,10", "fine-pruning.ranking=pool", "fine-pruning.bias=true",
      "fine-pruning.layer=auto",
      "goodnet.x=1", "fine-pruning.drops=1e300,-0,nan", "=", ".", "a.=b=c", "1/255", "1e300",
      "1/1e-320", "0x1p-3/",
      "list", "--option", "fine-pruning", "evaluate",
    ].map { Array($0.utf8) }
  }

  static var words: [String] {
    FinePruning.Options.declarations.map { "fine-pruning.\($0.name)=" } + [
      "auto", ",", "/", "1e-300",
    ]
  }

  static func parse(_ bytes: [UInt8]) {
    // At most what the system takes as one argument.
    let text = String(decoding: bytes.prefix(1 << 17), as: UTF8.self)
    if let scale = Scale(argument: text) { precondition(scale.factor.isFinite && scale.factor > 0) }
    guard let plugins = try? PluginSet([FinePruning.self, GoodNet.self]) else { return }
    _ = try? plugins.defense(named: text, settings: [])
    do {
      let setting = try OptionSetting(text)
      let options = try FinePruning.Options([setting], for: FinePruning.name)
      // Writing what was read and reading it again changes nothing.
      for option in options.texts {
        let again = OptionSetting(plugin: FinePruning.name, option)
        let same = try FinePruning.Options([again], for: FinePruning.name)
        precondition(
          same.texts.first { $0.name == option.name } == option, "\(option.name)=\(option.value)")
      }
      _ = try FinePruning(options: options)
      try plugins.check([setting], used: [FinePruning.name])
    } catch {
      precondition(!"\(error)".isEmpty)
    }
  }
}
