internal import DefenseKit

/// The words of the program for the errors of its parts: properties become `--options`, remedies
/// become advice for the command line.
enum UserText {
  /// The options whose names differ from those of the properties that they set.
  private static let names = [
    "preprocessing.scale": "scale", "preprocessing.mean": "mean",
    "preprocessing.deviation": "std", "batchSize": "batch", "augmentation.shift": "shift",
  ]

  /// Returns the long name of the command's option for a property: `learning-rate` for
  /// `learningRate`.
  static func option(_ property: String) -> String { names[property] ?? kebab(property) }

  /// Returns a name in kebab-case.
  static func kebab(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : "\($1)" }
  }

  /// Returns an error as one line.
  ///
  /// - Parameter path: Returns the text for a path.
  static func line(
    _ error: any DescribedError, path: (String) -> String = { $0 }
  ) -> String {
    let text = error.text(subject: { subject($0, path) }, remedy: remedy)
    switch error {
    // Paths may contain any characters.
    case is FileError: return text.visible
    case let graph as GraphError where graph.kind == .tooLarge:
      return "\(text) (\(Finding.Rule.graphSize.name))"
    default: return text
    }
  }

  private static func subject(_ subject: ErrorSubject, _ path: (String) -> String) -> String {
    switch subject {
    case .option(let option, let plugin): name(option, plugin)
    case .file(let file): "\(ErrorSubject.file(path(file)))"
    case .dataSet(let name): path(name)
    case .image(let index, let set): "\(ErrorSubject.image(index, in: set.map(path)))"
    case .layer, .plugin: "\(subject)"
    }
  }

  private static func name(_ option: String, _ plugin: String?) -> String {
    plugin.map { "\($0).\(kebab(option))" } ?? "--\(self.option(option))"
  }

  private static func remedy(_ remedy: Remedy) -> String {
    switch remedy {
    case .set(let option, nil, let values):
      "use \(alternatives(values.map { "\(name(option, nil)) \($0)" }))"
    case .set(let option, let plugin, let values):
      "set \(name(option, plugin)) to \(alternatives(values))"
    case .raise(let option, let plugin): "raise \(name(option, plugin))"
    case .lower(let option, let plugin): "lower \(name(option, plugin))"
    case .omit(let option, let plugin): "leave \(name(option, plugin)) out"
    case .check(let option, let plugin): "check \(name(option, plugin))"
    case .give(let input, let argument): "give \(input) with \(name(argument, nil))"
    case .usePlugin(let plugin, let kind): "use \(use(of: plugin, as: kind))"
    case .advice(let text): text
    }
  }

  /// Returns the way to request a plugin of a kind: "--defense clp".
  static func use(of plugin: String, as kind: String) -> String {
    switch PluginKind(rawValue: kind) {
    case .attack: "the command 'attack \(plugin)'"
    case .verdict: "--verdict \(plugin) or the command 'scan'"
    case .defense, .detector, .dataSetDetector, nil: "--\(kind) \(plugin)"
    }
  }
}

extension RunContext {
  /// The same context with warnings in the words of the program.
  var inUserWords: RunContext {
    var context = self
    context.wording = { UserText.line($0) }
    return context
  }
}
