import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

/// Batches of CIFAR and pairs of IDX files, made byte by byte.
@Suite("Batches of CIFAR, and IDX")
final class BatchFilesTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "batches-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  private func write(_ name: String, _ bytes: [UInt8]) throws {
    let url = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  /// The samples of an image, `[channel][row][column]`.
  private func samples(_ number: Int) -> [UInt8] {
    (0..<3072).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number &* 31) }
  }

  /// The samples of an image as they are passed on, channels last.
  private func values(_ number: Int) -> [Float] {
    let samples = samples(number)
    return (0..<3072).map { Float(samples[$0 % 3 * 1024 + $0 / 3]) }
  }

  private func records(_ numbers: Range<Int>, hundred: Bool = false) -> [UInt8] {
    numbers.flatMap { number in
      (hundred ? [UInt8(number % 20), UInt8(number % 100)] : [UInt8(number % 10)])
        + samples(number)
    }
  }

  private func load(_ name: String, _ classCount: Int = 10, part: DataPart? = nil) throws -> DataSet
  {
    try DataSet.load(path(name), for: [32, 32, 3], classCount: classCount, part: part)
  }

  private func expect(_ set: DataSet, _ numbers: [Int], _ classCount: Int = 10) throws {
    #expect(set.labels == numbers.map { Int32($0 % classCount) })
    #expect(set.layout == .nchw && set.elementType == .uint8)
    #expect(try set.values(of: 0..<set.count) == numbers.flatMap { values($0) })
    // Rows across files.
    let middle = numbers.count / 2
    #expect(
      try set.values(of: middle - 1..<middle + 1)
        == numbers[middle - 1..<middle + 1].flatMap { values($0) })
  }

  @Test("CIFAR-10 and CIFAR-100, by the contents of a file of any name")
  func files() throws {
    try write("any", records(0..<350))
    try expect(load("any"), Array(0..<350))
    #expect(try load("any").notes == [])
    try write("hundred", records(0..<350, hundred: true))
    try expect(load("hundred", 100), Array(0..<350), 100)
    let extents = try DataSet.extents(of: path("any"))
    #expect(extents.imageShape == [32, 32, 3] && extents.classCount == 10)
    // A class too many, a byte too few.
    var other = records(0..<5)
    other[3073] = 10
    try write("other", other)
    #expect(throws: FileError.self) { try load("other") }
    try write("short", records(0..<5).dropLast())
    #expect(throws: FileError.self) { try load("short") }
  }

  @Test("A folder of batches: the training images in order, or the test images")
  func folders() throws {
    for batch in 1...3 {
      try write("c/data_batch_\(batch).bin", records(batch * 10..<batch * 10 + 4))
    }
    try write("c/test_batch.bin", records(90..<97))
    try write("c/batches.meta.txt", Array("airplane\n".utf8))
    let train = Array(10..<14) + Array(20..<24) + Array(30..<34)
    try expect(load("c", part: .train), train)
    try expect(load("c", part: .test), Array(90..<97))
    #expect(
      try load("c", part: .train).notes == [
        "\(path("c")): takes the images in data_batch_1.bin, data_batch_2.bin, data_batch_3.bin"
      ])
    #expect(try load("c").sha256() == DataSet.sha256(ofFolder: path("c"), part: .test))
    try write("c/data_batch_2.bin", [1, 2, 3])
    let error = #expect(throws: FileError.self) { try load("c", part: .train) }
    #expect(error?.path == path("c/data_batch_2.bin"))
    #expect(
      error?.problem == "has the name of a batch of CIFAR, but other contents; copy it again")
  }

  private func idx(_ extents: [Int], _ elements: [UInt8]) -> [UInt8] {
    [0, 0, 8, UInt8(extents.count)]
      + extents.flatMap { extent in [24, 16, 8, 0].map { UInt8(extent >> $0 & 255) } } + elements
  }

  @Test("IDX: images with the labels beside them, or a folder")
  func pairs() throws {
    let elements = (0..<5 * 6).map { UInt8($0 * 8) }
    for (name, labels) in [("train", [1, 0, 2, 1, 1]), ("t10k", [0, 2, 2, 1, 0])]
      as [(String, [UInt8])]
    {
      try write("m/\(name)-images-idx3-ubyte", idx([5, 2, 3], elements))
      try write("m/\(name)-labels-idx1-ubyte", idx([5], labels))
      for place in [path("m/\(name)-images-idx3-ubyte"), path("m")] {
        let set = try DataSet.load(
          place, for: [2, 3, 1], classCount: 3, part: name == "train" ? .train : .test)
        #expect(set.labels == labels.map { Int32($0) })
        #expect(try set.values(of: 0..<5) == elements.map { Float($0) })
        #expect(try set.values(of: 2..<4) == elements[12..<24].map { Float($0) })
      }
    }
    try write("m/t10k-labels-idx1-ubyte", idx([4], [0, 1, 2, 0]))
    let error = #expect(throws: FileError.self) {
      try DataSet.load(path("m"), for: [2, 3, 1], classCount: 3)
    }
    #expect(error?.problem == "its array 'label' has 4 labels for 5 images")
    // Cut short, and images alone.
    try write("m/train-images-idx3-ubyte", idx([5, 2, 3], elements).dropLast())
    #expect(throws: FileError.self) {
      try DataSet.load(path("m"), for: [2, 3, 1], classCount: 3, part: .train)
    }
    try write("alone-images-idx3-ubyte", idx([5, 2, 3], elements))
    let alone = #expect(throws: FileError.self) {
      try DataSet.load(path("alone-images-idx3-ubyte"), for: [2, 3, 1], classCount: 3)
    }
    #expect(
      alone?.problem.hasPrefix("is an IDX file, the format of MNIST: images or labels alone")
        == true)
  }

  /// Packs a file with gzip, with its name in the header if asked.
  private func gzip(_ name: String, withName: Bool) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["gzip", withName ? "-N" : "-n", path(name)]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  @Test("IDX packed with gzip, images or labels or both", arguments: [Sandbox.auto, .off])
  func packed(_ sandbox: Sandbox) throws {
    let folder = "g-\(sandbox.rawValue)"
    // More than a piece of what is unpacked at a time.
    let count = 400
    let elements = (0..<count * 784).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 5) }
    let labels = (0..<count).map { UInt8($0 * 7 % 10) }
    let (images, classes) = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    for (packsImages, packsLabels) in [(true, true), (true, false), (false, true)] {
      try? FileManager.default.removeItem(atPath: path(folder))
      try write("\(folder)/\(images)", idx([count, 28, 28], elements))
      try write("\(folder)/\(classes)", idx([count], labels))
      if packsImages { try gzip("\(folder)/\(images)", withName: packsLabels) }
      if packsLabels { try gzip("\(folder)/\(classes)", withName: true) }
      for place in [folder, "\(folder)/\(images)\(packsImages ? ".gz" : "")"] {
        let set = try DataSet.load(
          path(place), for: [28, 28, 1], classCount: 10, part: .train, sandbox: sandbox)
        #expect(set.labels == labels.map { Int32($0) })
        #expect(try set.values(of: 0..<count) == elements.map { Float($0) })
        if place == folder {
          #expect(try set.sha256() == DataSet.sha256(ofFolder: path(folder), part: .train))
        }
      }
    }
  }

  /// A gzip file of one stored block, with optional fields by flags.
  private func gzip(_ bytes: [UInt8], flags: UInt8 = 0, fields: [UInt8] = []) -> [UInt8] {
    func number(_ value: Int, _ size: Int) -> [UInt8] {
      (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    // Only read.
    let sum = Int(unsafe bytes.withUnsafeBytes { unsafe Inflater.checksum($0) })
    return [0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 255] + fields + [1] + number(bytes.count, 2)
      + number(~bytes.count, 2) + bytes + number(sum, 4) + number(bytes.count, 4)
  }

  @Test(
    "Every optional field of gzip, and every way to be damaged", arguments: [Sandbox.auto, .off])
  func gzipFields(_ sandbox: Sandbox) throws {
    let contents = idx([5, 2, 3], (0..<30).map { UInt8($0) })
    func unpacked(_ bytes: [UInt8]) throws -> [UInt8] {
      try write("file.gz", bytes)
      let file = try GzipFile(FileDescriptor(path("file.gz")), sandbox: sandbox)
      let bytes = try file.unpacked().bytes(at: 0, count: contents.count)
      #expect(try file.prefix(count: 7) == Array(contents.prefix(7)))
      return bytes
    }
    for flags: UInt8 in 0..<32 {
      var fields: [UInt8] = []
      if flags & 4 != 0 { fields += [3, 0, 8, 0, 9] }
      if flags & 8 != 0 { fields += Array("name".utf8) + [0] }
      if flags & 16 != 0 { fields += [0] }
      if flags & 2 != 0 { fields += [1, 2] }
      #expect(try unpacked(gzip(contents, flags: flags, fields: fields)) == contents, "\(flags)")
    }
    let right = gzip(contents)
    // Time, level and system mean nothing; flags are tried above. Whether a block is the last does not
    // matter once all bytes are there.
    for place in right.indices where !(3...10).contains(place) {
      var bytes = right
      bytes[place] ^= 1
      #expect(throws: FileError.self, "\(place)") { try unpacked(bytes) }
    }
    for count in 0..<right.count {
      #expect(throws: FileError.self, "\(count)") { try unpacked(Array(right.prefix(count))) }
    }
    #expect(throws: FileError.self) { try unpacked(gzip(contents, flags: 0x20)) }
    #expect(throws: FileError.self) { try unpacked(gzip(contents, flags: 8)) }
  }
}
