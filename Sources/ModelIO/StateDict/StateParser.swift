/// Parses files of weights: PyTorch checkpoints and safetensors, told by their contents.
struct StateParser {
  private let content: StateContent
  private var catalogue = StateCatalogue()

  /// Returns what a file holds, or why it is not read.
  static func catalogue(of content: StateContent) -> StateCatalogue {
    var parser = StateParser(content: content)
    do {
      try parser.parse()
    } catch let error as StateRefusal {
      parser.catalogue.refusal = error.finding
    } catch let error as ZipDirectory.Refusal {
      parser.catalogue.refusal = Finding(.zipArchive, error.problem)
    } catch let error as FileError {
      parser.catalogue.refusal = Finding(.pickleDamaged, error.problem)
    } catch {
      parser.catalogue.refusal = Finding(.zipArchive, ZipDirectory.Refusal.damaged.problem)
    }
    if parser.catalogue.refusal != nil { parser.catalogue.tensors = [] }
    return parser.catalogue
  }

  private init(content: StateContent) { self.content = content }

  private mutating func parse() throws {
    let start = try content.bytes(at: 0, count: min(512, content.size))
    switch FileKind.kind(of: start, size: content.size) {
    case .torchArchive, .zip: try parseArchive()
    case .torchLegacy: try parseLegacy()
    case .safetensors: catalogue.tensors = try Safetensors.tensors(in: content)
    case .pickle: try parsePickle()
    default: throw StateRefusal(.stateDict, "is not a file of PyTorch or safetensors")
    }
  }

  // MARK: The zip form

  private mutating func parseArchive() throws {
    let archive = try TorchArchive(content)
    catalogue.findings += archive.findings
    let bytes = try archive.pickle()
    var machine = PickleMachine(bytes)
    let root = try run(&machine)
    guard machine.place == bytes.count else {
      throw StateRefusal(
        .pickleDamaged, "has something behind its pickle, at byte \(machine.place); copy it again")
    }
    try archive.checkSums()
    try take(machine, root) { storage throws(StateRefusal) in
      try archive.place(of: storage, key: String(decoding: bytes[storage.key], as: UTF8.self))
    }
  }

  // MARK: The legacy form

  private mutating func parseLegacy() throws {
    let legacy = try TorchLegacy(content) { catalogue.findings += $0 }
    let bytes = legacy.machine.bytes
    let storages = try legacy.storages(in: content)
    try take(legacy.machine, legacy.root) { storage throws(StateRefusal) in
      try storages.place(of: storage, key: String(decoding: bytes[storage.key], as: UTF8.self))
    }
  }

  /// Lists what a pickle that is no checkpoint would call.
  private mutating func parsePickle() throws {
    var machine = PickleMachine(
      try content.bytes(at: 0, count: min(content.size, PickleMachine.maximumSize)))
    _ = try run(&machine)
    throw StateRefusal(
      .stateDict,
      "is a Python pickle, not written by torch.save; save model.state_dict() with torch.save")
  }

  private mutating func run(_ machine: inout PickleMachine) throws(StateRefusal) -> Int {
    defer { catalogue.findings += machine.findings }
    return try machine.run()
  }

  private mutating func take(
    _ machine: PickleMachine, _ root: Int, place: StateDictionary.Place
  ) throws(StateRefusal) {
    let found = try StateDictionary(machine, root: root, place: place)
    catalogue.tensors = found.tensors
    catalogue.wrapper = found.wrapper
    catalogue.record = RecordFacts(machine, root: root)
    catalogue.others = found.others
    catalogue.skeleton = found.skeleton
    catalogue.omitted = found.omitted
    catalogue.otherSets = found.otherSets
  }
}
