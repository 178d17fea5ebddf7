internal import DefenseKit

/// What a YAML text is refused for before a parser sees it.
///
/// Yams composes a document at once and hashes each key whole. With aliases that takes time that is
/// exponential in the file's size; with mappings as keys within each other, time that is quadratic.
enum YAMLScan {
  /// The most bytes to hash for keys that are mappings: characters that can begin one, times the
  /// bytes that it can hold.
  private static let keyLimit = 1 << 24

  /// Refuses anchors, aliases, and too many possible keys that are no texts.
  ///
  /// It does not know quoted texts and comments, where all these mean nothing: what is an anchor
  /// for any reader is found, and now and then what is none.
  /// - Throws: ``Failure`` with status 65.
  static func check(_ text: String, from path: String) throws(Failure) {
    let scalars = text.unicodeScalars
    var line = 1
    var before: Unicode.Scalar = "\n"
    var openings = 0
    for index in scalars.indices {
      let scalar = scalars[index]
      if scalar == "{" || scalar == "?" { openings += 1 }
      if scalar == "&" || scalar == "*", canBegin(after: before) {
        let next = scalars.index(after: index)
        if next < scalars.endIndex, !isSpace(scalars[next]) {
          let kind = scalar == "&" ? "an anchor" : "an alias"
          throw Failure(
            Failure.data,
            "\(path):\(line): '\(scalar)\(scalars[next])' looks like \(kind), which are not read, nor "
              .visible + "looked past in a comment or in quotes; leave it out")
        }
      }
      if scalar == "\n" || (scalar == "\r" && !isFollowed(index, by: "\n", in: scalars)) {
        line += 1
      }
      before = scalar
    }
    let levels = min(openings, 1000)
    guard levels * text.utf8.count <= keyLimit else {
      throw Failure(
        Failure.data,
        "\(path): holds too many '{' and '?' for its size; write mappings as lines of key: value"
          .visible)
    }
  }

  /// Whether an anchor or an alias can stand behind this character.
  ///
  /// In plain texts `&` and `*` stand behind letters and the like; behind a quotation mark that ends
  /// a text a parser takes neither.
  private static func canBegin(after scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII {
      return switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "/", "\\", "(", ")", "+", "=", "~", "\"", "'":
        false
      default: true
      }
    }
    return !(scalar.properties.isAlphabetic || scalar.properties.isEmoji)
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || scalar == "\u{FEFF}"
  }

  private static func isFollowed(
    _ index: String.UnicodeScalarView.Index, by wanted: Unicode.Scalar,
    in scalars: String.UnicodeScalarView
  ) -> Bool {
    let next = scalars.index(after: index)
    return next < scalars.endIndex && scalars[next] == wanted
  }
}
