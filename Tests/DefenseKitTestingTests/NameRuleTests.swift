import DefenseKit
import DefenseKitTesting
import Testing

/// A plugin with the name, the summary and the options of its parameters; it is no defense.
private protocol Named: Idle {
  init()
}

extension Named {
  static var name: String { "bad" }
  static var summary: String { "Does one thing wrong." }
  init(options: NoOptions) { self.init() }
}

@Suite("Names that break rules")
struct NameRuleTests {
  private struct CamelCase: Named {
    static let name = "magnitudePruning"
  }

  private struct Dashes: Named {
    static let name = "magnitude--pruning"
  }

  @Test("A name that is not in kebab-case")
  func name() {
    expect(
      CamelCase.self, breaks: .name,
      saying: "magnitudePruning breaks the rule 'name': the name is 'magnitudePruning'; write it "
        + "in "
        + "kebab-case: lower-case letters, digits and single dashes, as in 'magnitude-pruning'")
    expect(
      Dashes.self, breaks: .name,
      saying: "magnitude--pruning breaks the rule 'name': the name is 'magnitude--pruning'; "
        + "write it in "
        + "kebab-case: lower-case letters, digits and single dashes, as in 'magnitude-pruning'")
  }

  private struct NoStop: Named {
    static let summary = "Prunes channels"
  }

  private struct TwoSentences: Named {
    static let summary = "Prunes channels. Tunes the rest."
  }

  @Test("A summary that is no sentence, or two")
  func summary() {
    expect(
      NoStop.self, breaks: .summary,
      saying: "bad breaks the rule 'summary': the summary is 'Prunes channels'; write one sentence "
        + "on one line that begins with a capital and ends with a full stop")
    expect(
      TwoSentences.self, breaks: .summary,
      saying: "bad breaks the rule 'summary': the summary is 'Prunes channels. Tunes the rest.'; "
        + "write one sentence on one line that begins with a capital and ends with a full stop")
  }

  /// A plugin with two options, declared as the tests need it.
  private struct Optional<Declared: Declaring>: Idle {
    static var name: String { "bad" }
    static var summary: String { "Does one thing wrong." }
    let options: Values<Declared>
    init(options: Values<Declared>) { self.options = options }
  }

  struct Values<Declared: Declaring>: PluginOptions {
    var one = 1
    var two = 2
    init() {}
    static var declarations: [PluginOption<Self>] {
      [
        PluginOption(Declared.first, \.one, "The first number."),
        PluginOption("second", \.two, Declared.help),
      ]
    }
  }

  protocol Declaring: Sendable {
    static var first: String { get }
    static var help: String { get }
  }

  private enum SnakeCase: Declaring {
    static let first = "first_one"
    static let help = "The second number."
  }

  private enum Twice: Declaring {
    static let first = "second"
    static let help = "The second number."
  }

  private enum NoHelp: Declaring {
    static let first = "first"
    static let help = "the second number"
  }

  @Test("Options with bad names or without a sentence")
  func declarations() {
    expect(
      Optional<SnakeCase>.self, breaks: .declarations,
      saying: "bad breaks the rule 'declarations': an option is named 'first_one'; write it in "
        + "kebab-case: lower-case letters, digits and single dashes")
    expect(
      Optional<Twice>.self, breaks: .declarations, .roundTrip,
      saying: "bad breaks the rule 'declarations': two options are named 'second'; give each "
        + "option a unique name")
    expect(
      Optional<NoHelp>.self, breaks: .declarations,
      saying: "bad breaks the rule 'declarations': the help of bad.second is 'the second number'; "
        + "write a sentence on one line that begins with a capital and ends with a full stop")
  }
}
