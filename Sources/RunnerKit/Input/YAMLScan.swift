internal import DefenseKit

/// Checks a YAML text before a parser reads it.
///
/// Yams composes a document at once and hashes each key whole. Aliases can make this exponential in
/// the file's size; nested mappings as keys can make it quadratic.
enum YAMLScan {
  /// The maximum number of bytes to hash for keys that are mappings: the number of characters that
  /// can start one, times the number of bytes that it can hold.
  private static let keyLimit = 1 << 24

  /// Refuses anchors, aliases, and too many possible keys that are mappings.
  ///
  /// The scan does not recognize quotes and comments, in which these characters have no meaning: it
  /// finds every anchor that a parser would find, and sometimes a false one.
  ///
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
            "\(path):\(line): '\(scalar)\(scalars[next])' looks like \(kind), which are not allowed, "
              .visible + "not even in comments or quotes; leave it out")
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

  /// Whether an anchor or an alias can follow this character.
  ///
  /// In plain texts `&` and `*` follow letters and similar characters; after a closing quotation
  /// mark a parser accepts neither.
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
