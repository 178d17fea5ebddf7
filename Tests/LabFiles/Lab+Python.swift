public import Foundation

/// A Python program that did not end well.
public struct PythonFailure: Error, CustomStringConvertible {
  /// What it was and how it ended.
  public let description: String
}

extension Lab {
  /// Runs a Python program and returns what it prints.
  ///
  /// - Parameters:
  ///   - script: Its path.
  ///   - arguments: Its arguments.
  ///   - environment: Variables that it gets beside ours.
  /// - Throws: ``PythonFailure`` if there is no Python or it ends with an error.
  public static func run(
    _ script: URL, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> String {
    guard let python else { throw PythonFailure(description: "there is no Python with Keras") }
    let process = Process()
    process.executableURL = python
    process.arguments = [script.path] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "2", "CUDA_VISIBLE_DEVICES": ""]
    ) { $1 }.merging(environment) { $1 }
    let output = Pipe()
    process.standardOutput = output
    // TensorFlow greets there; what it says of an error is wanted, and too much for a pipe that
    // nobody reads.
    let errors = FileManager.default.temporaryDirectory.appending(path: "python-\(UUID()).err")
    try Data().write(to: errors)
    defer { try? FileManager.default.removeItem(at: errors) }
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let text = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
      throw PythonFailure(
        description: "\(script.lastPathComponent) ended with status "
          + "\(process.terminationStatus): \(text.suffix(2000))")
    }
    return String(decoding: data, as: UTF8.self)
  }
}
