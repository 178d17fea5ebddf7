internal import InferenceGraph

extension SealedProcess {
  /// Starts a process for a file, as `sandbox` demands; nil if the program is to parse the file
  /// itself.
  ///
  /// - Throws: ``FileError`` if a process is required but cannot be started or sealed.
  static func start(
    for file: FileDescriptor, _ sandbox: Sandbox
  ) throws(FileError) -> SealedProcess? {
    if sandbox == .off { return nil }
    let process: SealedProcess?
    do throws(LaunchFailure) {
      process = try SealedProcess(file: file.number)
    } catch {
      throw FileError(
        .missingInput, path: file.path,
        "cannot be read in a process of its own: \(error.reason)")
    }
    if let process, process.posture == .full || sandbox == .auto {
      Launcher.shared.record(process.posture)
      if file.whole != nil {
        do {
          try process.send(.part, [file.base, file.size, 0, 0])
        } catch {
          throw FileError(error, reading: file)
        }
      }
      return process
    }
    guard sandbox == .auto else {
      throw FileError(
        .unavailable, path: file.path,
        "is read only if you trust it, because this system cannot seal a process (Landlock and "
          + "seccomp are needed)", remedies: [.set("sandbox", to: ["auto"])])
    }
    Launcher.shared.record(.none)
    return nil
  }
}
