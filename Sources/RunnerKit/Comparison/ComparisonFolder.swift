internal import DefenseKit
private import Foundation

/// The folder of a comparison: its plan, a file for every finished unit, and what was made of them.
///
///     plan.json          all units
///     units/KEY.json     the result of a unit; equal units give equal bytes
///     costs/KEY.json     what it took
///     results.csv, ...   see `ComparisonOutput`
struct ComparisonFolder {
  let path: String
  /// Keeps the lock as long as it is open; nil for a folder that is read alone.
  private let lock: FileHandle?

  /// What plan.json holds.
  struct PlanFile: Codable, Equatable {
    var schema = ComparisonRecord.currentSchema
    var version = defenseKitVersion
    /// Those of the machine, which decide last bits, and with trained models more than these.
    var instructions = Executor.instructionSet
    var units: [ComparisonUnit]
  }

  private static let planName = "plan.json"

  /// Opens a folder for a plan, making it if need be, and locks it.
  ///
  /// - Throws: ``Failure`` with status 75 if another run works in it, 73 if it cannot be made or holds
  ///   something else, 65 for results of another schema or plan.
  init(_ path: String, for units: [ComparisonUnit]) throws {
    guard !path.isEmpty else { throw Failure(Failure.usage, "--output is empty; name a folder") }
    self.path = path
    for folder in [path, "\(path)/units", "\(path)/costs"] { try Self.makeFolder(folder) }
    lock = try Self.lock(path)
    let plan = PlanFile(units: units)
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
    if let old = try Self.readPlan(path) {
      try Self.check(old, against: plan, in: path)
    } else if let foreign = names.sorted().first(where: {
      // What begins with a point is the lock, or was left by a run that was killed.
      !["units", "costs"].contains($0) && !$0.hasPrefix(".")
    }) {
      throw Failure(
        Failure.cannotCreate,
        "\(path) holds '\(foreign)', which isn't a result of 'compare'; choose another --output")
    } else {
      try AtomicFile.write(try Self.encoded(plan), to: "\(path)/\(Self.planName)")
    }
  }

  /// Opens a folder that another run wrote, to read it.
  init(reading path: String) throws {
    self.path = path
    lock = nil
  }

  /// Makes a folder in this one, if it is not there.
  func makeFolder(_ name: String) throws(Failure) { try Self.makeFolder("\(path)/\(name)") }

  private static func makeFolder(_ folder: String) throws(Failure) {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw Failure(
        Failure.cannotCreate,
        "\(folder) cannot be made: \(errorText(errno).lowercased()); choose another --output")
    }
  }

  private static func lock(_ path: String) throws(Failure) -> FileHandle {
    let name = "\(path)/.lock"
    let descriptor = unsafe open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw Failure(
        Failure.cannotCreate,
        "\(name) cannot be made: \(errorText(errno).lowercased()); choose another --output")
    }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw Failure(
        Failure.tryAgain,
        "\(path): another run works in this folder; wait for it, or choose another --output")
    }
    return file
  }

  /// The plan of a folder; nil if there is none.
  static func readPlan(_ path: String) throws(Failure) -> PlanFile? {
    struct Header: Decodable {
      let schema: Int
      let version: String
    }
    let file = "\(path)/\(planName)"
    guard let data = FileManager.default.contents(atPath: file) else { return nil }
    guard let header = try? JSONDecoder().decode(Header.self, from: data) else {
      throw Failure(Failure.data, "\(file) is damaged; choose another --output")
    }
    guard header.schema == ComparisonRecord.currentSchema, header.version == defenseKitVersion
    else {
      throw Failure(
        Failure.data,
        "\(file) is of schema \(header.schema), DefenseKit \(header.version), but this is schema "
          + "\(ComparisonRecord.currentSchema), DefenseKit \(defenseKitVersion); choose another "
          + "--output")
    }
    guard let plan = try? JSONDecoder().decode(PlanFile.self, from: data) else {
      throw Failure(Failure.data, "\(file) is damaged; choose another --output")
    }
    return plan
  }

  /// Throws if two plans differ, naming what differs.
  static func check(
    _ old: PlanFile, against new: PlanFile, in path: String,
    advice: String = "choose another --output"
  ) throws(Failure) {
    guard old != new else { return }
    func names(_ plan: PlanFile, _ name: (ComparisonUnit) -> String?) -> [String] {
      var seen: Set<String> = []
      return plan.units.compactMap(name).filter { seen.insert($0).inserted }
    }
    let parts: [(String, (ComparisonUnit) -> String?)] = [
      ("models", { $0.model }), ("defenses", { $0.defense?.label }),
      ("detectors", { $0.detector?.label }), ("seeds", { "\($0.seed)" }),
    ]
    var difference =
      old.instructions == new.instructions
      ? "files or options differ"
      : "it was measured with \(old.instructions) instructions, now they are \(new.instructions)"
    for (title, name) in parts {
      let (before, now) = (names(old, name), names(new, name))
      guard before != now else { continue }
      func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.joined(separator: ", ")
      }
      difference = "its \(title) are \(list(before)), now they are \(list(now))"
      break
    }
    throw Failure(
      Failure.data,
      "\(path) holds the comparison of another plan (\(difference)); \(advice)".visible)
  }

  // MARK: Units

  /// The record of a unit; nil if it isn't done.
  ///
  /// - Throws: ``Failure`` with status 65 for a file that is not the unit's.
  func record(of unit: ComparisonUnit) throws(Failure) -> ComparisonRecord? {
    let file = self.file(unit)
    guard let data = FileManager.default.contents(atPath: file) else { return nil }
    guard let record = try? JSONDecoder().decode(ComparisonRecord.self, from: data),
      record.schema == ComparisonRecord.currentSchema, record.unit == unit,
      record.key == unit.key
    else {
      throw Failure(
        Failure.data, "\(file) is not the result of '\(unit.title)'; remove it to measure it again")
    }
    return record
  }

  /// The records of those units that are done.
  func records(of units: [ComparisonUnit]) throws(Failure) -> [ComparisonRecord] {
    var records: [ComparisonRecord] = []
    for unit in units {
      if let record = try record(of: unit) { records.append(record) }
    }
    return records
  }

  /// Removes the records of units that failed.
  func removeFailures(of units: [ComparisonUnit]) throws(Failure) {
    for record in try records(of: units) where record.failure != nil {
      do {
        try FileManager.default.removeItem(atPath: file(record.unit))
      } catch {
        throw Failure(Failure.ioError, "\(file(record.unit)) cannot be removed")
      }
    }
  }

  /// What a unit took, if that is known.
  func cost(of unit: ComparisonUnit) -> UnitCost? {
    FileManager.default.contents(atPath: "\(path)/costs/\(unit.key).json").flatMap {
      try? JSONDecoder().decode(UnitCost.self, from: $0)
    }
  }

  /// Keeps the result of a unit: the cost first, so that a unit that is done has one.
  func write(_ record: ComparisonRecord, _ cost: UnitCost?) throws {
    if let cost {
      try AtomicFile.write(try Self.encoded(cost), to: "\(path)/costs/\(record.key).json")
    }
    try AtomicFile.write(try Self.encoded(record), to: file(record.unit))
  }

  private func file(_ unit: ComparisonUnit) -> String { "\(path)/units/\(unit.key).json" }

  /// Equal values give equal bytes.
  private static func encoded(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value)) + [0x0A]
  }
}
