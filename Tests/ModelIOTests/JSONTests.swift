import Testing

@testable import ModelIO

@Suite("JSON")
struct JSONTests {
  @Test("Values compare whatever the order of keys, and hash alike")
  func equality() {
    let value: JSON = ["a": 1, "b": ["c": [true, .null], "d": "x"]]
    let other: JSON = ["b": ["d": "x", "c": [true, .null]], "a": .number(1)]
    #expect(value == other && Set([value, other]).count == 1)
    for different in [["a": 1], ["a": 1, "b": ["c": [true], "d": "x"]], "a", [], .null] as [JSON] {
      #expect(value != different)
    }
    #expect(JSON.number(.nan) != .number(.nan))
  }

  @Test("Documents keep the order of keys, Python's form sorts them and is ASCII")
  func texts() {
    let value: JSON = [
      "b": [1, .number(-0.0), .number(0x1p60), .number(1e20), .number(0.1)],
      "a": "é\n\u{202E}\u{7F}",
      "c": [.number(.nan), .number(-.infinity)], "d": [:],
    ]
    #expect(
      value.text == """
        {
          "b": [1, -0, 1.152921504606847e+18, 1e+20, 0.1],
          "a": "é\\n\\u202e\\u007f",
          "c": [null, null],
          "d": {}
        }

        """)
    #expect(
      value.pythonText == #"{"a": "\u00e9\u000a\u202e\u007f", "#
        + #""b": [1, 0, 1152921504606846976, 1e+20, 0.1], "c": [NaN, -Infinity], "d": {}}"#)
  }

  @Test("What is read back from either form is the same")
  func reading() throws {
    let value: JSON = ["x": [1, .number(2.5), "\"\\\t😀"], "y": ["z": false, "n": .null]]
    #expect(try JSONParser.parse(value.text) == value)
    #expect(try JSONParser.parse(value.pythonText) == value)
    #expect(value["x"]?[1]?.number == 2.5 && value["y"]?.object?["z"]?.bool == false)
  }
}
