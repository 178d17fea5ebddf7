internal import DefenseKit
private import Foundation

/// The folder of a comparison: its plan, a file for every finished unit, and the results.
///
///     plan.json          all units
///     units/KEY.json     the result of a unit; equal units give equal bytes
///     costs/KEY.json     the unit's seconds and memory
///     attempts/KEY       the number of failed attempts at an unfinished unit
///     results.csv, ...   see `ComparisonOutput`
struct ComparisonFolder {
  let path: String
  /// The locked file, which holds the lock until it is closed; nil for a folder that is only read.
  private let lock: FileHandle?

  /// The contents of plan.json.
  struct PlanFile: Codable, Equatable {
    var schema = ComparisonRecord.currentSchema
    var version = defenseKitVersion
    /// The machine's instruction set, which decides last bits, and more for trained models.
    var instructions = Executor.instructionSet
    var units: [ComparisonUnit]
  }

  private static let planName = "plan.json"

  /// Opens a folder for a plan, creates it if necessary, and locks it.
  ///
  /// - Throws: ``Failure`` with status 75 if another run uses it, 73 if it cannot be created or
  ///   holds other files, 65 for results of another schema or plan.
  init(_ path: String, for units: [ComparisonUnit]) throws {
    guard !path.isEmpty else { throw Failure(option: "--output", "is empty; name a folder") }
    self.path = path
    // Checked first, so that a refused folder stays unchanged.
    try Self.checkIsOurs(path)
    try Self.makeFolder(path)
    lock = try Self.lock(path)
    let plan = PlanFile(units: units)
    if let old = try Self.readPlan(path) {
      try Self.check(old, against: plan, in: path)
    } else {
      try Self.checkIsOurs(path)
      try AtomicFile.write(try Self.encoded(plan), to: "\(path)/\(Self.planName)")
    }
    for name in ["units", "costs"] { try makeFolder(name) }
  }

  /// Throws if a folder without a plan holds other files.
  private static func checkIsOurs(_ path: String) throws(Failure) {
    // The folder may not exist yet.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    guard !names.contains(planName) else { return }
    // Names with a leading dot are the lock, or were left by a killed run.
    if let foreign = names.sorted().first(where: { !$0.hasPrefix(".") }) {
      throw Failure(
        Failure.cannotCreate,
        "\(path) holds '\(foreign)', which isn't a result of 'compare'; choose another --output"
          .visible)
    }
  }

  /// Opens a folder of another run for reading.
  init(reading path: String) throws {
    self.path = path
    lock = nil
  }

  /// Creates a subfolder if it does not exist.
  func makeFolder(_ name: String) throws(Failure) { try Self.makeFolder("\(path)/\(name)") }

  private static func makeFolder(_ folder: String) throws(Failure) {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      let cause = (error as? CocoaError)?.underlying as? POSIXError
      let reason = cause.map { errorText($0.code.rawValue) } ?? error.localizedDescription
      throw Failure(
        Failure.cannotCreate,
        "\(folder): no folder can be created there: \(reason.lowercased()); choose another --output"
          .visible)
    }
  }

  private static func lock(_ path: String) throws(Failure) -> FileHandle {
    let name = "\(path)/.lock"
    let descriptor = unsafe open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw Failure(
        Failure.cannotCreate,
        "\(name) cannot be created: \(errorText(errno).lowercased()); choose another --output")
    }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var result: Int32
    repeat { result = flock(descriptor, LOCK_EX | LOCK_NB) } while result != 0 && errno == EINTR
    guard result == 0 else {
      guard errno == EWOULDBLOCK else {
        throw Failure(
          Failure.cannotCreate,
          "\(name) cannot be locked: \(errorText(errno).lowercased()); choose another --output"
            .visible)
      }
      throw Failure(
        Failure.tryAgain,
        "\(path): another run is using this folder; wait for it, or choose another --output")
    }
    return file
  }

  /// Returns the plan of a folder; nil if it has none.
  static func readPlan(
    _ path: String, advice: String = "choose another --output"
  ) throws(Failure) -> PlanFile? {
    struct Header: Decodable {
      let schema: Int
      let version: String
    }
    let file = "\(path)/\(planName)"
    guard let data = try contents(file) else { return nil }
    guard let header = try? JSONDecoder().decode(Header.self, from: data) else {
      throw Failure(Failure.data, "\(file) is damaged; \(advice)")
    }
    guard header.schema == ComparisonRecord.currentSchema, header.version == defenseKitVersion
    else {
      throw Failure(
        Failure.data,
        "\(file) is of schema \(header.schema), DefenseKit \(header.version), but this is schema "
          + "\(ComparisonRecord.currentSchema), DefenseKit \(defenseKitVersion); \(advice)")
    }
    guard let plan = try? JSONDecoder().decode(PlanFile.self, from: data) else {
      throw Failure(Failure.data, "\(file) is damaged; \(advice)")
    }
    return plan
  }

  /// Throws an error that names the difference if two plans differ.
  static func check(
    _ old: PlanFile, against new: PlanFile, in path: String,
    advice: String = "choose another --output"
  ) throws(Failure) {
    guard old != new else { return }
    func names(_ plan: PlanFile, _ name: (ComparisonUnit) -> String?) -> [String] {
      var seen: Set<String> = []
      return plan.units.compactMap(name).filter { seen.insert($0).inserted }
    }
    let plugins = ComparisonPlan.kinds.map { kind -> (String, (ComparisonUnit) -> String?) in
      (kind.plural, { $0.plugins[kind]?.label })
    }
    let parts: [(String, (ComparisonUnit) -> String?)] =
      [("models", { $0.model })] + plugins + [("seeds", { "\($0.seed)" })]
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

  /// Returns the record of a unit; nil if the unit isn't finished.
  ///
  /// - Throws: ``Failure`` with status 65 for a file that does not belong to the unit.
  func record(of unit: ComparisonUnit) throws(Failure) -> ComparisonRecord? {
    let file = self.file(unit)
    guard let data = try Self.contents(file) else { return nil }
    let advice = "remove it to measure it again"
    try SchemaHeader.check(data, of: file, ComparisonRecord.currentSchema, advice: advice)
    guard let record = try? JSONDecoder().decode(ComparisonRecord.self, from: data),
      record.unit == unit, record.key == unit.key
    else {
      throw Failure(
        Failure.data, "\(file) is not the result of '\(unit.title)'; \(advice)")
    }
    return record
  }

  /// Returns the records of the finished units.
  func records(of units: [ComparisonUnit]) throws(Failure) -> [ComparisonRecord] {
    var records: [ComparisonRecord] = []
    for unit in units {
      if let record = try record(of: unit) { records.append(record) }
    }
    return records
  }

  /// Removes the records of failed units.
  func removeFailures(of units: [ComparisonUnit]) throws(Failure) {
    for record in try records(of: units) where record.failure != nil {
      do {
        try FileManager.default.removeItem(atPath: file(record.unit))
      } catch {
        throw Failure(Failure.ioError, "\(file(record.unit)) cannot be removed")
      }
    }
  }

  /// Returns the cost of a unit if it is known.
  func cost(of unit: ComparisonUnit) -> UnitCost? {
    FileManager.default.contents(atPath: "\(path)/costs/\(unit.key).json").flatMap {
      try? JSONDecoder().decode(UnitCost.self, from: $0)
    }
  }

  /// Writes the result of a unit: the cost first, so that every measured unit has one.
  func write(_ record: ComparisonRecord, _ cost: UnitCost?) throws {
    if let cost {
      try AtomicFile.write(try Self.encoded(cost), to: "\(path)/costs/\(record.key).json")
    }
    try AtomicFile.write(try Self.encoded(record), to: file(record.unit))
    // There is no such file if the first attempt succeeded.
    try? FileManager.default.removeItem(atPath: attempts(record.unit))
  }

  /// Records a failed attempt at a unit, and returns the number of failed attempts.
  func noteAttempt(at unit: ComparisonUnit) throws -> Int {
    let file = attempts(unit)
    let before = try Self.contents(file).flatMap {
      Int(String(decoding: $0, as: UTF8.self).filter { $0 != "\n" })
    }
    let count = (before ?? 0) + 1
    try makeFolder("attempts")
    try AtomicFile.write("\(count)\n", to: file)
    return count
  }

  private func attempts(_ unit: ComparisonUnit) -> String { "\(path)/attempts/\(unit.key)" }

  /// Returns the contents of a file; nil if it does not exist.
  private static func contents(_ file: String) throws(Failure) -> Data? {
    if let data = FileManager.default.contents(atPath: file) { return data }
    guard unsafe access(file, F_OK) != 0, errno == ENOENT || errno == ENOTDIR else {
      throw Failure(Failure.ioError, "\(file) cannot be read; check who may read it".visible)
    }
    return nil
  }

  private func file(_ unit: ComparisonUnit) -> String { "\(path)/units/\(unit.key).json" }

  /// Encodes a value as JSON; equal values give equal bytes.
  private static func encoded(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value)) + [0x0A]
  }
}
