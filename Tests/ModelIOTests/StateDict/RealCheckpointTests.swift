import Foundation
import InferenceGraph
import LabFiles
import ReferenceInference
import Testing

@testable import ModelIO

/// The folder with checkpoints that others made.
private enum Checkpoints {
  static let folder = Lab.repository.appending(path: "../shared/models").standardizedFileURL

  static let exist: Bool = {
    let exist = FileManager.default.fileExists(atPath: path("ibau_badnets_8_02_ckpt.pth"))
    if !exist { print("skipped: no checkpoints of others in \(folder.path)") }
    return exist
  }()

  static func path(_ name: String) -> String { folder.appending(path: name).path }
}

/// Checkpoints that others made, in ../shared/models beside the repository.
@Suite("Checkpoints of others", .enabled(if: Checkpoints.exist))
struct RealCheckpointTests {
  @Test(
    arguments: [
      ("ibau_badnets_8_02_ckpt.pth", 44, "float32"),
      ("ibau_trojan_wm_2_02_ckpt.pth", 44, "float32"),
      ("winml_pytorch_cifar.pth", 30, "float32"), ("akamaster_resnet20.th", 97, "float32"),
    ])
  func contents(_ name: String, count: Int, type: String) throws {
    for sandbox in [Sandbox.auto, .off] {
      let audit = try ModelFile.audit(Checkpoints.path(name), sandbox: sandbox)
      #expect(audit.findings.isEmpty && audit.failure == nil)
      #expect(audit.tensors.count == count, "\(name): \(audit.tensors.count)")
      #expect(Set(audit.tensors.map(\.type)).isSubset(of: [type, "int64"]))
    }
  }

  /// The two backdoored networks are there as Keras models too.
  @Test(arguments: ["badnets_8", "trojan_wm_2"])
  func weights(_ name: String) throws {
    let keras = try ModelFile.load(Checkpoints.path("ibau_\(name).h5"))
    let file = try StateFile(
      FileDescriptor(Checkpoints.path("ibau_\(name)_02_ckpt.pth")), sandbox: .off)
    #expect(file.catalogue.wrapper == "net")
    let values = try file.entries.values.map { entry in
      entry.type.floats(try file.bytes(of: entry)).sorted()
    }
    let kernels = keras.graph.nodes.flatMap { node in
      node.operation.namedWeights.filter { $0.role == .kernel }.map { $0.tensor.values.sorted() }
    }
    #expect(kernels.count == 7)
    for kernel in kernels {
      let isThere = values.contains(kernel)
      #expect(isThere)
    }
  }

  /// The network is known by its weights.
  @Test(arguments: ["badnets_8", "trojan_wm_2"])
  func networks(_ name: String) throws {
    let keras = try ModelFile.load(Checkpoints.path("ibau_\(name).h5"))
    let torch = try ModelFile.load(Checkpoints.path("ibau_\(name)_02_ckpt.pth"))
    var random = SplitMix64(seed: 18)
    let images = (0..<200 * 3072).map { _ in Float.random(in: 0..<1, using: &random) }
    let source = ArraySource(images, imageShape: [32, 32, 3])
    let labels = try Executor([keras, torch]).labels(for: source)
    #expect(labels[0] == labels[1])
    #expect(Set(labels[0]).count > 1)
  }

  /// akamaster's network of 20 layers has shortcuts without weights.
  @Test func residual() throws {
    let model = try ModelFile.load(Checkpoints.path("akamaster_resnet20.th"))
    #expect(model.graph.inputShape == [32, 32, 3] && model.classCount == 10)
    #expect(model.notes.count == 1)
  }

  @Test("A network with folded normalization is refused")
  func folded() throws {
    let error = #expect(throws: FileError.self) {
      try ModelFile.load(
        Checkpoints.path("winml_pytorch_cifar.pth"),
        architecture: Checkpoints.path("winml_pytorch_cifar.onnx"))
    }
    #expect(error?.finding?.rule == .stateDict)
  }
}
