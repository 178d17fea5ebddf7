import Foundation
import InferenceGraph
import NetworkTraining
import LabFiles
import Testing

@testable import ModelIO

/// Reads all images as floats, whatever their type, channels last.
func values(_ set: DataSet, readSize: Int) throws -> [Float] {
  let elements = set.imageShape.reduce(1, *)
  var result: [Float] = []
  for start in stride(from: 0, to: set.count, by: readSize) {
    let range = start..<min(start + readSize, set.count)
    var bytes = [UInt8](repeating: 0, count: range.count * elements * set.elementType.size)
    // The array is as large as what is read, and looked at as what it was filled with.
    try unsafe bytes.withUnsafeMutableBytes { unsafe try set.read(range, into: $0) }
    unsafe bytes.withUnsafeBytes { raw in
      let all: [Float] =
        switch set.elementType {
        case .uint8: unsafe raw.map { Float($0) }
        case .float32: unsafe Array(raw.bindMemory(to: Float.self))
        case .float64: unsafe raw.bindMemory(to: Double.self).map { Float($0) }
        }
      let (h, w, c) = (set.imageShape[0], set.imageShape[1], set.imageShape[2])
      for image in 0..<range.count {
        for y in 0..<h {
          for x in 0..<w {
            for k in 0..<c {
              let inner = set.layout == .nhwc ? (y * w + x) * c + k : (k * h + y) * w + x
              result.append(all[image * elements + inner])
            }
          }
        }
      }
    }
  }
  return result
}

@Suite(.enabled(if: Lab.runsPython))
struct DataSetTests {
  func path(_ name: String) throws -> String {
    try #require(Fixtures.folder).appending(path: "\(name).h5").path
  }

  static let kinds: [(String, ElementType, ImageLayout)] = [
    ("f4-nchw", .float32, .nchw), ("f8-nchw", .float64, .nchw), ("f4-big-endian", .float32, .nhwc),
    ("f8-big-endian", .float64, .nhwc), ("i2-gzip", .float32, .nhwc),
    ("f4-chunked", .float32, .nhwc), ("i8-big-endian", .float64, .nchw), ("f2", .float32, .nhwc),
  ]

  @Test(arguments: kinds)
  func everyStorageGivesTheSame(_ name: String, _ type: ElementType, _ layout: ImageLayout) throws {
    let bytes = try DataSet.load(path("u1-nhwc"), for: [6, 5, 3], classCount: 4)
    #expect(bytes.elementType == .uint8 && bytes.layout == .nhwc && bytes.count == 40)
    let expected = try values(bytes, readSize: 40)
    #expect(Set(expected).count > 80)
    let set = try DataSet.load(path(name), for: [6, 5, 3], classCount: 4)
    #expect(set.labels == bytes.labels)
    #expect(set.elementType == type && set.layout == layout)
    #expect(try set.fingerprints() == bytes.fingerprints())
    for readSize in [1, 16, 40] { #expect(try values(set, readSize: readSize) == expected) }
    let chosen = try set.selecting([7, 3, 39])
    #expect(chosen.labels == [7, 3, 39].map { bytes.labels[$0] })
    #expect(
      try values(chosen, readSize: 3) == [7, 3, 39].flatMap { expected[$0 * 90..<$0 * 90 + 90] })
  }

  @Test func severalThreads() async throws {
    let set = try DataSet.load(path("i2-gzip"), for: [6, 5, 3], classCount: 4)
    let expected = try values(set, readSize: 40)
    try await withThrowingTaskGroup(of: [Float].self) { group in
      for size in 1...16 { group.addTask { try values(set, readSize: size) } }
      for try await found in group { #expect(found == expected) }
    }
  }

  static let bad: [(String, String)] = [
    (
      "bad-range",
      "its data set 'label' has class 4 at index 2; the model's classes are 0 to 3"
    ),
    (
      "bad-negative", "its data set 'label' has class -1 at index 1; the model's classes are 0 to 3"
    ),
    (
      "bad-fraction",
      "its data set 'label' has 0.5 at index 3, which is not a class; classes are integers"
    ),
    ("bad-count", "its data set 'label' has 3 labels for 6 images"),
    (
      "bad-soft",
      "its data set 'label' has no class in row 0: one 1 and zeros are needed, or shares of which one "
        + "is the largest"
    ),
    (
      "bad-columns",
      "its data set 'label' has the shape 6x3; classes (6) or one-hot labels (6x4) fit the model"
    ),
    ("bad-empty", "has no images; give a file with some"),
    (
      "bad-size",
      "its images are 5x5x3, but the model takes 6x5x3 (height x width x channels); give data made "
        + "for this model"
    ),
    ("bad-text", "its data set 'data' does not hold numbers"),
    ("bad-nolabel", "has no data set 'label' with the images' classes (it has: data)"),
    (
      "plain-list",
      "has no data set 'data'; these fit: 'images' (40x6x5x3) with 'classes' (40)"
    ),
    ("plain", "has no data set 'data' (it has: model_weights); is it a model?"),
  ]

  @Test(arguments: bad)
  func refusals(_ name: String, _ message: String) throws {
    let error = #expect(throws: FileError.self) {
      try DataSet.load(path(name), for: [6, 5, 3], classCount: 4)
    }
    #expect(error?.problem == message)
    #expect(error?.kind == .badData)
  }

  @Test("What the data must fit is named", arguments: ["trigger", "attack"])
  func takers(_ consumer: String) throws {
    func message(_ name: String) throws -> String? {
      #expect(throws: FileError.self) {
        try DataSet.load(path(name), for: [6, 5, 3], classCount: 4, consumer: consumer)
      }?.problem
    }
    #expect(
      try message("bad-size")
        == "its images are 5x5x3, but the \(consumer) takes 6x5x3 (height x width x channels); give data "
        + "made for this \(consumer)")
    #expect(try message("bad-range")?.hasSuffix("; the \(consumer)'s classes are 0 to 3") == true)
    #expect(try message("bad-columns")?.hasSuffix(" fit the \(consumer)") == true)
  }

  @Test func ambiguousLayout() throws {
    let file = try path("cube")
    let error = #expect(throws: FileError.self) {
      try DataSet.load(file, for: [3, 3, 3], classCount: 4)
    }
    #expect(
      error?.problem == "its images, 3x3x3, fit the model with channels first and with "
        + "channels last")
    #expect(error?.remedies == [.set("layout", to: ["nchw", "nhwc"])])
    #expect(error?.kind == .usage)
    for layout in ImageLayout.allCases {
      #expect(
        try DataSet.load(file, for: [3, 3, 3], classCount: 4, layout: layout).layout == layout)
    }
    let wrong = #expect(throws: FileError.self) {
      try DataSet.load(path("u1-nhwc"), for: [6, 5, 3], classCount: 4, layout: .nchw)
    }
    #expect(wrong?.problem.hasSuffix("with the layout nchw") == true)
    #expect(wrong?.remedies == [.omit("layout")])
  }

  @Test func imagesWithoutAnAxisOfChannels() throws {
    let set = try DataSet.load(path("one-channel"), for: [6, 5, 1], classCount: 4)
    #expect(set.imageShape == [6, 5, 1] && set.count == 6)
  }
}

@Suite("Data sets without labels")
struct UnlabelledTests {
  @Test("They are refused unless the caller needs no labels")
  func unlabelled() throws {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "unlabelled-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    func write(_ labels: [Float]?) throws {
      let file = try HDF5Writer(path: path)
      try file.write(Tensor(shape: [3, 2, 2, 1], values: (0..<12).map(Float.init)), to: "data")
      if let labels { try file.write(Tensor(shape: [3], values: labels), to: "labels") }
      try AtomicFile.write(try file.image(), to: path)
    }
    func load(requiresLabels: Bool, keys: DataKeys? = nil) throws -> DataSet {
      try DataSet.load(
        path, for: [2, 2, 1], classCount: 4, keys: keys, requiresLabels: requiresLabels,
        sandbox: .off)
    }
    try write(nil)
    let error = #expect(throws: FileError.self) { try load(requiresLabels: true) }
    #expect(error?.problem.contains("has no data set 'label' with the images' classes") == true)
    let bare = try load(requiresLabels: false)
    #expect(!bare.isLabelled && bare.labels == [0, 0, 0])
    #expect(try values(bare, readSize: 2) == (0..<12).map(Float.init))
    // Names that the caller gives must be there.
    #expect(throws: FileError.self) { try load(requiresLabels: false, keys: .standard) }
    try write([3, 0, 1])
    let whole = try load(requiresLabels: false)
    #expect(whole.isLabelled && whole.labels == [3, 0, 1])
  }
}

/// The images of Debian's package, where it is installed.
struct FashionMNISTTests {
  @Test(.enabled(if: FileManager.default.fileExists(atPath: FashionMNIST.systemFolder)))
  func images() throws {
    let set = try FashionMNIST().load(.test, range: 5..<25)
    #expect(set.count == 20 && set.imageShape == [28, 28, 1] && set.elementType == .uint8)
    let all = try FashionMNIST().load(.test)
    #expect(all.count == 10_000)
    // The set is balanced, and its first test image is an ankle boot.
    for label in 0..<10 { #expect(all.labels.count { $0 == Int32(label) } == 1000) }
    #expect(all.labels[0] == 9)
    #expect(Array(all.labels[5..<25]) == set.labels)
    let expected = try values(all, readSize: 10_000)[5 * 784..<25 * 784]
    #expect(try values(set, readSize: 20) == Array(expected))
  }

  @Test func missing() {
    let error = #expect(throws: FileError.self) { try FashionMNIST(folder: "/nowhere") }
    #expect(
      error?.description == "/nowhere: the Fashion-MNIST images are missing; run `apt-get install "
        + "dataset-fashion-mnist`, or set DEFENSEKIT_FASHION_MNIST to a folder with the gzipped IDX "
        + "files")
    #expect(error?.kind == .missingInput)
  }

  @Test func damaged() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "defensekit-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "train-images-idx3-ubyte.gz")
    try Data("not gzip".utf8).write(to: file)
    let error = #expect(throws: FileError.self) {
      try FashionMNIST(folder: folder.path).load(.train)
    }
    #expect(error?.problem == "is damaged and cannot be unpacked; copy it again")
  }
}
