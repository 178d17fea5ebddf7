internal import DefenseKit
internal import Foundation

/// The BadNet bundled with the program, and the definition of its images.
struct EmbeddedDefault: Decodable, Sendable {
  /// A half-open range of one of the two Fashion-MNIST sets.
  struct Part: Decodable, Sendable {
    let from: String
    let range: [Int]
  }

  /// The clean images for the defense.
  let clean: Part
  /// The clean images for the evaluation.
  let test: Part

  /// The images for the evaluation as ``ImageInput`` names them; nil if they are not of the test
  /// part.
  var testName: String? {
    test.from == FashionMNIST.Part.test.rawValue && test.range.count == 2
      ? "\(ImageInput.word):\(test.range[0])-\(test.range[1])" : nil
  }

  private static let name = "fashion-mnist-badnet"

  /// Returns the description and the paths of the model and of its trigger.
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

  /// Returns the network with its images; its trigger is applied to the test images.
  ///
  /// - Throws: The errors of ``find()`` and ``images(_:)``.
  static func experiment(replaysCurves: Bool = false, sandbox: Sandbox) throws -> Experiment {
    let (description, path, triggerPath) = try find()
    let suspect = try KerasModel.load(path, sandbox: sandbox)
    let test = try description.images(description.test)
    let triggered = try Trigger.load(triggerPath, sandbox: sandbox)
      .testSet(from: LabelledImages(test), keepsUnaffected: true)
    return try Experiment(
      suspect: suspect, clean: CleanData(description.images(description.clean)),
      test: CleanData(test),
      poisoned: PoisonedData(triggered.images.dataSet(trueLabels: triggered.trueLabels)),
      replaysCurves: replaysCurves)
  }

  /// Returns the images of a part, in memory.
  ///
  /// - Throws: `FileError` that says how to get missing images; ``Failure`` for an invalid part.
  func images(_ part: Part) throws -> DataSet {
    guard let file = FashionMNIST.Part(rawValue: part.from), part.range.count == 2,
      part.range[0] >= 0, part.range[0] < part.range[1], part.range[1] <= file.count
    else { throw Failure(Failure.data, "\(Self.name).json asks for images that aren't there") }
    return try FashionMNIST().load(file, range: part.range[0]..<part.range[1])
  }
}
