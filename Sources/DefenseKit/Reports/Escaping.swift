internal import ModelIO

extension String {
  /// Returns the text with some of its scalars replaced.
  ///
  /// Scalars are looked at and not characters: a quotation mark with an accent on it is a character of
  /// its own, and ends an attribute all the same.
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

  /// The text as HTML and XML have it, between tags and in quoted attributes alike.
  ///
  /// Characters that nobody sees, such as marks that turn the direction of what follows, are written as
  /// ``Swift/String/visible`` does.
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

  /// The text as it stands in a cell of a Markdown table: what would be markup, HTML or a link is not.
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
