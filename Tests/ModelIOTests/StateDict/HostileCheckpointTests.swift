import Foundation
import InferenceGraph
import NetworkTraining
import Testing

@testable import ModelIO

/// Checkpoints that want to run something, take memory, or show each reader something else.
@Suite("Hostile checkpoints")
final class HostileCheckpointTests {
  private typealias Builder = CheckpointBuilder
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "defensekit-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private static let weight = Builder.Weight(name: "w", shape: [2], values: [1, 2])
  private static let tensor = Builder.tensor(Builder.storage("Float", "0", 2), [2], [1])

  /// Audits a file, in a sealed process and here: both must say the same.
  private func audit(_ bytes: [UInt8]) throws -> ModelFileAudit {
    let path = folder.appending(path: "weights.pth").path
    try Data(bytes).write(to: URL(filePath: path))
    let audits = try [Sandbox.auto, .off].map { try ModelFile.audit(path, sandbox: $0) }
    #expect(audits[0].findings == audits[1].findings && audits[0].tensors == audits[1].tensors)
    #expect(audits[0].failure?.problem == audits[1].failure?.problem)
    if audits[0].findings.contains(where: { $0.rule.severity == .error }) {
      let error = #expect(throws: FileError.self) { try ModelFile.load(path) }
      #expect(error?.kind == .badData)
    }
    return audits[0]
  }

  private func zip(
    _ value: [UInt8], _ change: (inout ArchiveBuilder) -> Void = { _ in }
  ) -> [UInt8] {
    var archive = ArchiveBuilder(
      members: Builder(weights: [Self.weight]).members(pickle: Builder.pickle(value)))
    change(&archive)
    return archive.bytes
  }

  private func zip(_ change: (inout ArchiveBuilder) -> Void) -> [UInt8] {
    zip(Builder.ordered([("w", Self.tensor)]), change)
  }

  private func rules(_ bytes: [UInt8]) throws -> [String] {
    try audit(bytes).findings.map { "\($0.rule.name) \($0.location)" }
  }

  /// A value by a call of something.
  private static func call(_ module: String, _ name: String) -> [UInt8] {
    Builder.global(module, name) + Builder.tuple([Builder.text("id")]) + Array("R".utf8)
  }

  // MARK: Code

  @Test("A call is named, wherever it is, and nothing runs")
  func calls() throws {
    #expect(
      try rules(zip(Builder.ordered([("w", Self.tensor), ("x", Self.call("os", "system"))])))
        == ["pickle-global os.system", "pickle-call os.system"])
    // Legacy files, and pickles that are no checkpoint.
    var legacy = Builder(weights: [Self.weight])
    legacy.wrapper = ["net"]
    legacy.others = [("x", Self.call("builtins", "eval"))]
    #expect(
      try rules(legacy.bytes(.legacy)) == [
        "pickle-global builtins.eval", "pickle-call builtins.eval",
      ])
    // A pickle that is not the first member.
    #expect(
      try rules(
        zip(Builder.ordered([("w", Self.tensor), ("x", Self.call("os", "system"))])) {
          $0.members.swapAt(0, 1)
        }) == ["pickle-global os.system", "pickle-call os.system"])
    let bare = try audit(Builder.pickle(Self.call("posix", "system")))
    #expect(
      bare.findings.map(\.rule) == [.pickleGlobal, .pickleCall]
        && bare.failure?.problem.hasSuffix("(pickle-call)") == true)
    #expect(
      bare.findings[1].message
        == "has a pickle that calls 'posix.system', at byte 24; do not load it with Python. If you "
        + "trust its author, let them save model.state_dict() with torch.save")
    // A class that is only named.
    #expect(
      try rules(
        zip(
          Builder.dictionary([
            ("kind", Builder.global("torch.optim.adam", "Adam")),
            ("model", Builder.ordered([("w", Self.tensor)])),
          ]))) == ["pickle-global torch.optim.adam.Adam"])
  }

  @Test("Names of other protocols are found too")
  func stackGlobal() throws {
    func short(_ text: String) -> [UInt8] { [0x8C, UInt8(text.utf8.count)] + Array(text.utf8) }
    let call =
      short("os") + [0x94] + short("system") + [0x94, 0x93, 0x94]
      + Builder.tuple([Builder.text("id")])
      + Array("R".utf8)
    #expect(
      try rules(zip(Builder.ordered([("w", Self.tensor), ("x", call)])))
        .map { $0.split(separator: " ")[0] } == ["pickle-opcode", "pickle-global", "pickle-call"])
    // A name with a line break in it is two names.
    #expect(
      try rules(zip(Builder.global("torch\nos", "FloatStorage"))).first
        == "pickle-global torch.os")
    // INST calls by itself.
    #expect(
      try rules(zip(Array("(ios\nsystem\n".utf8))).map { $0.split(separator: " ")[0] }
        == ["pickle-opcode"])
    #expect(
      try rules(zip(Array("(".utf8) + Builder.text("id") + Array("ios\nsystem\n".utf8)))
        .map { $0.split(separator: " ")[0] } == ["pickle-opcode"])
  }

  @Test("A whole model is refused with its classes named")
  func wholeModel() throws {
    let module =
      Builder.global("__main__", "Net") + [UInt8(ascii: ")"), 0x81]
      + Builder.dictionary([("_parameters", Builder.ordered([("w", Self.tensor)]))])
      + Array("b".utf8)
    let found = try audit(zip(module))
    #expect(found.findings.map(\.rule) == [.pickleGlobal, .pickleCall])
    #expect(found.tensors.isEmpty && found.failure != nil)
  }

  // MARK: Memory and time

  @Test("Nested tuples and lists that double, and marks without end, take no memory")
  func bombs() throws {
    // Each tuple has the one before twice.
    var bomb = Array(")q\0".utf8)
    for _ in 0..<10_000 { bomb += Array("h\0h\0".utf8) + [0x86] + Array("q\0".utf8) }
    #expect(try rules(zip(bomb + Array("0".utf8))).first?.hasPrefix("pickle-opcode") == true)
    let doubled = Builder.dictionary([("a", bomb), ("w", Self.tensor)])
    #expect(try audit(zip(doubled)).tensors.map(\.name) == ["w"])
    // A list in itself.
    let own = Array("]q\u{1}h\u{1}a".utf8)
    #expect(try audit(zip(Builder.dictionary([("a", own), ("w", Self.tensor)]))).failure == nil)
    // A dictionary in itself.
    let cycle = Array("}q\u{1}".utf8) + Builder.text("a") + Array("h\u{1}s".utf8)
    #expect(try rules(zip(cycle)) == ["state-dict "])
    #expect(
      try rules(zip([UInt8](repeating: UInt8(ascii: "("), count: 5_000_000)))
        == ["pickle-size "])
    // One list appended to a million times, and one reference of a storage as often.
    let appends =
      Array("]".utf8) + [UInt8](repeating: 0, count: 0)
      + (0..<1_000_000).flatMap { _ in Array("Na".utf8) }
    let start = ContinuousClock.now
    #expect(
      try audit(zip(Builder.dictionary([("a", appends), ("w", Self.tensor)]))).failure == nil)
    let key =
      [UInt8(ascii: "X")] + ArchiveBuilder.number(1000, 4) + [UInt8](repeating: 97, count: 1000)
    let identifier = Builder.tuple([
      Builder.text("storage"), Builder.global("torch", "FloatStorage"), key, Builder.text("cpu"),
      Builder.integer(1),
    ])
    let references =
      identifier + Array("q\u{1}Qa".utf8)
      + (0..<900_000).flatMap { _ in Array("h\u{1}Qa".utf8) }
    #expect(
      try audit(zip(Builder.dictionary([("a", Array("]".utf8) + references), ("w", Self.tensor)])))
        .failure == nil)
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  @Test("Tensors of more elements than the file are refused before memory is taken")
  func sizes() throws {
    func found(_ tensor: [UInt8]) throws -> [String] {
      try rules(zip(Builder.ordered([("w", tensor)])))
    }
    let storage = Builder.storage("Float", "0", 2)
    let large = 1 << 40
    #expect(try found(Builder.tensor(storage, [large], [0])) == ["tensor-place w"])
    #expect(try found(Builder.tensor(storage, [2, 2], [0, 1])) == ["tensor-place w"])
    #expect(try found(Builder.tensor(storage, [2, 2], [1, 1])) == ["tensor-place w"])
    #expect(try found(Builder.tensor(storage, [3], [1])) == ["tensor-place w"])
    #expect(try found(Builder.tensor(storage, [2], [2])) == ["tensor-place w"])
    #expect(try found(Builder.tensor(storage, offset: 1, [2], [1])) == ["tensor-place w"])
    #expect(try found(Builder.tensor(storage, offset: 1 << 62, [1], [1])) == ["tensor-place w"])
    #expect(try found(Builder.tensor(storage, [2], [1 << 62])) == ["tensor-place w"])
    #expect(
      try found(Builder.tensor(storage, [large, large, 2], [large, large, 1])) == ["tensor-place w"]
    )
    // Without elements, or along an axis with one, strides do not matter.
    #expect(
      try found(Builder.tensor(storage, [0, large, large], [large, large, large])) == [])
    #expect(try found(Builder.tensor(storage, [1, 2], [1 << 62, 1])) == [])
    for count in [1, 3, 1 << 61, 1 << 62] {
      #expect(
        try found(Builder.tensor(Builder.storage("Float", "0", count), [1], [1]))
          == ["tensor-place 0"])
    }
    #expect(
      try found(Builder.tensor(Builder.storage("Double", "0", 2), [1], [1])) == ["tensor-place 0"])
    #expect(
      try found(Builder.tensor(Builder.storage("Float", "../0", 2), [1], [1])) == [
        "tensor-place ../0"
      ])
  }

  // MARK: Archives

  @Test("Archives that readers see differently are refused")
  func archives() throws {
    #expect(try rules(zip { _ in }) == [])
    func refused(_ change: (inout ArchiveBuilder) -> Void) throws -> String {
      let found = try audit(zip(change)).findings
      #expect(found.map(\.rule) == [.zipArchive])
      return found.first?.message ?? ""
    }
    let evil = Builder.pickle(Self.call("os", "system"))
    #expect(
      try refused { $0.members.append(.init(name: "archive/x/data.pkl", bytes: evil)) }
        == "is a zip archive with 2 pickles, so that readers can see different weights; save "
        + "model.state_dict() again")
    #expect(
      try refused { $0.members.append(.init(name: "other/data.pkl", bytes: evil)) }
        .hasPrefix("is a zip archive with 2 pickles"))
    #expect(
      try refused { $0.members.append(.init(name: "archive/data.pkl", bytes: evil)) }
        == "is a zip archive with two members 'archive/data.pkl'; save it again")
    #expect(
      try refused { $0.members.append(.init(name: "other/version", bytes: [51])) }
        .hasPrefix("has 'other/version' beside its folder 'archive/'"))
    #expect(
      try refused { $0.members[1].isDeflated = true }
        == "packs its member 'archive/data/0', which torch.save does not; save it again with "
        + "torch.save")
    #expect(
      try refused { $0.members[1].offset = 0 }
        == "is a zip archive whose members overlap; save it again")
    #expect(try refused { $0.members[1].ownName = "archive/data/1" }.contains("damaged"))
    #expect(
      try refused { $0.members[1].checksum = 1 }
        == "its member 'archive/data/0' is damaged; copy the file again")
    #expect(try refused { $0.members[0].checksum = 1 }.contains("data.pkl' is damaged"))
    #expect(try refused { $0.members[0].flags = 1 }.contains("encrypted"))
    // Bytes that belong to no member: in front, between two, and behind the last.
    let bytes = zip { _ in }
    #expect(try audit(bytes + Array("PK".utf8)).findings.map(\.rule) == [.zipArchive])
    var gap = ArchiveBuilder(members: Builder(weights: [Self.weight]).members())
    gap.members.insert(.init(name: "archive/.data/serialization_id", bytes: evil), at: 1)
    let place = UInt64(30 + "archive/data.pkl".utf8.count + gap.members[0].bytes.count)
    var hidden = gap.bytes
    // The entry of the second member leaves the directory.
    let name = Array("archive/.data/serialization_id".utf8)
    let entry =
      try #require(
        hidden.indices.last { hidden[$0...].starts(with: name) && $0 > Int(place) + 100 }) - 46
    hidden.removeSubrange(entry..<entry + 46 + name.count)
    let end = hidden.count - 22
    hidden[end + 8] -= 1
    hidden[end + 10] -= 1
    let size = Int(hidden[end + 12]) | Int(hidden[end + 13]) << 8
    hidden.replaceSubrange(
      end + 12..<end + 14, with: ArchiveBuilder.number(UInt64(size - 46 - name.count), 2))
    #expect(try audit(hidden).findings.first?.message.contains("in no member") == true)
  }

  @Test("PyTorch gives the numbers of the directory twice; they must agree")
  func numbersTwice() throws {
    let bytes = zip { _ in }
    let end = bytes.count - 22
    func number(_ value: UInt64, _ size: Int) -> [UInt8] { ArchiveBuilder.number(value, size) }
    func twice(_ count: UInt64) -> [UInt8] {
      func widened(_ place: Int) -> [UInt8] { Array(bytes[place..<place + 4]) + number(0, 4) }
      let record =
        number(0x0606_4B50, 4) + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8)
        + number(count, 8) + number(count, 8) + widened(end + 12) + widened(end + 16)
      let locator = number(0x0706_4B50, 4) + number(0, 4) + number(UInt64(end), 8) + number(1, 4)
      return bytes[..<end] + record + locator + bytes[end...]
    }
    #expect(try rules(twice(4)) == [])
    #expect(try rules(twice(3)) == ["zip-archive "])
    #expect(try rules(twice(1 << 40)) == ["zip-archive "])
  }

  @Test("Other kinds of checkpoints are named, with what to do")
  func kinds() throws {
    func problem(_ change: (inout ArchiveBuilder) -> Void) throws -> String? {
      try audit(zip(change)).failure?.problem
    }
    #expect(
      try problem { $0.members.append(.init(name: "archive/code/net.py", bytes: [])) }
        == "is a TorchScript program, whose layers are code; save model.state_dict() with torch.save, "
        + "or export the model with torch.onnx.export (state-unsupported)")
    #expect(
      try problem { $0.members.append(.init(name: "archive/constants.pkl", bytes: [])) } != nil)
    #expect(
      try problem { $0.members[3].bytes = Array("big".utf8) }
        == "has big-endian numbers; save it again on a little-endian computer (state-unsupported)")
    #expect(
      try rules(zip { $0.members.append(.init(name: "archive/run.py", bytes: [])) })
        == ["state-extra run.py"])
    #expect(
      try audit(zip(Builder.tuple([Self.tensor]))).failure?.problem
        == "holds no weights by name; save model.state_dict() with torch.save (state-dict)")
  }

  // MARK: Damage

  /// Every byte of every form changed, and every beginning: no crash, and an honest answer.
  @Test("Damage anywhere is refused or seen", arguments: CheckpointBuilder.Form.allCases)
  func damage(_ form: CheckpointBuilder.Form) throws {
    var file = Builder(weights: [Self.weight])
    file.weights.append(.init(name: "v", shape: [1, 3], values: [1, 2, 3], type: .float16))
    let bytes = file.bytes(form)
    func catalogue(_ bytes: [UInt8]) -> StateCatalogue {
      let catalogue = StateParser.catalogue(
        of: StateContent(size: bytes.count) { offset, count throws(FileError) in
          Array(bytes[offset..<offset + count])
        })
      #expect(catalogue.tensors.allSatisfy { $0.fits(in: bytes.count) })
      #expect((try? StateCatalogue(message: catalogue.message)) == catalogue)
      return catalogue
    }
    let whole = catalogue(bytes)
    #expect(whole.refusal == nil && whole.tensors.count == 2)
    for count in bytes.indices {
      #expect(catalogue(Array(bytes[..<count])).refusal != nil, "\(form): \(count) bytes")
    }
    for index in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[index] ^= 1 << bit
        _ = catalogue(changed)
      }
    }
  }

  @Test("Random bytes between two pickles' ends are never believed", arguments: 0..<40)
  func random(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let file = Builder(weights: [Self.weight])
    let form = Builder.Form.allCases[Int(seed) % 3]
    for _ in 0..<200 {
      var bytes = file.bytes(form)
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        default: bytes.remove(at: place)
        }
      }
      let catalogue = StateParser.catalogue(
        of: StateContent(size: bytes.count) { offset, count throws(FileError) in
          Array(bytes[offset..<offset + count])
        })
      #expect(catalogue.tensors.allSatisfy { $0.fits(in: bytes.count) }, "seed \(seed)")
    }
  }

  @Test("What a sealed process sends is checked against the file")
  func messages() throws {
    let catalogue = StateCatalogue(
      tensors: [
        StateTensor(name: "w", type: .float, shape: [2, 3], strides: [3, 1], offset: 64)
      ], wrapper: "net", findings: [Finding(.pickleGlobal, at: "a", "b")])
    let message = catalogue.message
    #expect(try StateCatalogue(message: message) == catalogue)
    for index in message.indices {
      #expect(throws: MessageError.self) { try StateCatalogue(message: Array(message[..<index])) }
      for bit in 0..<8 {
        var changed = message
        changed[index] ^= 1 << bit
        guard let other = try? StateCatalogue(message: changed) else { continue }
        for tensor in other.tensors where tensor.fits(in: 88) {
          #expect((tensor.extent ?? .max) * tensor.type.size + tensor.offset <= 88)
        }
      }
    }
  }

  @Test("Headers of safetensors are checked")
  func safetensors() throws {
    func problem(_ header: String, _ data: Int = 8) throws -> String? {
      let bytes = Array(header.utf8)
      return try audit(
        ArchiveBuilder.number(UInt64(bytes.count), 8) + bytes + [UInt8](repeating: 0, count: data)
      ).failure?.problem
    }
    func header(_ type: String, _ shape: String, _ offsets: String) -> String {
      "{\"w\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}}"
    }
    #expect(try problem(header("F32", "[2]", "[0,8]")) == nil)
    for other in [
      header("F32", "[2]", "[0,4]"), header("F32", "[2]", "[4,12]"), header("F32", "[3]", "[0,8]"),
      header("F32", "[-2]", "[0,8]"), header("F32", "[4294967296,4294967296]", "[0,8]"),
      header("F32", "2", "[0,8]"), header("F32", "[2]", "[8,0]"), header("F32", "[1]", "[0,4]"),
      header("F32", "[2]", "[0,1e300]"), "{\"w\":1}", "{\"__metadata__\":{\"a\":1}}", "{",
      "{\"w\":{},\"w\":{}}", "{}",
    ] {
      let text = try problem(other)
      #expect(text?.contains("(safetensors-damaged)") == true, "\(other): \(text ?? "")")
    }
    #expect(try problem(header("F8_E4M3", "[8]", "[0,8]"))?.contains("F8_E4M3") == true)
    #expect(try problem("{}", 0) == "holds no weights (state-dict)")
  }
}
