extension String {
  /// The text with each hidden character escaped, for example as `\u{1b}`.
  ///
  /// Names and texts in a file are under the attacker's control: control characters could clear the
  /// screen or forge lines of output, and direction marks could reorder what a user reads. The
  /// escaped categories are control, format (which includes the bidirectional and zero-width
  /// characters), line and paragraph separators, private use, and unassigned. A text without such
  /// characters is returned unchanged.
  public var visible: String {
    guard unicodeScalars.contains(where: \.isHidden) else { return self }
    var result = ""
    for scalar in unicodeScalars {
      if scalar.isHidden {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension Unicode.Scalar {
  /// Whether a terminal may do something other than display the character in place.
  public var isHidden: Bool {
    if isASCII { return value < 0x20 || value == 0x7F }
    return switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned,
      .surrogate:
      true
    default: false
    }
  }
}

/// Returns the text, cut after `limit` Unicode scalars and marked with an ellipsis if it is longer.
func abbreviated(_ text: String, to limit: Int = 80) -> String {
  // Scalars, since one `Character` may hold any number of them.
  text.unicodeScalars.count > limit
    ? String(text.unicodeScalars.prefix(limit)) + "…" : text
}
