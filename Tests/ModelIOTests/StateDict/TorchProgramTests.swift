import Foundation
import InferenceGraph
import LabFiles
import ReferenceInference
import Synchronization
import Testing

@testable import ModelIO

/// Programs of `torch.export`, beside PyTorch; see program_golden.py.
@Suite("Programs of torch.export")
final class TorchProgramTests {
  private struct Golden: Decodable {
    let title: String
    let side: Int
    /// The names of the weights in the order of their numbers.
    let order: [String]
    let graph: String
    let weights: String
    let scores: [Float]
  }

  private let folder: URL
  private let golden: [Golden]

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "programs-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = Lab.repository.appending(path: "Tests/ModelIOTests/Fixtures/programs.json")
    golden = try JSONDecoder().decode([Golden].self, from: Data(contentsOf: file))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Returns the members of an archive with a program.
  private func members(_ program: Golden) throws -> [ArchiveBuilder.Member] {
    let configuration = try JSONParser.parse(program.weights)
    var members = [
      ArchiveBuilder.Member(name: "p/models/model.json", bytes: Array(program.graph.utf8)),
      ArchiveBuilder.Member(
        name: "p/data/weights/model_weights_config.json", bytes: Array(program.weights.utf8)),
      ArchiveBuilder.Member(name: "p/archive_format", bytes: Array("pt2".utf8)),
      ArchiveBuilder.Member(name: "p/byteorder", bytes: Array("little".utf8)),
    ]
    for entry in configuration["config"]?.members ?? [] {
      let stream = try #require(program.order.firstIndex(of: entry.key))
      let sizes = entry.value["tensor_meta"]?["sizes"]?.array ?? []
      let shape = sizes.compactMap { $0["as_int"]?.int }
      members.append(
        ArchiveBuilder.Member(
          name: "p/data/weights/\(try #require(entry.value["path_name"]?.string))",
          bytes: PlaceNumbers.bytes(of: entry.key, shape, stream)))
    }
    return members
  }

  private func write(_ members: [ArchiveBuilder.Member], _ name: String = "p.pt2") throws -> String
  {
    let path = folder.appending(path: name).path
    try Data(ArchiveBuilder(members: members).bytes).write(to: URL(filePath: path))
    return path
  }

  private func scores(_ path: String, _ side: Int, architecture: String? = nil) throws -> [Float] {
    let model = try ModelFile.load(path, architecture: architecture)
    #expect(model.graph.inputShape == [side, side, 3])
    let result = Mutex<[Float]>([])
    let source = ArraySource(PlaceNumbers.image(side), imageShape: [side, side, 3])
    try Executor([model]).run(source) { batch in result.withLock { $0 += batch.outputs(of: 0) } }
    return result.withLock { $0 }
  }

  @Test("The scores are PyTorch's", arguments: 0..<7)
  func scores(_ index: Int) throws {
    #expect(golden.count == 7)
    let program = golden[index]
    let found = try scores(write(members(program)), program.side)
    let range = try #require(program.scores.max()) - #require(program.scores.min())
    #expect(found.count == program.scores.count)
    for (found, right) in zip(found, program.scores) {
      #expect(abs(found - right) <= 1e-5 * range, "\(program.title): \(found), not \(right)")
    }
  }

  @Test("An output that the program does not have is refused")
  func outputLayer() throws {
    let path = try write(members(golden[0]))
    let error = #expect(throws: FileError.self) { try ModelFile.load(path, outputLayer: "x") }
    #expect(error?.description == "\(path): has no output 'x'; leave output-layer out")
  }

  @Test("A program tells the network of other weights")
  func architecture() throws {
    let program = golden[0]
    let path = try write(members(program))
    var data: [UInt8] = []
    var entries: [String] = []
    let file = try TorchProgram(StateContent(of: FileDescriptor(path)))
    for tensor in file.tensors {
      let stream = try #require(program.order.firstIndex(of: tensor.name))
      let bytes = PlaceNumbers.bytes(of: tensor.name, tensor.shape, stream)
      let type = tensor.type == .int64 ? "I64" : "F32"
      entries.append(
        "\"module.\(tensor.name)\":{\"dtype\":\"\(type)\",\"shape\":\(tensor.shape),"
          + "\"data_offsets\":[\(data.count),\(data.count + bytes.count)]}")
      data += bytes
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    let weights = folder.appending(path: "w.safetensors").path
    try Data(ArchiveBuilder.number(UInt64(header.count), 8) + header + data)
      .write(to: URL(filePath: weights))
    #expect(
      try scores(weights, program.side, architecture: path) == scores(path, program.side))
    let error = #expect(throws: FileError.self) {
      try ModelFile.load(path, architecture: weights)
    }
    #expect(
      error?.problem == "is a program of torch.export, which describes its network itself")
  }

  @Test("What is not supported is named, with its node")
  func refusals() throws {
    func problem(_ old: String, _ new: String) throws -> String {
      var members = try members(golden[0])
      let text = String(decoding: members[0].bytes, as: UTF8.self)
      #expect(text.contains(old))
      members[0].bytes = Array(text.replacing(old, with: new, maxReplacements: 1).utf8)
      let path = try write(members)
      let error = #expect(throws: FileError.self) { try ModelFile.load(path) }
      let audit = try ModelFile.audit(path)
      #expect(audit.failure?.problem == error?.problem)
      return error?.problem ?? ""
    }
    #expect(
      try problem("torch.ops.aten.relu_.default", "torch.ops.aten.erf.default").hasPrefix(
        "node 'relu_' (erf.default): it is an operator that is not supported; "))
    #expect(
      try problem("{\"as_bool\": false}", "{\"as_bool\": true}")
        == "node 'batch_norm' (batch_norm.default): it normalizes by the batch's statistics; call "
        + "model.eval() before the export (state-unsupported)")
    #expect(
      try problem("\"as_ints\": [2, 2]", "\"as_ints\": [2, 2, 2]")
        == "node 'conv2d' (conv2d.default): its argument 'stride' has a form that is not supported "
        + "(state-unsupported)")
    #expect(
      try problem("\"parameter_name\": \"conv1.weight\"", "\"parameter_name\": \"other\"")
        == "is not a valid program of torch.export: it lacks the tensor 'other'; save it again with "
        + "torch.export.save (pickle-damaged)")
  }

  @Test("Every byte of the archive matters, but for those of the text and of the numbers")
  func damage() throws {
    let right = try members(golden[0])
    func problem(_ change: (inout [ArchiveBuilder.Member]) -> Void) throws -> String {
      var members = right
      change(&members)
      let error = #expect(throws: FileError.self) { try ModelFile.load(write(members)) }
      return error?.problem ?? ""
    }
    #expect(try problem { $0[4].checksum = 7 }.contains("has changed"))
    #expect(try problem { $0[4].bytes.removeLast() }.contains("reaches beyond its member"))
    #expect(try problem { $0[4].isDeflated = true }.contains("which is packed"))
    #expect(try problem { $0[4].name = "q/x" }.contains("not in its folder"))
    #expect(try problem { $0[3].bytes = Array("big".utf8) }.contains("big-endian"))
    #expect(try problem { $0[0].bytes = Array("{".utf8) }.contains("is not JSON"))
    #expect(try problem { $0[1].bytes = Array("{}".utf8) }.contains("it lacks the tensor"))
    #expect(try problem { $0.remove(at: 4) }.contains("is not that of a tensor"))
    // Further members are findings.
    let extra = ArchiveBuilder.Member(name: "p/data/aotinductor/x.so", bytes: [1])
    let audit = try ModelFile.audit(write(right + [extra]))
    #expect(audit.findings.map(\.rule) == [.stateExtra] && audit.model != nil)
    // So they are where the program describes the network of other weights.
    let program = try write(right + [extra], "net.pt2")
    let file = try TorchProgram(StateContent(of: FileDescriptor(program)))
    let weights = folder.appending(path: "w.safetensors").path
    try StateWriter(
      file.tensors.map {
        StateItem(tensor: $0, content: try FileDescriptor(program), changes: nil)
      },
      weights
    ).write(as: .safetensors)
    let other = try ModelFile.audit(weights, architecture: program)
    #expect(other.findings.map(\.rule) == [.stateExtra] && other.model != nil)
    #expect(other.findings[0].location == "net.pt2: \(audit.findings[0].location)")
    // Any place of the file may be damaged: nothing crashes.
    let bytes = ArchiveBuilder(members: right).bytes
    var random = SplitMix64(seed: UInt64(Fixtures.seed))
    for _ in 0..<300 {
      var bytes = bytes
      bytes[Int.random(in: bytes.indices, using: &random)] ^= UInt8.random(
        in: 1...255, using: &random)
      let path = folder.appending(path: "damaged.pt2").path
      try Data(bytes).write(to: URL(filePath: path))
      _ = try? ModelFile.audit(path)
    }
  }
}
