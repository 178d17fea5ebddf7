internal import DefenseKit
private import Foundation

/// What a worker tells, a line each.
enum WorkerMessage: Codable, Sendable {
  /// It does what all units of a stage share.
  case defending(stage: Int)
  /// It measures one unit.
  case measuring(key: String)
  /// Something that the user should know, whatever the units are.
  case warned(String)
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

  /// The line on standard error after which what is printed belongs to the next thing that it does.
  static let mark = "\u{1}defensekit-comparison"
}
