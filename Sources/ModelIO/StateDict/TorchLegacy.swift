/// The form of PyTorch checkpoints before version 1.6: five pickles and the storages.
struct TorchLegacy {
  /// How such a file begins: the pickle of a number.
  static let signature: [UInt8] = [
    0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  /// The machine that has read the weights' pickle.
  private(set) var machine: PickleMachine
  /// The weights' value.
  private(set) var root = 0
  private var keys: [String] = []
  /// The place behind the last pickle.
  private var place = 0

  /// The number of bytes that are read first.
  private static let firstSize = 1 << 20
  private static let version = 1001

  /// Reads the pickles.
  ///
  /// - Parameter report: Receives the findings of the weights' pickle, even if it cannot be read to
  ///   its end.
  /// - Throws: ``StateRefusal`` if they are not those of a checkpoint, ``FileError`` if the file
  ///   cannot be read.
  init(_ content: StateContent, report: ([Finding]) -> Void) throws {
    let limit = min(content.size, PickleMachine.maximumSize)
    var size = min(limit, Self.firstSize)
    while true {
      machine = PickleMachine(try content.bytes(at: 0, count: size), at: Self.signature.count)
      do throws(StateRefusal) {
        try readPickles()
        report(machine.findings)
        return
      } catch {
        // The pickles may be longer than what was read of them.
        guard isShort, size < limit else {
          report(machine.findings)
          throw error
        }
        size = min(limit, size << 3)
      }
    }
  }

  /// Whether the bytes ended within a pickle.
  private var isShort = false

  private mutating func readPickles() throws(StateRefusal) {
    isShort = false
    let version = try run()
    guard case .integer(Self.version) = machine.values[version] else {
      throw StateRefusal(.stateUnsupported, "has another form of PyTorch; save it again")
    }
    restart()
    let system = try run()
    try checkSystem(system)
    restart()
    root = try run()
    let weights = machine
    restart()
    let list = try run()
    guard case .list(let list) = machine.values[list] else { throw machine.damaged }
    keys = []
    for item in machine.contents[list] {
      guard let key = machine.text(item) else { throw machine.damaged }
      keys.append(key)
    }
    place = machine.place
    machine = weights
  }

  /// Begins the next pickle, which has its own values.
  private mutating func restart() {
    machine = PickleMachine(machine.bytes, at: machine.place)
  }

  private mutating func run() throws(StateRefusal) -> Int {
    defer { isShort = machine.isShort }
    return try machine.run()
  }

  private func checkSystem(_ root: Int) throws(StateRefusal) {
    guard case .dictionary(let index) = machine.values[root] else { throw machine.damaged }
    let items = machine.contents[index]
    for place in stride(from: 0, to: items.count, by: 2)
    where machine.text(items[place]) == "little_endian" {
      guard case .boolean(true) = machine.values[items[place + 1]] else {
        throw StateRefusal(
          .stateUnsupported, "has big-endian numbers; save it again on a little-endian computer")
      }
    }
  }

  /// The storages of a file.
  struct Storages {
    fileprivate var places: [String: (storage: PickleStorage, offset: Int)] = [:]

    /// Returns the place of a storage's elements.
    ///
    /// - Throws: ``StateRefusal`` if it is not among those of the file.
    func place(of storage: PickleStorage, key: String) throws(StateRefusal) -> Int {
      guard let (known, offset) = places[key], known.count == storage.count,
        known.type == storage.type
      else {
        throw StateRefusal(
          .tensorPlace, at: abbreviated(key),
          "lacks the weights that it calls '\(abbreviated(key))'; copy it again")
      }
      return offset
    }
  }

  /// Finds the storages behind the pickles.
  ///
  /// - Throws: ``StateRefusal`` if they are not those of the pickle, ``FileError`` if the file cannot
  ///   be read.
  func storages(in content: StateContent) throws -> Storages {
    var known: [String: PickleStorage] = [:]
    for case .storage(let storage) in machine.values {
      guard storage.key.count <= PickleMachine.maximumNameLength else { throw machine.damaged }
      let key = String(decoding: machine.bytes[storage.key], as: UTF8.self)
      guard let other = known.updateValue(storage, forKey: key) else { continue }
      guard other.type == storage.type, other.count == storage.count else {
        throw StateRefusal(
          .tensorPlace, at: abbreviated(key),
          "describes the weights '\(abbreviated(key))' in two ways; save it again")
      }
    }
    var result = Storages()
    var place = place
    for key in keys {
      let title = abbreviated(key)
      guard let storage = known[key], result.places[key] == nil else {
        throw StateRefusal(
          .tensorPlace, at: title,
          "has weights '\(title)' that no tensor reads, or twice; save it again")
      }
      let count = try content.number(at: place)
      place += 8
      let (size, overflows) = storage.count.multipliedReportingOverflow(by: storage.type.size)
      guard count == UInt64(storage.count), !overflows, size <= content.size - place else {
        throw StateRefusal(
          .tensorPlace, at: title,
          "has another number of weights '\(title)' than its tensors; copy it again")
      }
      result.places[key] = (storage, place)
      place += size
    }
    guard place == content.size else {
      throw StateRefusal(
        .pickleDamaged, "has something behind its weights, at byte \(place); save it again")
    }
    return result
  }
}
