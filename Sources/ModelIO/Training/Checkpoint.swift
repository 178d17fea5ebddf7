internal import InferenceGraph
public import NetworkTraining

/// Files from which training can be resumed.
///
/// A checkpoint is an `ArrayFile` with the arrays `weights`, `slot_0`, ... and `best`, each
/// one-dimensional, and everything else as JSON in its setting `training`. Numbers are restored bit
/// by bit.
public enum Checkpoint {
  /// Writes the state of a training run atomically.
  ///
  /// - Throws: ``FileError`` if it cannot be written.
  public static func save(_ state: TrainingState, to path: String) throws(FileError) {
    // Empty arrays are omitted; `load` reads a missing array as empty.
    let arrays = arrays(of: state).filter { !$0.values.isEmpty }.map { name, values in
      (name: name, tensor: Tensor(shape: [values.count], values: values))
    }
    try ArrayFile(
      kind: kind, settings: [(setting, description(of: state).pythonText)], arrays: arrays
    ).save(to: path)
  }

  /// Reads the state of a training run.
  ///
  /// Resuming checks whether the state belongs to the training run.
  ///
  /// - Parameters:
  ///   - path: A file that ``save(_:to:)`` has written.
  ///   - sandbox: Whether a sealed process parses the file.
  /// - Throws: ``FileError`` if the file cannot be read, is damaged, or is not a checkpoint.
  public static func load(
    _ path: String, sandbox: Sandbox = .auto
  ) throws(FileError) -> TrainingState {
    let file = try ArrayFile.load(
      path, kind: kind, arrays: ["weights", "slot_0", "slot_1", "best"],
      largestCount: largestCount, sandbox: sandbox)
    let damaged = FileError(
      .badData, path: path, "is a damaged checkpoint; start again, or from an earlier one")
    guard let json = file.setting(setting).flatMap({ try? JSONParser.parse($0) }),
      var state = Self.state(from: json), let count = json["weights"]?.int
    else { throw damaged }
    func values(_ name: String) throws(FileError) -> [Float] {
      let values = file.array(name)?.values ?? []
      guard values.count == count else { throw damaged }
      return values
    }
    state.weights = try values("weights")
    for index in state.slots.indices { state.slots[index] = try values("slot_\(index)") }
    if state.best != nil { state.best?.weights = try values("best") }
    return state
  }

  private static let kind = "checkpoint"
  private static let setting = "training"
  /// The largest number of weights in a trainable network.
  private static let largestCount = 1 << 28

  private static func arrays(of state: TrainingState) -> [(name: String, values: [Float])] {
    [("weights", state.weights)]
      + state.slots.enumerated().map { ("slot_\($0)", $1) }
      + (state.best.map { [("best", $0.weights)] } ?? [])
  }
}

// MARK: The description

extension Checkpoint {
  private static func description(of state: TrainingState) -> JSON {
    let best: JSON =
      switch state.best {
      case nil: .null
      case let best?: ["correct": JSON(best.correct), "epoch": JSON(best.epoch)]
      }
    return [
      "weights": JSON(state.weights.count), "slots": JSON(state.slots.count),
      "best": best,
      "identity": .array(
        state.identity.map { ["name": .string($0.name), "value": .string($0.value)] }),
      "epochs": .array(
        state.epochs.map {
          [
            "loss": .string($0.loss.bits), "accuracy": .string($0.accuracy.bits),
            "held-out-correct": JSON($0.heldOutCorrect),
          ]
        }),
    ]
  }

  /// Returns the state with empty arrays; nil if something is missing or invalid.
  private static func state(from json: JSON) -> TrainingState? {
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

extension Double {
  /// The bits in hexadecimal, which restore exactly this number.
  fileprivate var bits: String { String(bitPattern, radix: 16) }

  fileprivate init?(bits: String) {
    guard let pattern = UInt64(bits, radix: 16) else { return nil }
    self.init(bitPattern: pattern)
  }
}
