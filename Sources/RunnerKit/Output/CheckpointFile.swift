internal import DefenseKit
private import Foundation

/// The file for a training's state, as named on the command line.
final class CheckpointFile {
  private let path: String
  private let sandbox: Sandbox
  /// Whether the file holds a state of the current training.
  private var holdsState = false

  /// Checks the file before any work is done.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - folder: The folder of the results, which must not contain the file.
  ///   - inputs: The files that the run reads; the file must not be one of them.
  ///   - resumes: Whether the training continues from the file; otherwise the file must not exist,
  ///     unless `force` replaces it.
  init(
    _ path: String, besides folder: String, inputs: [String], resumes: Bool, force: Bool,
    sandbox: Sandbox
  ) throws {
    self.path = path
    self.sandbox = sandbox
    let place = URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent()
    let results = URL(fileURLWithPath: folder).standardizedFileURL
    guard place.path != results.path, !OutputFile.isSame(path, folder) else {
      throw Failure(
        Failure.usage, "--checkpoint is in the folder of the results; name a file elsewhere")
    }
    try OutputFile.check(
      path, option: "--checkpoint", inputs: inputs, force: resumes || force,
      advice: "go on from it with --resume, or replace it with --force")
  }

  /// Reads the state to continue from.
  func load() throws -> TrainingState {
    let state = try Checkpoint.load(path, sandbox: sandbox)
    holdsState = true
    return state
  }

  /// Writes the state after an epoch.
  func save(_ state: TrainingState) throws {
    try Checkpoint.save(state, to: path)
    holdsState = true
  }

  /// Returns the end of a message about divergence: where the last good weights are.
  static func remark(_ file: CheckpointFile?) -> String {
    guard let file else { return "; --checkpoint keeps the weights of the epochs before" }
    return file.holdsState ? "; the weights of the last good epoch are kept in \(file.path)" : ""
  }
}
