/// What the caller can do about an error.
///
/// Options are named as in ``ErrorSubject/option(_:of:)``.
public enum Remedy: Sendable, Hashable, CustomStringConvertible {
  /// Set an option to one of these values.
  case set(String, of: String? = nil, to: [String])
  /// Give an option a larger value.
  case raise(String, of: String? = nil)
  /// Give an option a smaller value.
  case lower(String, of: String? = nil)
  /// Leave an option out, or at its default.
  case omit(String, of: String? = nil)
  /// Check whether an option has the right value.
  case check(String, of: String? = nil)
  /// Give a missing input, described by a noun phrase, for the argument with this name.
  case give(String, for: String)
  /// Use the plugin with this name as what it is, for example a `defense`.
  case usePlugin(String, as: String)
  /// Any other advice: an imperative.
  case advice(String)

  /// The remedy in the words of the library, an imperative: `lower learningRate`.
  public var description: String {
    func name(_ option: String, _ plugin: String?) -> String {
      "\(ErrorSubject.option(option, of: plugin))"
    }
    return switch self {
    case .set(let option, let plugin, let values):
      "set \(name(option, plugin)) to \(alternatives(values))"
    case .raise(let option, let plugin): "raise \(name(option, plugin))"
    case .lower(let option, let plugin): "lower \(name(option, plugin))"
    case .omit(let option, let plugin): "leave \(name(option, plugin)) out"
    case .check(let option, let plugin): "check \(name(option, plugin))"
    case .give(let input, _): "give \(input)"
    case .usePlugin(let plugin, let kind): "use \(plugin) as \(kind)"
    case .advice(let text): text
    }
  }
}

/// Joins texts in the form "a, b or c".
package func alternatives(_ texts: [String]) -> String {
  guard let last = texts.last, texts.count > 1 else { return texts.first ?? "" }
  return "\(texts.dropLast().joined(separator: ", ")) or \(last)"
}
