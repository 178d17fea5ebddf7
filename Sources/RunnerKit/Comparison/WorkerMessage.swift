internal import DefenseKit
private import Foundation

/// A message from a worker, one line each.
enum WorkerMessage: Codable, Sendable {
  /// The worker starts the work that all units of a stage share.
  case defending(stage: Int)
  /// The worker starts to measure one unit.
  case measuring(key: String)
  /// A warning that does not depend on the units.
  case warned(String)
  /// A phase over a number of images began.
  case began(title: String, images: Int)
  /// The number of images processed in the phase.
  case advanced(images: Int)
  /// The phase ended.
  case ended
  /// A unit is finished.
  case done(ComparisonRecord, UnitCost)
  /// Units failed, with an exit status and one line of text.
  case failed(keys: [String], status: Int32, message: String)

  /// The line on standard error that separates the output of one task from the next.
  static let mark = "\u{1}defensekit-comparison"
}
