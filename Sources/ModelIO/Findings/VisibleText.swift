extension String {
  /// The text with every character that a terminal would not simply show as `\u{1b}`.
  ///
  /// Names and texts in a file are the attacker's: control characters could clear the screen or
  /// forge lines of output, and direction marks rearrange what is read. Escaped are the categories
  /// control, format (which holds the bidirectional and zero-width ones), line and paragraph
  /// separators, private use and unassigned. What has no such character stays as it is.
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
  /// Whether a terminal may do something other than show the character in its place.
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

/// Returns the text shortened to a length that suits a message.
func abbreviated(_ text: String, to limit: Int = 80) -> String {
  // Scalars are counted: one character may hold any number of them.
  text.unicodeScalars.count > limit
    ? String(text.unicodeScalars.prefix(limit)) + "…" : text
}
