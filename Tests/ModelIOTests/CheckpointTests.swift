import Foundation
import InferenceGraph
import NetworkTraining
import Testing

@testable import ModelIO

@Suite("Checkpoints of trainings")
struct CheckpointTests: ~Copyable {
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private let data = TrainingSet(
    ArraySource((0..<480).map { Float(($0 * 37) % 101) / 50 - 1 }, imageShape: [4, 4, 1]),
    labels: (0..<30).map { Int32($0 % 3) })

  private func model() throws -> Model {
    func weights(_ shape: [Int]) -> Tensor {
      Tensor(
        shape: shape,
        values: (0..<shape.reduce(1, *)).map { Float(($0 * 29) % 31) / 100 - 0.15 })
    }
    var graph = try Graph(inputShape: [4, 4, 1])
    try graph.append(
      "conv", .convolution(Convolution(kernel: weights([3, 3, 1, 4]), bias: weights([4]))),
      inputs: [0], activation: .relu)
    try graph.append("flatten", .flatten, inputs: [1])
    try graph.append(
      "output", .dense(Dense(kernel: weights([16, 3]), bias: weights([3]))), inputs: [2],
      activation: .softmax)
    return Model(graph: graph)
  }

  @Test(
    "A training resumed from a file ends with the same bits",
    arguments: [Optimizer.sgd(momentum: 0), .sgd(), .adam(), .adamW()], [nil, 4])
  func resumes(optimizer: Optimizer, patience: Int?) throws {
    let path = "\(folder)/state.h5"
    let options = TrainingOptions(
      epochs: 4, batchSize: 8, optimizer: optimizer, learningRate: 0.01, schedule: .cosine,
      weightDecay: 1e-3, patience: patience, seed: .max)
    var states: [TrainingState] = []
    let whole = try model().trained(
      on: data, heldOut: data, options: options, checkpoint: { states.append($0) })
    for state in states {
      try Checkpoint.save(state, to: path)
      let read = try Checkpoint.load(path)
      #expect(read == state)
      let rest = try model().trained(on: data, heldOut: data, options: options, resuming: read)
      #expect(rest.model.graph == whole.model.graph && rest.epochs == whole.epochs)
    }
    #expect(states.count == 4)
  }

  @Test("Numbers come back bit by bit")
  func bits() throws {
    let path = "\(folder)/state.h5"
    let state = TrainingState(
      epochs: [
        TrainingEpoch(loss: 0.1 + 0.2, accuracy: 1.0 / 3, heldOutCorrect: 7),
        TrainingEpoch(loss: .leastNonzeroMagnitude, accuracy: -0.0),
      ],
      identity: [.init(name: "a \"name\"", value: "Ä\n[1, 2]")],
      weights: [.leastNonzeroMagnitude, -0.0, 1.1, .greatestFiniteMagnitude], slots: [],
      best: .init(weights: [0, 0, 0, 0], correct: 3, epoch: nil))
    try Checkpoint.save(state, to: path)
    let read = try Checkpoint.load(path)
    #expect(read == state)
    #expect(read.weights.map(\.bitPattern) == state.weights.map(\.bitPattern))
    #expect(read.epochs[1].accuracy.bitPattern == (-0.0).bitPattern)
    let empty = TrainingState(epochs: [], identity: [], weights: [], slots: [[], []], best: nil)
    try Checkpoint.save(empty, to: path)
    #expect(try Checkpoint.load(path) == empty)
  }

  @Test("What is no checkpoint is refused in one line, and writing leaves all or nothing")
  func refusals() throws {
    func message(_ name: String) throws -> String {
      let error = try #require(throws: FileError.self) { try Checkpoint.load("\(folder)/\(name)") }
      return error.problem
    }
    try KerasModel.save(model(), to: "\(folder)/model.h5")
    #expect(
      try message("model.h5")
        == "is not a checkpoint file of this program, but looks like a model; give one that it wrote"
    )
    try AtomicFile.write("no HDF5", to: "\(folder)/text.h5")
    #expect(try message("text.h5").contains("is not an HDF5 file"))
    #expect(try message("missing.h5") == "no such file; check the path")

    func write(_ json: JSON, _ arrays: [String: [Float]], kind: String = "checkpoint") throws {
      let arrays = arrays.map { name, values in
        (name: name, tensor: Tensor(shape: [values.count], values: values))
      }
      try ArrayFile(kind: kind, settings: [("training", json.pythonText)], arrays: arrays)
        .save(to: "\(folder)/bad.h5")
    }
    func json(_ change: (inout [String: JSON]) -> Void = { _ in }) -> JSON {
      var members: [String: JSON] = [
        "weights": 2, "slots": 1,
        "best": .null, "identity": [], "epochs": [],
      ]
      change(&members)
      return JSON(members)
    }
    let arrays: [String: [Float]] = ["weights": [1, 2], "slot_0": [3, 4]]
    try write(json(), arrays)
    #expect(try Checkpoint.load("\(folder)/bad.h5").slots == [[3, 4]])
    let damaged = "is a damaged checkpoint; start again, or from an earlier one"
    let changes: [(inout [String: JSON]) -> Void] = [
      { $0["weights"] = 3 }, { $0["weights"] = -1 }, { $0["weights"] = nil },
      { $0["slots"] = 2 }, { $0["slots"] = 1_000_000_000 }, { $0["best"] = [:] },
      { $0["best"] = ["correct": 1] }, { $0["identity"] = [["name": "a"]] },
      { $0["epochs"] = [["loss": "x", "accuracy": "0"]] }, { $0["epochs"] = nil },
    ]
    for change in changes {
      try write(json(change), arrays)
      #expect(try message("bad.h5") == damaged)
    }
    try write(json(), ["weights": [1, .nan], "slot_0": [3, 4]])
    #expect(
      try message("bad.h5")
        == "its data set 'weights' is nan at position 1; make the checkpoint again")
    try write(json(), arrays, kind: "trigger")
    #expect(try message("bad.h5").contains("looks like a trigger; give one"))

    let state = TrainingState(epochs: [], identity: [], weights: [1], slots: [], best: nil)
    let error = #expect(throws: FileError.self) {
      try Checkpoint.save(state, to: "\(folder)/no/such/folder.h5")
    }
    #expect(error?.kind == .cannotWrite)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        == ["bad.h5", "model.h5", "text.h5"])
  }
}
