internal import DefenseKit
internal import Foundation

/// The small BadNet that comes with the program, and how its images are made.
struct EmbeddedDefault: Decodable, Sendable {
  /// A range of one of the two files of Fashion-MNIST, its end excluded.
  struct Part: Decodable, Sendable {
    let from: String
    let range: [Int]
  }

  /// The defense's clean images.
  let clean: Part
  /// The test images.
  let test: Part

  private static let name = "fashion-mnist-badnet"

  /// Reads the description and returns it with the paths of the model and of its trigger.
  ///
  /// - Throws: ``Failure`` with status 66 if the program's resources are missing.
  static func find() throws -> (EmbeddedDefault, model: String, trigger: String) {
    guard let folder = ProgramResources.folder(holding: "\(name).json") else {
      throw Failure(
        Failure.missingInput,
        "the network that comes with the program is missing; put DefenseKit_RunnerKit.resources "
          + "beside \(programName), or give --model and --clean")
    }
    let url = folder.appendingPathComponent("\(name).json")
    do {
      let description = try JSONDecoder().decode(Self.self, from: Data(contentsOf: url))
      return (
        description, folder.appendingPathComponent("\(name).h5").path,
        folder.appendingPathComponent("fashion-mnist-trigger.h5").path
      )
    } catch {
      throw Failure(Failure.data, "\(url.path) cannot be used; install the program again")
    }
  }

  /// The network with its images, and its trigger on those to judge it on.
  ///
  /// - Throws: As ``find()`` and ``images(_:)``.
  static func experiment(replaysCurves: Bool = false, sandbox: Sandbox) throws -> Experiment {
    let (description, path, triggerPath) = try find()
    let suspect = try KerasModel.load(path, sandbox: sandbox)
    let test = try description.images(description.test)
    let triggered = try Trigger.load(triggerPath, sandbox: sandbox)
      .testSet(from: LabelledImages(test), keepsUnconcerned: true)
    return try Experiment(
      suspect: suspect, clean: CleanData(description.images(description.clean)),
      test: CleanData(test),
      poisoned: PoisonedData(triggered.images.dataSet(trueLabels: triggered.trueLabels)),
      replaysCurves: replaysCurves)
  }

  /// The images of a part, in memory.
  ///
  /// - Throws: `FileError` that says how to get the images if they are missing.
  func images(_ part: Part) throws -> DataSet {
    guard let file = FashionMNIST.Part(rawValue: part.from), part.range.count == 2,
      part.range[0] >= 0, part.range[0] < part.range[1], part.range[1] <= file.count
    else { throw Failure(Failure.data, "\(Self.name).json asks for images that aren't there") }
    return try FashionMNIST().load(file, range: part.range[0]..<part.range[1])
  }
}
