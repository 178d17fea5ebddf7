internal import ModelIO

extension String {
  /// Returns the text with some of its Unicode scalars replaced.
  ///
  /// It replaces scalars instead of characters, because a quotation mark with a combining accent is
  /// another character, but still ends an attribute.
  func escaped(_ replacement: (Unicode.Scalar) -> String?) -> String {
    var result = ""
    for scalar in unicodeScalars {
      if let text = replacement(scalar) {
        result += text
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The text escaped for HTML and XML, both between tags and in quoted attributes.
  ///
  /// Invisible characters, for example those that change the writing direction, are replaced as by
  /// ``Swift/String/visible``.
  package var markup: String {
    visible.escaped { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      default: nil
      }
    }
  }

  /// The text escaped for a cell of a Markdown table, without effect as markup, HTML or a link.
  var markdown: String {
    visible.escaped { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\\", "`", "*", "_", "[", "]", "|", "~", "$", "#", "@", ":", "!": "\\" + String(scalar)
      default: nil
      }
    }.replacing("www.", with: "www\\.")
  }
}
