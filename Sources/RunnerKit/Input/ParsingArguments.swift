internal import ArgumentParser
internal import DefenseKit

/// Arguments for parsing files.
struct ParsingArguments: ParsableArguments, Sendable {
  @Option(
    help: ArgumentHelp(
      "Sandbox for parsing files: as complete as the system allows (auto), complete or an error "
        + "(require), or none (off).", valueName: "auto|require|off"))
  var sandbox: Sandbox = .auto

  /// Warns the user, after files were read, if the system has no full sandbox.
  func warn(in context: RunContext) {
    if let warning = Self.warning(sandbox) { context.warn(warning) }
  }

  /// Returns a warning for after this process has read files; nil if the sandbox is full.
  static func warning(_ sandbox: Sandbox) -> String? {
    guard sandbox == .auto, let posture = sandbox.posture, posture < .full else { return nil }
    return
      "files were parsed \(posture == .none ? "without a sandbox" : "in an incomplete sandbox"): "
      + "this system lacks Landlock or seccomp; --sandbox require refuses that"
  }
}
