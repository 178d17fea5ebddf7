public import Foundation

/// Places outside the package that tests read, found without asking for them.
public enum Lab {
  /// The repository's folder.
  public static let repository = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static let environment = ProcessInfo.processInfo.environment

  /// Whether tests that need the lab or Keras must fail where these are missing, as in CI.
  public static let isRequired = environment["DEFENSEKIT_REQUIRE_CSAW"] == "1"

  /// Whether the tests run under a sanitizer, where nothing is sealed off.
  public static let isSanitized = environment["DEFENSEKIT_SANITIZED"] == "1"

  /// The lab's folder, `DEFENSEKIT_CSAW` or beside the repository; nil if it is not there.
  public static let folder: URL? = found(
    environment["DEFENSEKIT_CSAW"].map { URL(filePath: $0) }
      ?? repository.appending(path: "../shared/csaw-lab3").standardizedFileURL,
    holding: "bd_net.h5",
    "tests on the lab's files; set DEFENSEKIT_CSAW to the folder with bd_net.h5")

  /// The faces as `make_data.py small` lays them out; nil if that was not run.
  public static let small: URL? = data("small")

  /// The faces as `make_data.py full` lays them out; nil if that was not run.
  public static let full: URL? = data("full")

  /// The Python with Keras that `DEFENSEKIT_PYTHON` names, else the one that Scripts/test made; nil
  /// if there is none.
  public static let python: URL? = {
    let named = environment["DEFENSEKIT_PYTHON"].map { URL(filePath: $0) }
    let url = named ?? repository.appending(path: ".venv/bin/python")
    if FileManager.default.isExecutableFile(atPath: url.path) { return url }
    skip("tests against stock Keras; set DEFENSEKIT_PYTHON to a Python with Keras 3")
    return nil
  }()

  // Where something is missing but required, the tests run, so that they fail.

  /// Whether the tests of the lab's models run.
  public static let runsLab = isRequired || folder != nil
  /// Whether the tests on the small data run.
  public static let runsSmall = isRequired || (folder != nil && small != nil)
  /// Whether the tests on the data of published size run.
  public static let runsFull = isRequired || (folder != nil && full != nil)
  /// Whether the tests against stock Keras run.
  public static let runsPython = isRequired || python != nil

  /// Scripts/test lays the data out in `DEFENSEKIT_LAB`, which is `.build/lab` of the repository.
  private static func data(_ size: String) -> URL? {
    let lab =
      environment["DEFENSEKIT_LAB"].map { URL(filePath: $0) }
      ?? repository.appending(path: ".build/lab")
    return found(
      lab.appending(path: size), holding: "cl/valid.h5",
      "tests on the lab's data; set DEFENSEKIT_LAB to the folder in which make_data.py made \(size)"
    )
  }

  private static func found(_ url: URL, holding file: String, _ what: String) -> URL? {
    if FileManager.default.fileExists(atPath: url.appending(path: file).path) { return url }
    skip(what)
    return nil
  }

  private static func skip(_ what: String) {
    if !isRequired { print("SKIPPED: \(what)") }
  }
}
