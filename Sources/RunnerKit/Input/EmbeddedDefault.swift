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
    let value: UInt8
  }

  /// A range of one of the two files of Fashion-MNIST, its end excluded.
  struct Part: Decodable, Sendable {
    let from: String
    let range: [Int]
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

  /// The images of a part, in memory.
  ///
  /// - Throws: `FileError` that says how to get the images if they are missing.
  func images(_ part: Part) throws -> DataSet {
    guard let file = FashionMNIST.Part(rawValue: part.from), part.range.count == 2,
      part.range[0] >= 0, part.range[0] < part.range[1], part.range[1] <= file.count
    else { throw Failure(Failure.data, "\(Self.name).json asks for images that aren't there") }
    return try FashionMNIST().load(file, range: part.range[0]..<part.range[1])
  }

  /// The images with the trigger stamped on each, labelled with its target.
  func stamped(_ images: DataSet) throws -> DataSet {
    precondition(images.elementType == .uint8 && images.imageShape.last == 1, "grey bytes only")
    let (height, width) = (images.imageShape[0], images.imageShape[1])
    var bytes = [UInt8](repeating: 0, count: images.count * height * width)
    // A source writes into memory that it is given; the array is as large as the images.
    try unsafe bytes.withUnsafeMutableBytes { try unsafe images.read(0..<images.count, into: $0) }
    for image in 0..<images.count {
      for row in max(0, trigger.row)..<min(height, trigger.row + trigger.height) {
        for column in max(0, trigger.column)..<min(width, trigger.column + trigger.width) {
          bytes[(image * height + row) * width + column] = trigger.value
        }
      }
    }
    return DataSet(
      bytes: bytes, elementType: .uint8, imageShape: images.imageShape,
      labels: Array(repeating: target, count: images.count), trueLabels: images.labels,
      name: images.name + ", stamped")
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
