import Foundation
import InferenceGraph
import ReferenceInference
import Testing

@testable import ModelIO

/// Keras archives made byte by byte: right ones, and those that are refused.
@Suite("Keras archives byte by byte")
struct KerasArchiveRefusalTests {
  static let configuration = """
    {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [
      {"module": "keras.layers", "class_name": "InputLayer",
       "config": {"name": "i", "batch_shape": [null, 2, 2, 1]}},
      {"module": "keras.layers", "class_name": "Flatten", "config": {"name": "f"}},
      {"module": "keras.layers", "class_name": "Dense",
       "config": {"name": "d", "units": 2, "activation": "linear"}}]},
     "registered_name": "Sequential", "compile_config": null}
    """
  static let metadata = #"{"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"}"#
  static let kernel = Tensor(shape: [4, 2], values: [1, 2, 3, 4, 5, 6, 7, 8.5])

  static func member(
    _ name: String, _ text: String, isDeflated: Bool = false
  ) -> ArchiveBuilder.Member {
    .init(name: name, bytes: Array(text.utf8), isDeflated: isDeflated)
  }

  static func weights(_ change: (borrowing HDF5Writer) throws -> Void = { _ in }) throws -> [UInt8]
  {
    let writer = try HDF5Writer(path: "w")
    try writer.makeGroup("/layers/dense/vars")
    try writer.write(kernel, to: "/layers/dense/vars/0")
    try writer.write(Tensor(shape: [2], values: [0.5, -1]), to: "/layers/dense/vars/1")
    try change(writer)
    return try writer.image()
  }

  static func builder() throws -> ArchiveBuilder {
    ArchiveBuilder(members: [
      member("metadata.json", metadata), member("config.json", configuration),
      .init(name: "model.weights.h5", bytes: try weights()),
    ])
  }

  /// Writes a file, and calls `body` with its path.
  func with(
    _ bytes: [UInt8], named name: String = "m.keras", _ body: (String) throws -> Void
  ) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "archive-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: name).path
    try Data(bytes).write(to: URL(filePath: path))
    try body(path)
  }

  func expectWhole(
    _ bytes: [UInt8], sandbox: Sandbox = .auto, _ note: String = "",
    location: SourceLocation = #_sourceLocation
  ) throws {
    try with(bytes) { path in
      let audit = try ModelFile.audit(path, sandbox: sandbox)
      #expect(audit.findings.isEmpty, "\(note)", sourceLocation: location)
      let model = try ModelFile.load(path, sandbox: sandbox)
      guard case .dense(let dense) = model.graph.nodes.last?.operation else {
        Issue.record("no dense layer: \(note)", sourceLocation: location)
        return
      }
      #expect(dense.kernel == Self.kernel, "\(note)", sourceLocation: location)
    }
  }

  func expectRefused(
    _ bytes: [UInt8], _ rule: Finding.Rule, _ words: String, note: String = "",
    location: SourceLocation = #_sourceLocation
  ) throws {
    for sandbox in [Sandbox.auto, .off] {
      try with(bytes) { path in
        let error = #expect(throws: FileError.self, "\(note)", sourceLocation: location) {
          try ModelFile.load(path, sandbox: sandbox)
        }
        let problem = error?.problem ?? ""
        #expect(
          problem.contains(words) && problem.hasSuffix("(\(rule.name))")
            && !problem.contains("\n"), "\(note): \(problem)", sourceLocation: location)
        let rules = try ModelFile.audit(path, sandbox: sandbox).findings.map(\.rule)
        #expect(rules.contains(rule), "\(note): \(rules)", sourceLocation: location)
      }
    }
  }

  @Test(arguments: [Sandbox.auto, .off])
  func rightOnes(_ sandbox: Sandbox) throws {
    var builder = try Self.builder()
    try expectWhole(builder.bytes, sandbox: sandbox)
    builder.isWide = true
    try expectWhole(builder.bytes, sandbox: sandbox, "64-bit sizes")
    builder.members.reverse()
    try expectWhole(builder.bytes, sandbox: sandbox, "the weights first")
    for index in builder.members.indices { builder.members[index].isDeflated = true }
    try expectWhole(builder.bytes, sandbox: sandbox, "deflated")
  }

  /// libhdf5 would take an archive whose weights begin at 512 times a power of two for HDF5.
  @Test func weightsWhereASuperblockMayBe() throws {
    for place in [512, 1024, 2048, 4096, 1 << 15] {
      for distance in [0, -1, 1, 7] {
        var builder = try Self.builder()
        let own =
          3 * ZipDirectory.headerSize + "metadata.jsonconfig.jsonmodel.weights.h5".utf8.count
        let text = Self.metadata.utf8.count + Self.configuration.utf8.count
        let padding = place + distance - own - text
        guard padding >= 0 else { continue }
        builder.members[1].bytes += [UInt8](repeating: 0x20, count: padding)
        let bytes = builder.bytes
        try with(bytes) { path in
          let content = try FileDescriptor(path)
          #expect(content.starts(with: FileKind.signature, at: place + distance))
          #expect(FileKind(of: content) == .kerasArchive)
        }
        try expectWhole(bytes, "at \(place + distance)")
      }
    }
  }

  /// The same bytes can be HDF5 for one reader and a zip archive for another.
  @Test func filesOfTwoKinds() throws {
    let (file, weights) = (try Self.builder().bytes, try Self.weights())
    var builder = try Self.builder()
    // A second network at byte 512, in a member that Keras does not read.
    let name = "x"
    var hidden = [UInt8](repeating: 0, count: 512 - ZipDirectory.headerSize - name.utf8.count)
    hidden += weights
    builder.members.insert(.init(name: name, bytes: hidden), at: 0)
    try expectRefused(builder.bytes, .userBlock, "is a Keras archive and an HDF5 file at once")
    // HDF5 first; the places in the directory count from the beginning of the archive, or of the
    // file.
    for shift in [0, weights.count] {
      var builder = try Self.builder()
      if shift > 0 {
        let alone = builder.bytes
        for index in builder.members.indices {
          let header = Array("PK\u{3}\u{4}".utf8)
          let places = alone.indices.filter { alone[$0...].starts(with: header) }
          builder.members[index].offset = UInt64(places[index] + shift)
        }
      }
      try with(weights + builder.bytes) { path in
        let content = try FileDescriptor(path)
        #expect(FileKind.endsWithArchive(content))
        let rules = try ModelFile.audit(path).findings.map(\.rule)
        #expect(rules.first == .kerasAmbiguous)
      }
    }
    try with(weights) { path in
      let content = try FileDescriptor(path)
      #expect(!FileKind.endsWithArchive(content))
    }
    // Other bytes in front of the archive: no zip archive for us, and no network.
    try with([0] + file) { path in
      #expect(throws: FileError.self) { try ModelFile.load(path) }
    }
  }

  @Test func membersThatReadersSeeDifferently() throws {
    let right = try Self.builder()
    func changed(_ change: (inout ArchiveBuilder) -> Void) -> [UInt8] {
      var builder = right
      change(&builder)
      return builder.bytes
    }
    func refused(
      _ words: String, location: SourceLocation = #_sourceLocation,
      _ change: (inout ArchiveBuilder) -> Void
    ) throws {
      try expectRefused(changed(change), .kerasArchive, words, location: location)
    }
    try refused("two members 'config.json'") {
      $0.members.insert(Self.member("config.json", "{}"), at: 0)
    }
    try refused("two members 'model.weights.h5'") { $0.members.append($0.members[2]) }
    try refused("which leads out of it") { $0.members.append(Self.member("../x", "")) }
    try refused("which leads out of it") { $0.members.append(Self.member("/etc/passwd", "")) }
    try refused("overlap") { $0.members[1].offset = 0 }
    try refused("overlap") { $0.members[2].offset = 1 << 30 }
    try refused("damaged zip archive") { $0.members[0].ownName = "metadata_json" }
    try refused("damaged zip archive") { $0.members[2].sizes = (1 << 30, 1 << 30) }
    try refused("damaged zip archive") {
      $0.isWide = true
      $0.members[2].sizes = (.max, .max)
    }
    try refused("damaged zip archive") { $0.count = 2 }
    try refused("'model.weights.h5' is damaged") { $0.members[2].checksum = 1 }
    try refused("'config.json' is damaged") { $0.members[1].checksum = 1 }
    try refused("encrypted") { $0.members[1].flags = 1 }
    // Ratio bombs.
    for index in 0..<3 {
      try refused("unpacks from") {
        $0.isWide = true
        $0.members[index].isDeflated = true
        $0.members[index].sizes = (UInt64(1 << 10), 1 << 40)
      }
    }
    // More bytes than it unpacks to, and fewer.
    for difference in [-1, 1, 1000] {
      try refused("'model.weights.h5' is damaged") {
        let count = $0.members[2].bytes.count
        $0.members[2].isDeflated = true
        let stored = ArchiveBuilder.deflated($0.members[2].bytes).count
        $0.members[2].sizes = (UInt64(stored), UInt64(count + difference))
      }
    }
    try expectRefused(
      changed { $0.members.append(Self.member("model.weights.npz", "x")) }, .kerasAmbiguous,
      "holds its weights twice")
    try expectRefused(
      changed { $0.members[1] = Self.member("config.json", #"{"a": 1, "a": 2}"#) },
      .kerasDuplicateKey, "is there twice")
    try expectRefused(
      changed { $0.members[1] = Self.member("config.json", "{") }, .kerasConfig, "not valid JSON")
    try expectRefused(
      changed { $0.members[0] = Self.member("metadata.json", "{}") }, .kerasConfig,
      "does not say which version of Keras wrote it")
    for (index, name) in ["metadata.json", "config.json", "model.weights.h5"].enumerated() {
      try expectRefused(
        changed { $0.members.remove(at: index) }, .kerasConfig, "without \(name)", note: name)
    }
    try expectRefused(
      changed { $0.members[2] = Self.member("model.weights.h5", "no") }, .damaged,
      "are not an HDF5 file")
    try expectRefused(
      changed { $0.members[2].bytes = Array($0.members[2].bytes.prefix(600)) }, .damaged, "HDF5")
    try expectRefused(
      changed { $0.members[2].name = "model.weights.npz" }, .kerasUnsupported,
      "holds its weights as model.weights.npz, which is not read")
  }

  @Test func additions() throws {
    var builder = try Self.builder()
    builder.members.append(Self.member("assets/x", "text"))
    try with(builder.bytes) { path in
      let findings = try ModelFile.audit(path).findings
      #expect(findings.map(\.location) == ["assets/x"] && findings.map(\.rule) == [.kerasExtra])
    }
    // A member that the directory does not list.
    var listed = try Self.builder()
    let hidden = ArchiveBuilder(members: [Self.member("hidden", "secret")])
    let first = hidden.bytes.prefix(ZipDirectory.headerSize + 12)
    let alone = listed.bytes
    let header = Array("PK\u{3}\u{4}".utf8)
    let places = alone.indices.filter { alone[$0...].starts(with: header) }
    for index in listed.members.indices {
      listed.members[index].offset = UInt64(places[index] + first.count)
    }
    var bytes = Array(first) + listed.bytes
    // The place of the directory.
    let end = bytes.count - 22
    let old = Int(bytes[end + 16]) | Int(bytes[end + 17]) << 8
    bytes.replaceSubrange(
      end + 16..<end + 20, with: ArchiveBuilder.number(UInt64(old + first.count), 4))
    try with(bytes) { path in
      #expect(try FileKind(at: path) == .kerasArchive)
      let findings = try ModelFile.audit(path).findings
      #expect(findings.map(\.rule) == [.kerasExtra])
      #expect(
        findings.first?.message
          == "it holds \(first.count) bytes that belong to none of its members")
    }
  }

  /// In Keras one object is one layer, whatever the file says of its second place.
  @Test func aLayerOfTwoModels() throws {
    var builder = try Self.builder()
    let shared = Self.configuration.replacing(
      #""class_name": "Flatten","#, with: #""class_name": "Flatten", "shared_object_id": 7,"#
    ).replacing(
      #""class_name": "Dense","#, with: #""class_name": "Dense", "shared_object_id": 7,"#)
    builder.members[1] = Self.member("config.json", shared)
    try expectRefused(builder.bytes, .kerasAmbiguous, "it is a layer of two models")
  }

  /// Code and foreign objects are found as in HDF5 files.
  @Test func findingsInTheTraining() throws {
    var builder = try Self.builder()
    let loss = #"{"class_name": "function", "config": "mine", "registered_name": "Mine>mine"}"#
    builder.members[1] = Self.member(
      "config.json",
      Self.configuration.replacing(
        #""compile_config": null"#, with: #""compile_config": {"loss": \#(loss)}"#))
    try with(builder.bytes) { path in
      let findings = try ModelFile.audit(path).findings
      #expect(findings.map(\.rule) == [.kerasTraining])
      #expect(findings.map(\.location) == ["training_config/loss"])
      #expect(throws: Never.self) { try ModelFile.load(path) }
    }
  }

  /// Truncated anywhere, or with a changed bit: refused in one line, or the same model.
  @Test(arguments: [Sandbox.auto, .off])
  func damage(_ sandbox: Sandbox) throws {
    var builder = try Self.builder()
    var refusals = 0
    for seed in Sizes.seeds("damaged Keras archives", 90, pieces: 1)[0] {
      var random = SplitMix64(seed: seed)
      builder = try Self.builder()
      builder.members[2].isDeflated = seed % 2 == 0
      // Within a member, whose checksum is right; only the sealed process may have to parse it.
      if sandbox == .auto, random.int(0...1) == 0 {
        let member = random.int(0...2)
        for _ in 0..<random.int(1...3) {
          let place = random.int(0...builder.members[member].bytes.count - 1)
          builder.members[member].bytes[place] ^= 1 << UInt8(random.int(0...7))
        }
      }
      var bytes = builder.bytes
      if sandbox == .auto, seed % 3 == 0 {
        // Otherwise whole.
      } else if random.int(0...2) == 0 {
        bytes.removeLast(random.int(1...bytes.count - 1))
      } else {
        for _ in 0..<random.int(1...3) {
          bytes[random.int(0...bytes.count - 1)] ^= 1 << UInt8(random.int(0...7))
        }
      }
      try with(bytes) { path in
        do {
          _ = try ModelFile.load(path, sandbox: sandbox)
        } catch let error as FileError {
          refusals += 1
          #expect(!error.description.contains("\n"), "seed \(seed)")
        }
        _ = try? ModelFile.audit(path, sandbox: sandbox)
      }
    }
    #expect(refusals > 30)
  }

  /// A part of a file is read like a file of its own, wherever it begins and however it is stored.
  @Test func partsOfFiles() throws {
    for seed in Sizes.seeds("HDF5 in parts of files", 24, pieces: 1)[0] {
      var random = SplitMix64(seed: seed)
      var tensors: [Tensor] = []
      let writer = try HDF5Writer(path: "x")
      for index in 0..<random.int(1...4) {
        let shape = [random.int(1...90), random.int(1...70)]
        var values = random.floats(shape[0] * shape[1])
        // Those that are mostly zeros are deflated.
        if random.int(0...1) == 0 {
          for place in values.indices where place % 8 != 0 { values[place] = 0 }
        }
        tensors.append(Tensor(shape: shape, values: values))
        try writer.write(tensors[index], to: "/t\(index)")
      }
      let image = try writer.image()
      let front = seed % 4 == 0 ? 512 << random.int(0...4) : random.int(0...9000)
      let bytes = [UInt8](repeating: 7, count: front) + image + [UInt8](repeating: 9, count: 99)
      try with(bytes, named: "parts") { path in
        let part = FileDescriptor(front..<front + image.count, of: try FileDescriptor(path))
        for sandbox in [Sandbox.auto, .off] {
          let file = try HDF5File(part, sandbox: sandbox, isTolerant: false)
          for (index, tensor) in tensors.enumerated() {
            let dataset = try file.dataset("t\(index)")
            #expect(dataset.shape == tensor.shape)
            #expect(try dataset.floats() == tensor.values, "seed \(seed), t\(index)")
          }
        }
        #expect(throws: FileError.self) { try part.bytes(at: image.count - 1, count: 2) }
      }
    }
  }
}
