/// What an error is about.
public enum ErrorSubject: Sendable, Hashable, CustomStringConvertible {
  /// An option: the name of a property, such as `learningRate`; for an option of a plugin, the name
  /// that the plugin declares.
  case option(String, of: String? = nil)
  /// The file or folder at a path.
  case file(String)
  /// An image by its position, with the name of its data set if known.
  case image(Int, in: String? = nil)
  /// The layer or node of a network with this name.
  case layer(String)
  /// The plugin with this name.
  case plugin(String)
  /// The data set with this name.
  case dataSet(String)

  /// The subject in the words of the library: `learningRate`, `fine-pruning.drops`, `layer 'conv'`.
  public var description: String {
    switch self {
    case .option(let name, let plugin): plugin.map { "\($0).\(name)" } ?? name
    case .file(let path): path.isEmpty ? "''" : path
    case .image(let index, let set): set.map { "\($0): image \(index)" } ?? "image \(index)"
    case .layer(let name): "layer '\(name)'"
    case .plugin(let name), .dataSet(let name): name
    }
  }

  /// The text between the subject and the problem: the problem of an option or a plugin continues
  /// the sentence.
  var separator: String {
    switch self {
    case .option, .plugin: " "
    case .file, .image, .layer, .dataSet: ": "
    }
  }
}
