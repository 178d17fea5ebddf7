internal import ArgumentParser

/// The argument for the attacker's class.
struct TargetArgument: ParsableArguments, Sendable {
  @Option(
    help: ArgumentHelp(
      "The attacker's class, if the labels of --poisoned are the classes that its images show.",
      valueName: "class"))
  var target: Int?

  /// Checks the value; the commands call it.
  ///
  /// - Parameter isUsed: Whether there are poisoned images.
  func check(isUsed: Bool) throws(Failure) {
    guard let target else { return }
    guard target >= 0 else { throw Failure(option: "--target", "takes a class, from 0 on") }
    guard isUsed else { throw Failure(option: "--target", "has no effect without --poisoned") }
  }
}
