import Foundation
import InferenceGraph
import NetworkTraining
import Testing

@testable import ModelIO

/// Files of weights from models of such files.
@Suite("Writing weights of PyTorch")
final class StateWritingTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "defensekit-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  private func catalogue(_ path: String) throws -> StateCatalogue {
    try StateFile(FileDescriptor(path), sandbox: .off).catalogue
  }

  /// Changes weights in a builder's file as a defense does: some elements become zero or another
  /// number.
  private static func change(
    _ weights: inout [CheckpointBuilder.Weight], _ random: inout SeededGenerator
  ) {
    for index in weights.indices where Bool.random(using: &random) {
      for place in weights[index].values.indices where Bool.random(using: &random) {
        weights[index].values[place] = Float(Int.random(in: 1...64, using: &random)) / 64
      }
    }
  }

  /// Every form, type, order of axes, offset and wrapper, with and without prefixes and masks.
  @Test("A changed model is written in its file's form and reads back the same", arguments: 0..<90)
  func written(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let form = CheckpointBuilder.Form.allCases[Int(seed) % 3]
    let sample = StateDictTests.Sample(&random, form: form)
    var changed = sample
    Self.change(&changed.weights, &random)
    let prefix = ["", "module.", "net."].randomElement(using: &random) ?? ""
    let isMasked = Bool.random(using: &random)
    var wrapper: [String] = []
    if form != .safetensors, Bool.random(using: &random) {
      wrapper = Array(["outer", "state_dict"].suffix(Int.random(in: 1...2, using: &random)))
    }
    /// The file with weights; with a mask, that of the suspect is given for the elements that stay.
    func file(_ sample: StateDictTests.Sample, from old: StateDictTests.Sample)
      -> CheckpointBuilder
    {
      var file = CheckpointBuilder(weights: sample.weights)
      file.wrapper = wrapper
      if !wrapper.isEmpty {
        file.others = [
          ("epoch", CheckpointBuilder.integer(90)), ("step", CheckpointBuilder.integer(1 << 40)),
          ("best", [UInt8(ascii: "G"), 63, 240, 0, 0, 0, 0, 0, 0]),
          ("names", Array("](".utf8) + CheckpointBuilder.text("a b") + Array("Ne".utf8)),
          ("shape", CheckpointBuilder.tuple([CheckpointBuilder.integer(3), [0x88]])),
          ("lists", CheckpointBuilder.ordered([("low", CheckpointBuilder.integer(0))])),
        ]
      }
      file.weights.append(
        .init(name: "bn.num_batches_tracked", shape: [], values: [7], type: .int64))
      if isMasked {
        let index = file.weights.firstIndex { $0.name == "fc.weight" } ?? 0
        let before = old.values("fc.weight")
        var mask = file.weights[index]
        mask.name = "fc.weight_mask"
        file.weights[index].name = "fc.weight_orig"
        for (place, value) in sample.values("fc.weight").enumerated() {
          let isKept = value == before[place]
          mask.values[place] = isKept && value == 0 ? 0 : 1
          file.weights[index].values[place] = isKept && value == 0 ? 5 : value
        }
        file.weights.insert(mask, at: 0)
      }
      for index in file.weights.indices {
        file.weights[index].name = prefix + file.weights[index].name
      }
      return file
    }
    let suspect = try file(sample, from: sample).write(form, to: URL(filePath: path("suspect")))
    let blank = try StateDictTests.network(sample.sizes) { _, shape in
      (0..<shape.reduce(1, *)).map { Float($0 % 7) + 1 }
    }.write(to: folder, as: "blank.onnx")
    let target = try ModelFile.load(
      try StateDictTests.network(sample.sizes) { name, _ in changed.values(name) }
        .write(to: folder, as: "whole.onnx"))
    let title: Comment = "seed \(seed), \(form), prefix '\(prefix)', mask \(isMasked), \(wrapper)"
    for sandbox in [Sandbox.auto, .off] {
      var model = try ModelFile.load(suspect, architecture: blank, sandbox: sandbox)
      #expect(model.notes.isEmpty, title)
      for (old, new) in zip(model.graph.nodes, target.graph.nodes)
      where old.operation != new.operation {
        model.graph = try model.graph.replacing(old.name, with: new.operation)
      }
      try ModelFile.checkWriting(model)
      let end = ModelFile.fileExtension(of: model)
      #expect(end == (form == .safetensors ? "safetensors" : "pt"))
      let copy = path("copy.\(end)")
      try ModelFile.save(model, to: copy)
      let again = try ModelFile.load(copy, architecture: blank, sandbox: sandbox)
      #expect(again.graph.nodes.map(\.operation) == target.graph.nodes.map(\.operation), title)
      if form == .safetensors {
        #expect(
          try Data(contentsOf: URL(filePath: copy))
            == Data(file(changed, from: sample).bytes(form)), title)
      } else {
        let (old, new) = (try catalogue(suspect), try catalogue(copy))
        #expect(new.skeleton != nil && new.skeleton == old.skeleton, title)
        #expect(new.tensors.map { StoredTensor($0) } == old.tensors.map { StoredTensor($0) }, title)
        #expect(new.tensors.allSatisfy { $0.isContiguous && $0.offset.isMultiple(of: 64) })
        #expect(new.findings.isEmpty && new.wrapper == old.wrapper)
      }
      // Another form, by the same names.
      for (format, name) in [(ModelFormat.pt, "other.pth"), (.safetensors, "other.safetensors")] {
        try ModelFile.save(model, as: format, to: path(name))
        let other = try ModelFile.load(path(name), architecture: blank, sandbox: sandbox)
        #expect(other.graph.nodes.map(\.operation) == target.graph.nodes.map(\.operation), title)
      }
      // And without a network.
      for (format, name) in [(ModelFormat.pt, "plain.pth"), (.safetensors, "plain.safetensors")] {
        #expect(
          try ModelFile.copyWeights(copy, as: format, to: path(name), sandbox: sandbox).isEmpty)
        let other = try ModelFile.load(path(name), architecture: blank, sandbox: sandbox)
        #expect(other.graph.nodes.map(\.operation) == target.graph.nodes.map(\.operation), title)
        #expect(
          Set(try catalogue(path(name)).tensors.map { StoredTensor($0) })
            == Set(try catalogue(suspect).tensors.map { StoredTensor($0) }), title)
      }
      #expect(throws: FileError.self) { try ModelFile.save(model, to: suspect) }
    }
  }

  @Test("Objects are left out by name, and other sets of weights are kept as they are")
  func omitted() throws {
    var file = StateDictTests.fixed()
    file.wrapper = ["model"]
    let storage = CheckpointBuilder.storage("Float", "0", 72)
    let tensor = CheckpointBuilder.tensor(storage, [72], [1])
    let namespace = CheckpointBuilder.global("argparse", "Namespace") + Array(")R".utf8)
    file.others = [
      ("args", namespace), ("ema", CheckpointBuilder.ordered([("w", tensor)])),
      (
        "optimizer",
        CheckpointBuilder.dictionary([("lr", CheckpointBuilder.integer(1)), ("class", namespace)])
      ), ("all", CheckpointBuilder.dictionary([("one", namespace)])),
    ]
    let weights = try file.write(.zip, to: folder.appending(path: "weights.pth"))
    let blank = try StateDictTests.network((4, 3)) { _, shape in
      [Float](repeating: 1, count: shape.reduce(1, *))
    }.write(to: folder)
    let model = try ModelFile.load(weights, architecture: blank)
    #expect(
      model.notes == [
        "\(weights): a copy (.pt) leaves out 'args', 'optimizer.class', 'all', whose values are not "
          + "plain",
        "\(weights): a copy (.pt) keeps the tensors in 'ema' as they are; only those in 'model' are "
          + "repaired",
      ])
    #expect(ModelFile.fileExtension(of: model) == "pth")
    try ModelFile.save(model, to: path("copy.pth"))
    let copy = try catalogue(path("copy.pth"))
    #expect(copy.otherSets == ["ema"] && copy.omitted.isEmpty && copy.others.count == 1)
    #expect(copy.tensors.count == 7)
  }

  @Test("Weights that share their elements are told when the file is opened")
  func shared() throws {
    var file = StateDictTests.fixed()
    let names = ["bn.weight", "bn.bias"]
    let others = file.weights.filter { !names.contains($0.name) }
    file.weights = others + [.init(name: "unused", shape: [4], values: [1, 2, 3, 4])]
    let key = "\(others.count)"
    let shared = CheckpointBuilder.tensor(
      CheckpointBuilder.storage("Float", key, 4), [4], [1])
    var items = others.enumerated().map { index, weight in
      (
        weight.name,
        CheckpointBuilder.tensor(
          CheckpointBuilder.storage("Float", "\(index)", weight.values.count), weight.shape,
          StateTensor.rowMajor(weight.shape))
      )
    }
    items += names.map { ($0, shared) }
    let pickle = CheckpointBuilder.pickle(CheckpointBuilder.ordered(items))
    try Data(ArchiveBuilder(members: file.members(pickle: pickle)).bytes)
      .write(to: folder.appending(path: "weights.pt"))
    let blank = try StateDictTests.network((4, 3)) { _, shape in
      [Float](repeating: 1, count: shape.reduce(1, *))
    }.write(to: folder)
    let model = try ModelFile.load(path("weights.pt"), architecture: blank)
    let error = #expect(throws: FileError.self) { try ModelFile.checkWriting(model) }
    #expect(
      error?.problem
        == "cannot be written as weights by name: its tensors 'bn.bias' and 'bn.weight' share their "
        + "elements")
    try ModelFile.checkWriting(model, as: .onnx)
    // As they are, they stay shared.
    #expect(try ModelFile.copyWeights(path("weights.pt"), as: .pt, to: path("copy.pt")).isEmpty)
    let copy = try catalogue(path("copy.pt")).tensors
    #expect(copy.suffix(2).map(\.name) == names && Set(copy.suffix(2).map(\.offset)).count == 1)
  }

  @Test("A skeleton that does not hold together is refused")
  func skeletons() {
    #expect(StateSkeleton([], tensors: 1) == nil)
    #expect(StateSkeleton([.list([0])], tensors: 1) == nil)
    #expect(StateSkeleton([.tensor(1)], tensors: 1) == nil)
    #expect(StateSkeleton([.tensor(0)], tensors: 1) != nil)
    let odd = StateSkeleton.Node.dictionary([0], isOrdered: true, attributes: nil)
    #expect(StateSkeleton([.none, odd], tensors: 1) == nil)
    let chain = [StateSkeleton.Node.none] + (0..<StateSkeleton.maximumDepth).map { .list([$0]) }
    #expect(StateSkeleton(chain, tensors: 0) != nil)
    #expect(StateSkeleton(chain + [.list([StateSkeleton.maximumDepth])], tensors: 0) == nil)
  }
}
