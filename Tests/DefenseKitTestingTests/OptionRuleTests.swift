import DefenseKit
import DefenseKitTesting
import Testing

/// A plugin with options that is no defense; what it does with them is wrong.
private protocol Optioned: Idle {}

extension Optioned {
  static var name: String { "bad" }
  static var summary: String { "Does one thing wrong." }
}

@Suite("Options that break rules")
struct OptionRuleTests {
  struct Share: PluginOptions {
    var share = 0.5
    init() {}
    static var declarations: [PluginOption<Share>] {
      [PluginOption("share", \.share, "The share of the channels.")]
    }
  }

  private struct RefusesDefaults: Optioned {
    let options: Share
    init(options: Share) throws(PluginError) {
      guard options.share > 0.5 else {
        throw PluginError(option: "share", of: Self.name, "takes a number over 0.5")
      }
      self.options = options
    }
  }

  @Test("Defaults that are refused")
  func defaults() {
    expect(
      RefusesDefaults.self, breaks: .defaults, .roundTrip,
      saying: "bad breaks the rule 'defaults': the default options are refused: bad.share takes "
        + "a number "
        + "over 0.5; choose defaults that init(options:) accepts")
  }

  /// A number of pixels that writes its unit but does not read it.
  struct Pixels: OptionValue {
    var count: Int
    static var optionType: String { "pixels" }
    init(count: Int) { self.count = count }
    init?(optionText: String) {
      guard let count = Int(optionText) else { return nil }
      self.count = count
    }
    var optionText: String { "\(count)px" }
  }

  private struct OneWay: Optioned {
    struct Options: PluginOptions {
      var size = Pixels(count: 3)
      init() {}
      static var declarations: [PluginOption<Options>] {
        [PluginOption("size", \.size, "The side of the patch.")]
      }
    }
    let options: Options
    init(options: Options) { self.options = options }
  }

  private struct Shared: Optioned {
    struct Options: PluginOptions {
      enum Kind: String, CaseIterable, OptionValue { case small, large }
      var kind = Kind.small
      init() {}
      static var declarations: [PluginOption<Options>] {
        [
          PluginOption("kind", \.kind, "The kind."),
          PluginOption("sort", \.kind, "The kind by another name."),
        ]
      }
    }
    let options: Options
    init(options: Options) { self.options = options }
  }

  private struct SharedNumber: Optioned {
    struct Options: PluginOptions {
      var share = 0.5
      init() {}
      static var declarations: [PluginOption<Options>] {
        [
          PluginOption("alpha", \.share, "The one factor."),
          PluginOption("beta", \.share, "The other factor."),
        ]
      }
    }
    let options: Options
    init(options: Options) { self.options = options }
  }

  private struct ForgetsNumber: Optioned {
    let options = Share()
    init(options: Share) throws(PluginError) {
      guard options.share > 0, options.share < 1 else {
        throw PluginError(option: "share", of: Self.name, "takes a number between 0 and 1")
      }
    }
  }

  private struct Forgetful: Optioned {
    struct Options: PluginOptions {
      var flip = false
      init() {}
      static var declarations: [PluginOption<Options>] {
        [PluginOption("flip", \.flip, "Whether images are mirrored.")]
      }
    }
    let options = Options()
    init(options: Options) {}
  }

  @Test("Options that do not come back as they were written")
  func roundTrip() {
    expect(
      OneWay.self, breaks: .roundTrip,
      saying: "bad breaks the rule 'round-trip': bad.size does not accept its own default '3px'; "
        + "let the type's init(optionText:) read what optionText writes")
    expect(
      Shared.self, breaks: .roundTrip,
      saying: "bad breaks the rule 'round-trip': writing 'large' to bad.kind changes bad.sort to "
        + "'large'; give each option its own property")
    expect(
      SharedNumber.self, breaks: .roundTrip,
      saying:
        "bad breaks the rule 'round-trip': writing '1' to bad.alpha changes bad.beta to '1'; give each "
        + "option its own property")
    expect(
      ForgetsNumber.self, breaks: .roundTrip,
      saying: "bad breaks the rule 'round-trip': bad.share is '0.5' after '0.25' was written; let "
        + "the type's init(optionText:) read what optionText writes, and store the options passed "
        + "to init(options:)")
    expect(
      Forgetful.self, breaks: .roundTrip,
      saying: "bad breaks the rule 'round-trip': bad.flip is 'false' after 'true' was written; let "
        + "the type's init(optionText:) read what optionText writes, and store the options passed "
        + "to init(options:)")
  }

  private struct Nameless: Optioned {
    let options: Share
    init(options: Share) throws(PluginError) {
      guard (0...1).contains(options.share) else {
        throw PluginError(.badOption, "the share is out of range")
      }
      self.options = options
    }
  }

  private struct OtherCode: Optioned {
    let options: Share
    init(options: Share) throws(PluginError) {
      guard (0...1).contains(options.share) else {
        throw PluginError(
          .unsuitableModel, "takes a number from 0 to 1", about: .option("share", of: Self.name))
      }
      self.options = options
    }
  }

  @Test("Values that are refused without a name, or under a wrong code")
  func badValues() {
    expect(
      Nameless.self, breaks: .badValues,
      saying: "bad breaks the rule 'bad-values': bad.share refuses '-1' with 'the share is out "
        + "of range', "
        + "whose subject isn't this option; throw "
        + "PluginError(option: \"share\", of: Self.name, ...)")
    expect(
      OtherCode.self, breaks: .badValues,
      saying: "bad breaks the rule 'bad-values': bad.share refuses '-1' with the code "
        + "unsuitable-model; give "
        + "the error the code badOption")
  }

  private struct TakesAll: Optioned {
    let options: Share
    init(options: Share) { self.options = options }
  }

  @Test("Values that the author wants to be refused")
  func refusals() {
    expect(
      TakesAll.self, breaks: .refusals,
      saying: "bad breaks the rule 'refusals': bad.share accepts '2'; let init(options:) throw "
        + "PluginError(option: \"share\", of: Self.name, \"takes ...\") for this value",
      refusing: ["share": ["2"]])
    expect(
      TakesAll.self, breaks: .refusals,
      saying: "bad breaks the rule 'refusals': there is no option 'part', for which PluginChecks "
        + "lists refused values; name one of its options (share)", refusing: ["part": ["2"]])
    expect(
      Nameless.self, breaks: .badValues, .refusals,
      saying: "bad breaks the rule 'bad-values': bad.share refuses '-1' with 'the share is out "
        + "of range', "
        + "whose subject isn't this option; throw "
        + "PluginError(option: \"share\", of: Self.name, ...)",
      refusing: ["share": ["2"]])
  }

  @Test("A good one passes; all broken rules are told at once")
  func run() throws {
    try PluginChecks(TakesAll.self).run()
    let error = #expect(throws: BrokenRules.self) {
      try PluginChecks(RefusesDefaults.self, refusing: ["share": ["0.75"]]).run()
    }
    #expect(
      error?.description == """
        bad breaks the rule 'defaults': the default options are refused: bad.share takes a number over 0.5; \
        choose defaults that init(options:) accepts
        bad breaks the rule 'round-trip': bad.share does not accept its own default '0.5'; let \
        the type's init(optionText:) read what optionText writes
        bad breaks the rule 'refusals': bad.share accepts '0.75'; let init(options:) throw \
        PluginError(option: "share", of: Self.name, "takes ...") for this value
        """)
  }
}
