import Foundation
import InferenceGraph
import LabFiles
import Testing

@testable import ModelIO

/// What a sealed process reads is what libhdf5 reads here, and nothing that it sends is believed.
@Suite struct SealedReadingTests {
  static let model =
    Lab.repository.appending(path: "Sources/RunnerKit/Resources/fashion-mnist-badnet.h5").path

  #if os(Linux)
    /// This program's `main` knows nothing of sandboxes.
    @Test(.enabled(if: !Lab.isSanitized))
    func isSealedByItself() throws {
      _ = try HDF5File(Self.model, sandbox: .require)
      #expect(Sandbox.auto.posture == .full)
      #expect(Sandbox.off.posture == Sandbox.Posture.none)
    }

    @Test func aProcessThatTakesTooLongIsEnded() throws {
      let content = try FileDescriptor(Self.model)
      let started = try SealedProcess(file: content.number, timeout: .milliseconds(1500))
      let process = try #require(started)
      // It waits for a request; nothing comes back.
      let begin = ContinuousClock.now
      let error = #expect(throws: SealedFailure.self) { try process.receive(count: 1) }
      #expect(ContinuousClock.now - begin < .seconds(10))
      let refusal = try FileError(#require(error), reading: content)
      #expect(refusal.finding?.rule == .parserLimit)
      #expect(kill(process.process, 0) == -1)
      // Whoever asks again hears the same.
      #expect(throws: SealedFailure.self) { try process.receive(count: 1) }
    }

    @Test func anEndedProcessIsAnError() throws {
      let content = try FileDescriptor(Self.model)
      let started = try SealedProcess(file: content.number)
      let process = try #require(started)
      kill(process.process, SIGKILL)
      let parser = HDF5SealedParser(process, fileSize: content.size)
      let error = #expect(throws: FileError.self) {
        try HDF5File(content, parser: parser, isTolerant: true)
      }
      #expect(error?.kind == .badData)
      #expect(error?.problem.hasSuffix("(parser-limit)") == true)
      // Others go on.
      _ = try HDF5File(Self.model)
    }
  #endif

  @Test func manyAtATime() throws {
    let files = try (0..<20).map { _ in try HDF5File(Self.model, sandbox: .auto) }
    for file in files {
      #expect(file.names() == ["model_weights"] && file.findings.isEmpty)
    }
  }

  @Test func sameModel() throws {
    let inside = try KerasModel.load(Self.model, sandbox: .off)
    let outside = try KerasModel.load(Self.model, sandbox: .auto)
    #expect(inside.graph == outside.graph && inside.source == outside.source)
  }

  @Test(.enabled(if: Lab.runsPython), arguments: DataSetTests.kinds.map(\.0))
  func sameData(_ name: String) throws {
    let path = try #require(Fixtures.folder).appending(path: "\(name).h5").path
    let sets = try [Sandbox.off, .auto].map {
      try DataSet.load(path, for: [6, 5, 3], classCount: 4, sandbox: $0)
    }
    #expect(sets[0].labels == sets[1].labels)
    #expect(try values(sets[0], readSize: 7) == values(sets[1], readSize: 7))
  }

  // MARK: Hostile answers

  /// A process that was taken over: it says what it is told to.
  struct Liar: HDF5Parser {
    let message: [UInt8]?

    func catalogue() throws -> [UInt8]? { message }

    @unsafe func read(
      dataset: Int, rows: Range<Int>, as type: ElementType,
      into buffer: UnsafeMutableRawBufferPointer
    ) throws { throw SealedFailure.invalidAnswer }
  }

  private func open(_ catalogue: HDF5Catalogue) throws -> HDF5File {
    try HDF5File(
      FileDescriptor(Self.model), parser: Liar(message: catalogue.message), isTolerant: true)
  }

  private func honest() throws -> HDF5Catalogue {
    let content = try FileDescriptor(Self.model)
    let parser = try #require(HDF5LocalParser(path: Self.model, fileSize: content.size))
    let message = try parser.catalogue()
    return try HDF5Catalogue(message: #require(message))
  }

  @Test func framesSurviveTheWay() throws {
    let catalogue = try honest()
    #expect(catalogue.nodes.count > 10)
    #expect(try HDF5Catalogue(message: catalogue.message).message == catalogue.message)
  }

  /// Every byte of the message changed, and every beginning of it: refused, or what it says is
  /// bounded by the file.
  @Test func changedMessages() throws {
    let message = try honest().message
    let content = try FileDescriptor(Self.model)
    var refused = 0
    for index in message.indices {
      for change: UInt8 in [0x01, 0x80, 0xFF] {
        var changed = message
        changed[index] ^= change
        guard let catalogue = try? HDF5Catalogue(message: changed) else {
          refused += 1
          continue
        }
        for case .dataset(let claim) in catalogue.nodes.map(\.content) {
          guard let info = try? HDF5DatasetInfo(claim, path: "x", fileSize: content.size) else {
            continue
          }
          #expect(info.count * info.elementSize <= 64 << 20)
          if case .contiguous(let offset) = info.storage {
            #expect(offset + info.count * info.elementSize <= content.size)
          }
        }
      }
      if index % 7 == 0 {
        #expect(throws: MessageError.self) { try HDF5Catalogue(message: Array(message[..<index])) }
      }
    }
    #expect(refused > message.count / 10)
    #expect(throws: MessageError.self) { try HDF5Catalogue(message: message + [0]) }
  }

  /// Claims about sizes, each beyond what the file has.
  static let lies: [(String, @Sendable (inout HDF5Catalogue.Dataset) -> Void)] = [
    ("h5-shape-bomb", { $0.extents = [1 << 39, 1 << 39] }),
    ("h5-shape-bomb", { $0.extents = [.max] }),
    ("h5-shape-bomb", { $0.extents = [1 << 20] }),
    ("h5-shape-bomb", { $0.offset = .max - 1 }),
    ("h5-shape-bomb", { $0.offset = nil }),
    ("h5-shape-bomb", { $0.stored = .max }),
    ("h5-shape-bomb", { $0.elementSize = 1 << 41 }),
    ("h5-damaged", { $0.elementSize = 0 }),
    ("h5-damaged", { $0.extents = Array(repeating: 1, count: 33) }),
    ("h5-damaged", { $0.layout = .chunked }),
    (
      "h5-shape-bomb",
      {
        $0.layout = .chunked
        $0.chunk = $0.extents.map { _ in 1 << 30 }
      }
    ),
    (
      "h5-compression-bomb",
      {
        $0.layout = .chunked
        $0.extents = [40_000_000]
        $0.chunk = [1000]
        $0.isFiltered = true
        $0.stored = 200_000
      }
    ),
    (
      "h5-shape-bomb",
      {
        $0.layout = .compact; $0.stored = 3
      }
    ),
    (
      "h5-shape-bomb",
      {
        $0.layout = .virtual; $0.extents = [1 << 30]
      }
    ),
  ]

  @Test(arguments: lies.indices)
  func sizesBeyondTheFile(_ index: Int) throws {
    var catalogue = try honest()
    let (rule, lie) = Self.lies[index]
    let position = try #require(
      catalogue.nodes.firstIndex { if case .dataset = $0.content { true } else { false } })
    let node = catalogue.nodes[position]
    guard case .dataset(var claim) = node.content else { return }
    lie(&claim)
    catalogue.nodes[position] = .init(
      parent: node.parent, name: node.name, content: .dataset(claim))
    let file = try open(catalogue)
    #expect(file.findings.map(\.rule.name) == [rule])
    let error = #expect(throws: FileError.self) {
      try HDF5File(
        FileDescriptor(Self.model), parser: Liar(message: catalogue.message), isTolerant: false)
    }
    #expect(error?.problem.hasSuffix("(\(rule))") == true)
  }

  /// Data sets that each fit, but share their bytes.
  @Test func sharedBytes() throws {
    var catalogue = try honest()
    let size = UInt64(try FileDescriptor(Self.model).size)
    for number in 0..<4 {
      let claim = HDF5Catalogue.Dataset(
        extents: [size - 8], elementSize: 1, elementClass: .integer, rawType: .uint8,
        layout: .contiguous, offset: UInt64(number), chunk: [], stored: size - 8,
        isFiltered: false)
      catalogue.nodes.append(.init(parent: 0, name: "x\(number)", content: .dataset(claim)))
    }
    #expect(try open(catalogue).findings.map(\.rule.name) == ["h5-shape-bomb"])
  }

  @Test func nonsense() throws {
    let error = #expect(throws: FileError.self) {
      try HDF5File(
        FileDescriptor(Self.model), parser: Liar(message: [1, 2, 3]), isTolerant: true)
    }
    #expect(error?.problem.hasSuffix("(parser-answer)") == true)
  }
}
