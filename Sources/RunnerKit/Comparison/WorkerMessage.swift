internal import DefenseKit
private import Foundation

/// What a worker is to do: stages of one model.
struct WorkOrder: Codable, Sendable {
  var model: ModelFiles
  var stages: [ComparisonStage]
  var threads: Int
  var sandbox: String
}

/// What a worker tells, a line each.
enum WorkerMessage: Codable, Sendable {
  /// It does what all units of a stage share.
  case defending(stage: Int)
  /// It measures one unit.
  case measuring(key: String)
  /// A phase began, in which so many images will be done.
  case began(title: String, images: Int)
  /// So many are done.
  case advanced(images: Int)
  /// The phase is over.
  case ended
  /// A unit is done.
  case done(ComparisonRecord, UnitCost)
  /// Units failed, with an exit status and a line.
  case failed(keys: [String], status: Int32, message: String)
}

/// Lines of JSON on a file descriptor.
enum MessageLine {
  static func encoded(_ value: some Encodable) throws -> [UInt8] {
    Array(try JSONEncoder().encode(value)) + [0x0A]
  }

  static func decoded<Value: Decodable>(_ line: some Collection<UInt8>) -> Value? {
    try? JSONDecoder().decode(Value.self, from: Data(line))
  }
}
