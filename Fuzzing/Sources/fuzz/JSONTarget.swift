@testable import ModelIO

/// JSON alone: what is read must be the same when it is written and read again.
enum JSONTarget: FuzzTarget {
  static var seeds: [[UInt8]] {
    [
      #"{"a": [1, -2.5e3, null, true, false, "x\n\"\u00e9\ud83d\ude00"], "b": {"": []}}"#,
      #"[NaN, Infinity, -Infinity, 0, -0, 1e308, 1e-320, 9007199254740993]"#,
      #"{"a": 1, "a": 2}"#, #"{"é": 1, "e\u0301": 2}"#, #""\ud800\udc00\udfff\uDBFF""#,
      String(repeating: "[", count: 200), String(repeating: #"{"a":"#, count: 130),
    ].map { Array($0.utf8) }
  }

  static var words: [String] {
    [
      "{", "}", "[", "]", ":", ",", #"\u"#, #"\ud83d\ude00"#, "NaN", "-Infinity", "null", "true",
      "1e5", "\"",
    ]
  }

  static func parse(_ bytes: [UInt8]) {
    guard let value = try? JSONParser.parse(String(decoding: bytes, as: UTF8.self)) else { return }
    let text = value.text
    guard let again = try? JSONParser.parse(text) else {
      preconditionFailure("what was written cannot be read: \(text)")
    }
    // By text, since NaN does not equal itself.
    precondition(again.text == text, "\(text) became \(again.text)")
  }
}
