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
}
