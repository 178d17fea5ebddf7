/// Whether files are parsed by a process that is sealed off from the machine.
///
/// libhdf5 and libpng are not safe on files made to attack them. So they run in a process that has one
/// file in memory and can do nothing but compute and answer: every program that contains DefenseKit starts
/// such processes by itself, as copies of the program.
///
/// What the sealed process sends back is checked like a hostile file. Contiguous data sets are read by
/// the program itself, straight from the file.
public enum Sandbox: String, Sendable, Hashable, CaseIterable {
  /// As much as the machine offers.
  case auto
  /// All of it, or the file is not read.
  case require
  /// None: files are parsed within the program.
  case off

  /// How far the process that parses a file was sealed off.
  public enum Posture: String, Sendable, Hashable, CaseIterable, Comparable {
    /// The file was parsed within the program.
    case none
    /// A process of its own, with limits, but the kernel lacks Landlock or seccomp.
    case partial
    /// A process with resource limits, no privileges to gain, no file or network access and no system
    /// call but some twenty harmless ones.
    case full

    /// None before partial before full.
    public static func < (a: Posture, b: Posture) -> Bool { a.rank < b.rank }

    private var rank: Int { self == .none ? 0 : self == .partial ? 1 : 2 }
  }

  /// Makes the sealed processes start faster; to be called first thing in `main`.
  ///
  /// They are then copies of the program as it is at that moment, so call it before secrets are in
  /// memory and threads run. Without it the program is started anew when the first file is read,
  /// which takes some twenty milliseconds.
  public static func prepare() { Launcher.shared.fork() }

  /// Ends the processes; for the end of `main`, so that none is left for others to wait for.
  package static func end() { Launcher.shared.end() }

  /// The least that any file read in this way so far got; nil before the first one.
  public var posture: Posture? { self == .off ? Posture.none : Launcher.shared.posture }
}
