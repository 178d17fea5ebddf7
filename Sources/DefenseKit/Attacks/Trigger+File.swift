internal import InferenceGraph
public import ModelIO

extension Trigger {
  private static let kind = "trigger"
  /// Enough for 4096 x 4096 pixels of 3 channels and their opacity.
  private static let largestCount = 1 << 26

  /// Writes the trigger as one HDF5 file; equal triggers give equal bytes.
  ///
  /// The values are data sets of 32-bit floats (`pattern` and `alpha`, `addition`, or `field`);
  /// everything else is in an attribute, a quantization's `levels` and `dithers` too.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  public func save(to path: String) throws(FileError) {
    let arrays: [(name: String, tensor: Tensor)] =
      switch change {
      case .overlay(let pattern, let alpha):
        [
          ("pattern", Tensor(shape: imageShape, values: pattern)),
          ("alpha", Tensor(shape: Array(imageShape.prefix(2)), values: alpha)),
        ]
      case .addition(let values): [("addition", Tensor(shape: imageShape, values: values))]
      case .warp(let field):
        [("field", Tensor(shape: Array(imageShape.prefix(2)) + [2], values: field))]
      case .quantization: []
      }
    var extra = goal.source.map { [("source", "\($0)")] } ?? []
    if case .quantization(let levels, let dithers) = change {
      extra += [("levels", "\(levels)"), ("dithers", "\(dithers)")]
    }
    try ArrayFile(
      kind: Self.kind,
      settings: [
        ("attack", attack), ("mode", goal.mode.rawValue), ("target", "\(goal.target)"),
        ("classes", "\(goal.classCount)"), ("seed", "\(seed)"), ("shape", imageShape.optionText),
      ] + extra + options.map { ("option.\($0.name)", $0.value) }, arrays: arrays
    ).save(to: path)
  }

  /// Reads a trigger file written by ``save(to:)``.
  ///
  /// - Throws: `FileError` if the file does not exist or does not hold a trigger.
  public static func load(
    _ path: String, sandbox: Sandbox = .auto
  ) throws(FileError) -> Trigger {
    let file = try ArrayFile.load(
      path, kind: kind, arrays: ["pattern", "alpha", "addition", "field"],
      largestCount: largestCount, sandbox: sandbox)
    let advice = ArrayFile.advice(kind)
    func fail(_ message: String) -> FileError { FileError(.badData, path: path, message) }
    func text(_ name: String) throws(FileError) -> String {
      guard let text = file.setting(name) else {
        throw fail("has no setting '\(name)'; \(advice)")
      }
      return text
    }
    func value<Value>(_ name: String, _ parse: (String) -> Value?) throws(FileError) -> Value {
      let text = try text(name)
      guard let value = parse(text) else {
        throw fail("has the \(name) '\(text.prefix(40))', which is not valid; \(advice)")
      }
      return value
    }
    let mode = try value("mode") { AttackGoal.Mode(rawValue: $0) }
    let target = try value("target") { Int($0) }
    let classes = try value("classes") { Int($0) }
    let seed = try value("seed") { UInt64($0) }
    let shape = try value("shape") { [Int](optionText: $0) }
    let source = try file.setting("source") == nil ? nil : value("source") { Int($0) }
    let change: Change
    if let pattern = file.array("pattern"), let alpha = file.array("alpha") {
      change = .overlay(pattern: pattern.values, alpha: alpha.values)
    } else if let addition = file.array("addition") {
      change = .addition(addition.values)
    } else if let field = file.array("field") {
      change = .warp(field.values)
    } else if file.setting("levels") != nil {
      change = .quantization(
        levels: try value("levels") { Int($0) }, dithers: try value("dithers") { Bool($0) })
    } else {
      throw fail(
        "holds neither a pattern with its alpha, nor an addition, a field or a number of levels; "
          + advice)
    }
    let prefix = "option."
    let options = file.settings.filter { $0.name.hasPrefix(prefix) }.map {
      OptionText(name: String($0.name.dropFirst(prefix.count)), value: $0.value)
    }
    do {
      return try Trigger(
        change, imageShape: shape,
        goal: AttackGoal(mode, target: target, classCount: classes, source: source),
        attack: text("attack"), seed: seed, options: options)
    } catch let error as FileError {
      throw error
    } catch {
      throw fail("holds an unusable trigger: \(error); \(advice)")
    }
  }
}
