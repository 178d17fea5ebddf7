/// Parses the header of a NumPy array: a Python dictionary, of which nothing is evaluated.
struct NumpyLiteral {
  /// The contents of a header.
  struct Fields: Equatable {
    /// The type's text, for example `<f4`; nil for records.
    var type: String?
    /// Whether the first axis varies fastest.
    var isFortran: Bool
    /// The extent of every axis.
    var shape: [Int]
  }

  /// The error for text of another form.
  private struct Malformed: Error {}

  /// The largest number of axes, which is NumPy's own.
  static let maximumRank = 64

  private let text: [UInt8]
  private var place = 0

  /// Returns the fields of a header; nil if it does not have exactly `descr`, `fortran_order` and
  /// `shape`, in any order.
  static func fields(_ text: [UInt8]) -> Fields? {
    var parser = NumpyLiteral(text: text)
    return try? parser.dictionary()
  }

  private init(text: [UInt8]) { self.text = text }

  private mutating func dictionary() throws(Malformed) -> Fields {
    var (type, isFortran, shape): (String??, Bool?, [Int]?)
    try expect("{")
    while try !skips("}") {
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where type == nil:
        type = .some(try isNext("[") ? records() : string())
      case "fortran_order" where isFortran == nil: isFortran = try boolean()
      case "shape" where shape == nil: shape = try tuple()
      default: throw Malformed()
      }
      guard try skips(",") else {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard place == text.count, let type, let isFortran, let shape else { throw Malformed() }
    return Fields(type: type, isFortran: isFortran, shape: shape)
  }

  private mutating func skipSpace() {
    while place < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[place]) { place += 1 }
  }

  private mutating func isNext(_ character: Unicode.Scalar) throws(Malformed) -> Bool {
    skipSpace()
    guard place < text.count else { throw Malformed() }
    return text[place] == UInt8(ascii: character)
  }

  private mutating func skips(_ character: Unicode.Scalar) throws(Malformed) -> Bool {
    guard try isNext(character) else { return false }
    place += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Malformed) {
    guard try skips(character) else { throw Malformed() }
  }

  /// A text without escapes between quotes of either kind.
  private mutating func string() throws(Malformed) -> String {
    let quote: Unicode.Scalar = try isNext("'") ? "'" : "\""
    try expect(quote)
    guard let end = text[place...].firstIndex(of: UInt8(ascii: quote)) else { throw Malformed() }
    let content = text[place..<end]
    guard !content.contains(UInt8(ascii: "\\")) else { throw Malformed() }
    place = end + 1
    return String(decoding: content, as: UTF8.self)
  }

  private mutating func word() -> String {
    skipSpace()
    let rest = text[place...]
    let end = rest.firstIndex { !(0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0) }
    let word = rest[..<(end ?? text.count)]
    place += word.count
    return String(decoding: word, as: UTF8.self)
  }

  private mutating func boolean() throws(Malformed) -> Bool {
    let word = word()
    guard ["True", "False"].contains(word) else { throw Malformed() }
    return word == "True"
  }

  private mutating func tuple() throws(Malformed) -> [Int] {
    var extents: [Int] = []
    try expect("(")
    while try !skips(")") {
      var word = word()
      // Python 2 marks long integers.
      if word.hasSuffix("L") { word.removeLast() }
      guard let extent = Int(word), extent >= 0, extents.count < Self.maximumRank else {
        throw Malformed()
      }
      extents.append(extent)
      guard try skips(",") else {
        try expect(")")
        break
      }
    }
    return extents
  }

  /// Skips the list of the fields of records; their types are not needed.
  private mutating func records() throws(Malformed) -> String? {
    var depth = 0
    repeat {
      skipSpace()
      guard place < text.count else { throw Malformed() }
      switch Unicode.Scalar(text[place]) {
      case "'", "\"":
        _ = try string()
        continue
      case "[", "(": depth += 1
      case "]", ")": depth -= 1
      default: break
      }
      place += 1
    } while depth > 0
    return nil
  }
}
