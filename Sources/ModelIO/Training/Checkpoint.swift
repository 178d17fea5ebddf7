public import InferenceGraph

/// Files that a training can be resumed from.
///
/// An HDF5 file with the data sets `weights`, `slot_0`, ... and `best` (flat 32-bit floats), and a JSON
/// text with everything else as its attribute `training_config`. Numbers come back bit by bit.
public enum Checkpoint {
  /// Writes a training's state; the file appears whole or not at all.
  ///
  /// - Throws: ``FileError`` if it cannot be written.
  public static func save(_ state: TrainingState, to path: String) throws(FileError) {
    let writer = try HDF5Writer(path: path)
    try writer.write(description(of: state).text, attribute: attribute)
    // An empty data set has no place in a file.
    for (name, values) in arrays(of: state) where !values.isEmpty {
      try writer.write(Tensor(shape: [values.count], values: values), to: name)
    }
    try AtomicFile.write(try writer.image(), to: path)
  }

  /// Reads a training's state.
  ///
  /// Whether it is one of the training that is to be resumed shows when it is.
  ///
  /// - Parameters:
  ///   - path: A file that ``save(_:to:)`` has written.
  ///   - sandbox: How it is parsed.
  /// - Throws: ``FileError`` if it cannot be read or is no such file.
  public static func load(
    _ path: String, sandbox: Sandbox = .auto
  ) throws(FileError) -> TrainingState {
    let file = try HDF5File(path, sandbox: sandbox)
    guard let text = file.strings(attribute)?.first,
      let json = try? JSONParser.parse(text), json["format"]?.string == format
    else {
      throw file.failure("is not a checkpoint of a training; give a file that a training has left")
    }
    guard json["version"]?.int == version else {
      throw file.failure(
        "is a checkpoint of another version of this program; resume with that one, or start anew")
    }
    guard var state = Self.state(from: json), let count = json["weights"]?.int, count >= 0 else {
      throw file.failure(damaged)
    }
    state.weights = try values("weights", count, of: file)
    for index in state.slots.indices {
      state.slots[index] = try values("slot_\(index)", count, of: file)
    }
    if state.best != nil { state.best?.weights = try values("best", count, of: file) }
    return state
  }

  private static let attribute = "training_config"
  private static let format = "defensekit-training-state"
  private static let version = 1
  private static let damaged = "is a damaged checkpoint; start anew, or from an earlier one"

  private static func arrays(of state: TrainingState) -> [(String, [Float])] {
    [("weights", state.weights)]
      + state.slots.enumerated().map { ("slot_\($0)", $1) }
      + (state.best.map { [("best", $0.weights)] } ?? [])
  }

  private static func values(
    _ name: String, _ count: Int, of file: HDF5File
  ) throws(FileError) -> [Float] {
    if count == 0 { return [] }
    guard let dataset = file.datasetIfPresent(name), dataset.info.shape == [count] else {
      throw file.failure(damaged)
    }
    let values = try dataset.floats()
    guard values.allSatisfy(\.isFinite) else { throw file.failure(damaged) }
    return values
  }
}

// MARK: The description

extension Checkpoint {
  private static func description(of state: TrainingState) -> JSONValue {
    let best: JSONValue =
      switch state.best {
      case nil: nil
      case let best?: ["correct": JSONValue(best.correct), "epoch": JSONValue(best.epoch)]
      }
    return [
      "format": .string(format), "version": JSONValue(version),
      "weights": JSONValue(state.weights.count), "slots": JSONValue(state.slots.count),
      "best": best,
      "identity": .array(
        state.identity.map { ["name": .string($0.name), "value": .string($0.value)] }),
      "epochs": .array(
        state.epochs.map {
          [
            "loss": .string($0.loss.bits), "accuracy": .string($0.accuracy.bits),
            "held-out-correct": JSONValue($0.heldOutCorrect),
          ]
        }),
    ]
  }

  /// The state but for its arrays, which are empty; nil if something is missing.
  private static func state(from json: JSONValue) -> TrainingState? {
    guard let items = json["identity"]?.array, let epochs = json["epochs"]?.array,
      let slots = json["slots"]?.int, (0...2).contains(slots)
    else { return nil }
    var state = TrainingState(
      epochs: [], identity: [], weights: [], slots: Array(repeating: [], count: slots), best: nil)
    for item in items {
      guard let name = item["name"]?.string, let value = item["value"]?.string else { return nil }
      state.identity.append(.init(name: name, value: value))
    }
    for epoch in epochs {
      guard let loss = epoch["loss"]?.string.flatMap({ Double(bits: $0) }),
        let accuracy = epoch["accuracy"]?.string.flatMap({ Double(bits: $0) })
      else { return nil }
      state.epochs.append(
        TrainingEpoch(
          loss: loss, accuracy: accuracy, heldOutCorrect: epoch["held-out-correct"]?.int))
    }
    if let best = json["best"], !best.isNull {
      guard let correct = best["correct"]?.int else { return nil }
      state.best = .init(weights: [], correct: correct, epoch: best["epoch"]?.int)
    }
    return state
  }
}

extension JSONValue {
  fileprivate init(_ value: Int?) { self = value.map { .number(Double($0)) } ?? .null }
}

extension Double {
  /// The bits in hexadecimal: a text that reads back as exactly this number.
  fileprivate var bits: String { String(bitPattern, radix: 16) }

  fileprivate init?(bits: String) {
    guard let pattern = UInt64(bits, radix: 16) else { return nil }
    self.init(bitPattern: pattern)
  }
}
