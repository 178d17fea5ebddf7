/// Whether a sealed process parses files.
///
/// libhdf5 and libpng are not safe against hostile files. They therefore run in a process that has
/// one file in memory and can only compute and answer. Every program that contains DefenseKit
/// starts such processes by itself, as copies of the program.
///
/// The answers of a sealed process are checked like a hostile file. The program reads contiguous
/// data sets itself, straight from the file.
public enum Sandbox: String, Sendable, Hashable, CaseIterable {
  /// Seals as far as the system allows.
  case auto
  /// Refuses files unless the process can be sealed fully.
  case require
  /// Parses files within the program.
  case off

  /// How far the process that parses a file is sealed.
  public enum Posture: String, Sendable, Hashable, CaseIterable, Comparable {
    /// The program parses the file itself.
    case none
    /// A separate process with limits, on a kernel without Landlock or seccomp.
    case partial
    /// A process with resource limits, no way to gain privileges, no file or network access, and a
    /// short list of allowed system calls.
    case full

    /// Returns whether `a` is less sealed than `b`; the order is none, partial, full.
    public static func < (a: Posture, b: Posture) -> Bool { a.rank < b.rank }

    private var rank: Int { self == .none ? 0 : self == .partial ? 1 : 2 }
  }

  /// Makes sealed processes start faster; call it first in `main`.
  ///
  /// Sealed processes are then copies of the program in its current state, so call it before
  /// secrets are in memory and threads run. Without it, the program is started anew for the first
  /// file.
  public static func prepare() { Launcher.shared.fork() }

  /// Ends the launcher and all sealed processes; call it at the end of `main`, so that none
  /// outlives the program.
  package static func end() { Launcher.shared.end() }

  /// The lowest posture of all files read so far; nil before the first one.
  public var posture: Posture? { self == .off ? Posture.none : Launcher.shared.posture }
}
