import Testing

@testable import DefenseKit

private struct Sample: PluginOptions {
  enum Mode: String, Sendable, CaseIterable, OptionValue {
    case fast, exact
  }
  var count = 3
  var rates = [0.5, 2]
  var mode = Mode.fast
  var layer: String?
  var isOn = true
  static var declarations: [PluginOption<Sample>] {
    [
      PluginOption("count", \.count, "A count."), PluginOption("rates", \.rates, "Rates."),
      PluginOption("mode", \.mode, "A mode."), PluginOption("layer", \.layer, "A layer."),
      PluginOption("on", \.isOn, "A switch."),
    ]
  }
}

/// Parses settings for the sample plugin.
private func parsed(_ texts: String...) throws -> Sample {
  try Sample(texts.map { try OptionSetting($0) }, for: "sample")
}

/// The message of the error that `body` throws.
func message(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch { return "\(error)" }
}

@Suite("Options of plugins")
struct OptionTests {
  @Test("Defaults come from the properties, and texts read as the same values")
  func defaults() throws {
    let texts = Sample().texts.map { "\($0.name)=\($0.value)" }
    #expect(texts == ["count=3", "rates=0.5,2", "mode=fast", "layer=auto", "on=true"])
    let again = try Sample(texts.map { try OptionSetting("sample.\($0)") }, for: "sample")
    #expect(again.texts.map(\.value) == Sample().texts.map(\.value))
  }

  @Test("Every type is read from text; the last setting counts; other plugins' are passed over")
  func values() throws {
    let options = try parsed(
      "sample.count=-4", "sample.rates=1,2.25", "sample.mode=exact", "sample.layer=a.b=c",
      "sample.on=false", "sample.count=7", "other.count=x")
    #expect(options.count == 7)
    #expect(options.rates == [1, 2.25])
    #expect(options.mode == .exact)
    #expect(options.layer == "a.b=c")
    #expect(!options.isOn)
    #expect(try parsed("sample.layer=auto").layer == nil)
  }

  @Test("Errors name the option and suggest the nearest")
  func errors() {
    #expect(
      message { _ = try parsed("sample.cuont=1") }
        == "sample.cuont is not an option; did you mean 'count'? "
        + "(options of sample: count, rates, mode, layer, on)")
    #expect(
      message { _ = try parsed("sample.mode=exat") }
        == "sample.mode takes fast|exact, not 'exat'; did you mean 'exact'?")
    #expect(
      message { _ = try parsed("sample.rates=1,,2") }
        == "sample.rates takes numbers separated by commas, not '1,,2' "
        + "(default: 0.5,2)")
    #expect(message { _ = try parsed("sample.rates=nan") } != nil)
    #expect(message { _ = try parsed("sample.count=1.5") } != nil)
    for text in ["sample", "sample.count", "=1", ".count=1", "sample.=1", ""] {
      #expect(message { _ = try OptionSetting(text) }?.contains("takes plugin.name=value") == true)
    }
  }

  @Test(
    "Nearest names",
    arguments: [
      ("fine-prunin", "fine-pruning"), ("godnet", "goodnet"), ("goodent", "goodnet"),
      ("fine", "fine-pruning"), ("GOODNET", "goodnet"), ("strip", nil), ("", nil),
    ] as [(String, String?)])
  func nearest(name: String, expected: String?) {
    #expect(nearestName(to: name, among: ["fine-pruning", "goodnet"]) == expected)
  }

  @Test("Edit distances, a swap counting one")
  func distances() {
    #expect(editDistance(Array("ab"), Array("ba")) == 1)
    #expect(editDistance(Array("kitten"), Array("sitting")) == 3)
    #expect(editDistance(Array(""), Array("abc")) == 3)
    #expect(editDistance(Array("abc"), Array("")) == 3)
  }
}
