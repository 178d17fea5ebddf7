/// Binary data in a configuration's text, by kind.
enum KerasBlob: String {
  case code = "Python code"
  case pickle = "a pickle"
  case program = "a program"
  case archive = "an archive"

  /// Returns the kind of binary data in a text, plain or in base64; nil if there is none.
  static func kind(of text: String) -> KerasBlob? {
    guard text.utf8.count >= 24 else { return nil }
    return kind(ofBytes: latin(text)) ?? kind(ofBytes: base64(text))
  }

  private static func kind(ofBytes bytes: [UInt8]) -> KerasBlob? {
    guard bytes.count >= 8 else { return nil }
    // Python's marshal format: a code object, then the number of its arguments, little-endian.
    if [0x63, 0xE3].contains(bytes[0]), bytes[1] < 64, bytes[2...4].allSatisfy({ $0 == 0 }) {
      return .code
    }
    if bytes[0] == 0x80, (2...3).contains(bytes[1]), "c(}]Xq.K".utf8.contains(bytes[2]) {
      return .pickle
    }
    if bytes[0] == 0x80, (4...5).contains(bytes[1]), bytes[2] == 0x95 { return .pickle }
    if bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) || bytes.starts(with: [0x4D, 0x5A, 0x90, 0]) {
      return .program
    }
    if bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x1F, 0x8B, 8]) {
      return .archive
    }
    return nil
  }

  /// Returns the first characters as bytes, without those above U+00FF.
  private static func latin(_ text: String) -> [UInt8] {
    text.unicodeScalars.prefix(12).compactMap { UInt8(exactly: $0.value) }
  }

  /// Returns the first bytes of a text in base64; empty if it is not base64.
  private static func base64(_ text: String) -> [UInt8] {
    var bits: UInt32 = 0
    var count = 0
    var bytes: [UInt8] = []
    for byte in text.utf8.prefix(64) {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 52
      case UInt8(ascii: "+"), UInt8(ascii: "-"): digit = 62
      case UInt8(ascii: "/"), UInt8(ascii: "_"): digit = 63
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "="): continue
      default: return []
      }
      bits = bits << 6 | UInt32(digit)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return bytes
  }
}
