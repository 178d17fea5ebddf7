internal import DefenseKit

/// How the data sets of a run are read, as options or a plan say.
struct DataFormat: Codable, Sendable, Hashable {
  /// The order of an image's axes, if their shape leaves it open.
  var layout: Layout?
  /// What images and labels are called, `IMAGES,LABELS`, by role; under "" for all other roles.
  var keys: [String: String] = [:]

  /// The keys of a role's file; nil: the standard ones.
  func keys(of role: String) -> DataKeys? { (keys[role] ?? keys[""]).flatMap { DataKeys($0) } }

  /// Opens the data set of a role.
  ///
  /// - Parameters:
  ///   - path: Its file.
  ///   - role: What it is for, as the option is called that names it.
  ///   - imageShape: The shape that its images must have.
  ///   - classCount: The number of classes.
  ///   - taker: What shape and classes are those of, for messages.
  ///   - sandbox: How the file is parsed.
  func load(
    _ path: String, as role: String, imageShape: [Int], classCount: Int, taker: String = "model",
    sandbox: Sandbox
  ) throws(FileError) -> DataSet {
    try DataSet.load(
      path, for: imageShape, classCount: classCount, layout: layout, keys: keys(of: role),
      taker: taker, sandbox: sandbox)
  }
}

extension Layout: Codable {}
