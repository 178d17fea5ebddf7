internal import DefenseKit
private import Foundation

/// The file that a training's state is kept in, as named on the command line.
final class CheckpointFile {
  private let path: String
  private let sandbox: Sandbox
  /// Whether there is a state in it of the training that goes on.
  private var holdsState = false

  /// Checks the file before any work is done.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - folder: The folder that the results go to; the file must not be in it.
  ///   - inputs: The files that the run reads; it must be none of them.
  ///   - resumes: Whether the training goes on from it; if not, there must not be such a file, or it
  ///     is replaced by `force`.
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

  /// Reads the state to go on from.
  func load() throws -> TrainingState {
    let state = try Checkpoint.load(path, sandbox: sandbox)
    holdsState = true
    return state
  }

  /// Keeps the state after an epoch.
  func save(_ state: TrainingState) throws {
    try Checkpoint.save(state, to: path)
    holdsState = true
  }

  /// Where the weights are that a training had before it diverged, for the end of a message.
  static func remark(_ file: CheckpointFile?) -> String {
    guard let file else { return "; --checkpoint keeps the weights of the epochs before" }
    return file.holdsState ? "; the weights of the last good epoch are kept in \(file.path)" : ""
  }
}
