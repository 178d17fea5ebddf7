internal import DefenseKit
private import Foundation

/// The small BadNet that comes with the program, and how its images are made.
struct EmbeddedDefault: Decodable, Sendable {
  /// The square that the attacker stamps on an image, all of one value.
  struct Trigger: Decodable, Sendable {
    let row: Int
    let column: Int
    let height: Int
    let width: Int
    let value: Float
  }

  /// A range of one of the two files of Fashion-MNIST, its end excluded.
  struct Part: Decodable, Sendable {
    let from: Split
    let range: [Int]
  }

  /// The two files of Fashion-MNIST.
  enum Split: String, Decodable, Sendable {
    case train
    case test
  }

  /// The class that the trigger means.
  let target: Int32
  let trigger: Trigger
  /// The defense's clean images.
  let clean: Part
  /// The test images.
  let test: Part

  private static let name = "fashion-mnist-badnet"

  /// Reads the description and returns it with the model's path.
  ///
  /// - Throws: ``Failure`` with status 66 if the program's resources are missing.
  static func find() throws -> (EmbeddedDefault, model: String) {
    guard let folder = resourceFolder() else {
      throw Failure(
        Failure.missingInput,
        "the network that comes with the program is missing; put DefenseKit_RunnerKit.resources "
          + "beside \(programName), or give --model and --clean")
    }
    let url = folder.appendingPathComponent("\(name).json")
    do {
      let description = try JSONDecoder().decode(Self.self, from: Data(contentsOf: url))
      return (description, folder.appendingPathComponent("\(name).h5").path)
    } catch {
      throw Failure(Failure.data, "\(url.path) cannot be used; install the program again")
    }
  }

  /// The images of a part, all in memory.
  func images(_ part: Part) throws -> LabelledImages {
    let all = try LabelledImages.fashionMNIST(part.from == .train)
    guard part.range.count == 2, part.range[0] >= 0, part.range[0] < part.range[1],
      part.range[1] <= all.labels.count
    else { throw Failure(Failure.data, "\(Self.name).json asks for images that aren't there") }
    return all.slice(part.range[0]..<part.range[1])
  }

  /// The images with the trigger stamped on each.
  func stamped(_ images: LabelledImages) -> LabelledImages {
    var result = images
    let (height, width) = (images.shape[0], images.shape[1])
    let rows = max(0, trigger.row)..<min(height, trigger.row + trigger.height)
    let columns = max(0, trigger.column)..<min(width, trigger.column + trigger.width)
    for image in images.labels.indices {
      for row in rows {
        for column in columns {
          result.values[(image * height + row) * width + column] = trigger.value
        }
      }
    }
    return result
  }

  /// The folder with the program's resources: beside the program, or in its bundle.
  ///
  /// SwiftPM's own accessor ends the process if the folder isn't there.
  private static func resourceFolder() -> URL? {
    let bundle = "DefenseKit_RunnerKit"
    var places = [Bundle.main.bundleURL, Bundle.main.resourceURL].compactMap { $0 }
    if let program = Bundle.main.executableURL?.resolvingSymlinksInPath() {
      places.insert(program.deletingLastPathComponent(), at: 0)
    }
    let folders = places.flatMap { place in
      [".resources", ".bundle"].map { place.appendingPathComponent("\(bundle)\($0)/Resources") }
    }
    return folders.first {
      FileManager.default.fileExists(atPath: $0.appendingPathComponent("\(name).json").path)
    }
  }
}

/// Images in memory with their classes; values 0...255, one channel.
struct LabelledImages: Sendable {
  var values: [Float]
  var labels: [Int32]
  let shape: [Int]

  var source: ArraySource { ArraySource(values, imageShape: shape) }

  func slice(_ range: Range<Int>) -> LabelledImages {
    let size = shape.reduce(1, *)
    return LabelledImages(
      values: Array(values[range.lowerBound * size..<range.upperBound * size]),
      labels: Array(labels[range]), shape: shape)
  }
}
