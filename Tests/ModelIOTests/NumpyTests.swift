import Foundation
import InferenceGraph
import LabFiles
import NetworkTraining
import Testing

@testable import ModelIO

/// What NumPy writes, beside the same values in HDF5.
@Suite("NumPy files", .enabled(if: Lab.runsPython))
struct NumpyTests {
  let folder: URL

  init() throws { folder = try #require(Fixtures.numpy) }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  private func container(_ name: String, _ sandbox: Sandbox) throws -> any DataContainer {
    let file = try FileDescriptor(path(name))
    if name.hasSuffix(".pickle") { return try PickledArrays(file, sandbox: sandbox) }
    return name.hasSuffix(".npy") ? NumpyFile(file) : try NumpyArchive(file, sandbox: sandbox)
  }

  // MARK: Values

  @Test(
    "Every type, byte order, axis order, version and container",
    arguments: ["stored", "stored64", "deflated", "deflated64"])
  func values(_ archive: String) throws {
    let expected = try HDF5File(path("expected.h5"), for: .data)
    #expect(expected.names().count == 144)
    for sandbox in [Sandbox.auto, .off] {
      let file = try container("\(archive).npz", sandbox)
      for name in expected.names() {
        try compare(file.array(name), expected.dataset(name), name)
      }
    }
    #expect(try container("\(archive).npz", .auto).numberArrays.count == 64)
    if archive == "stored" {
      for name in expected.names() {
        try compare(container("\(name).npy", .auto).array("data"), expected.dataset(name), name)
      }
    }
  }

  @Test("Every type, byte order and axis order in a pickle", arguments: 2...5)
  func pickles(protocol version: Int) throws {
    let expected = try HDF5File(path("expected.h5"), for: .data)
    for sandbox in [Sandbox.auto, .off] {
      let file = try container("protocol\(version).pickle", sandbox)
      for name in expected.names() {
        try compare(file.array(name), expected.dataset(name), name)
      }
      #expect(file.numberArrays.count == 144)
    }
  }

  /// Compares shapes and elements, all at once and by random rows, in all types.
  private func compare(
    _ found: (any StoredArray)?, _ expected: HDF5Dataset, _ name: String
  ) throws {
    let array = try #require(found)
    let label = Comment(rawValue: "\(name), seed \(Fixtures.seed)")
    #expect(array.shape == expected.info.shape, label)
    #expect(array.elementClass == (name.hasPrefix("f") ? .float : .integer), label)
    let all = try expected.doubles()
    #expect(try array.doubles().map(\.bitPattern) == all.map(\.bitPattern), label)
    let (rows, size) = (array.shape.first ?? 1, array.rowCount)
    guard rows > 0 else { return }
    let first = Int.random(in: 0..<rows)
    let range = first..<Int.random(in: first + 1...rows)
    let part = all[range.lowerBound * size..<range.upperBound * size]
    let floats = try array.floats(rows: range)
    #expect(floats.map(\.bitPattern) == part.map { Float($0).bitPattern }, label)
    guard part.allSatisfy(\.isFinite) else { return }
    var bytes = [UInt8](repeating: 77, count: part.count + 1)
    // The buffer has a byte more than needed, which must not change.
    try unsafe bytes.withUnsafeMutableBytes {
      try unsafe array.read(rows: range, as: .uint8, into: $0)
    }
    #expect(bytes == part.map { UInt8(max(0, min(255, $0.rounded(.towardZero)))) } + [77], label)
  }

  @Test("Halves: all 65,536 of them")
  func halves() {
    #if !arch(x86_64) || !os(macOS)
      for bits in UInt16.min...UInt16.max {
        let (mine, right) = (NumpyType.half(bits), Double(Float16(bitPattern: bits)))
        #expect(mine.bitPattern == right.bitPattern || mine.isNaN && right.isNaN, "\(bits)")
      }
    #endif
  }

  // MARK: Data sets

  private func load(
    _ name: String, _ keys: DataKeys? = nil, part: DataPart? = nil, group: DataGroup? = nil
  ) throws -> DataSet {
    try DataSet.load(
      path(name), for: [6, 5, 3], classCount: 4, keys: keys, part: part, group: group)
  }

  private func expectEqual(_ set: DataSet, _ plain: String = "plain.h5") throws {
    let right = try load(plain)
    #expect(set.labels == right.labels && set.isLabelled, "seed \(Fixtures.seed)")
    #expect(
      try set.values(of: 0..<set.count) == right.values(of: 0..<set.count), "seed \(Fixtures.seed)")
  }

  @Test("The usual names are found; those that are not HDF5's are said")
  func usual() throws {
    for (name, note) in [
      ("data,label", nil), ("packed", nil),
      ("x,y", "takes the images in 'x' and the classes in 'y'"),
      ("images,labels", "takes the images in 'images' and the classes in 'labels'"),
      ("unnamed", "takes the images in 'arr_0' and the classes in 'arr_1'"),
    ] as [(String, String?)] {
      let set = try load("\(name).npz")
      #expect(set.notes == note.map { ["\(path("\(name).npz")): \($0)"] } ?? [])
      if name == "x,y" {
        // Channels first in the file.
        #expect(try set.layout == .nchw && set.labels == load("plain.h5").labels)
        #expect(try set.fingerprints() == load("plain.h5").fingerprints())
      } else {
        try expectEqual(set)
      }
    }
  }

  @Test("The part that fits the role, and any other by its keys")
  func parts() throws {
    for name in ["keras.npz", "medmnist.npz"] {
      try expectEqual(load(name, part: .train))
      try expectEqual(load(name, part: .test), "plain-test.h5")
      try expectEqual(load(name), "plain-test.h5")
    }
    #expect(
      try load("keras.npz").notes == [
        "\(path("keras.npz")): takes the images in 'x_test' and the classes in 'y_test'"
      ])
    let other = try load("medmnist.npz", DataKeys("val_images,val_labels"))
    #expect(other.count == 8 && other.notes == [])
    #expect(try Array(other.labels.reversed()) == load("plain.h5").labels)
    let extents = try DataSet.extents(of: path("keras.npz"), part: .train)
    #expect(extents.imageShape == [6, 5, 3] && extents.layout == .nhwc)
  }

  @Test("Other arrays: true labels, triggers, groups")
  func others() throws {
    let set = try load("more.npz", group: .dataSet("person"))
    #expect(set.trueLabels == set.labels.map { ($0 + 1) % 4 })
    #expect(set.isPoisoned == set.labels.map { $0 == 0 })
    #expect(set.groups == [0, 0, 1, 1, 2, 2, 3, 3])
  }

  @Test("Without labels, where that is allowed")
  func unlabelled() throws {
    let set = try DataSet.load(
      path("alone.npy"), for: [6, 5, 3], classCount: 4, requiresLabels: false)
    #expect(!set.isLabelled && set.labels == Array(repeating: 0, count: 8))
    #expect(try set.fingerprints() == load("plain.h5").fingerprints())
  }

  @Test("Batches of CIFAR for Python, alone and in their folders")
  func batches() throws {
    func load(_ name: String, _ classes: Int, _ part: DataPart? = nil) throws -> DataSet {
      try DataSet.load(path(name), for: [32, 32, 3], classCount: classes, part: part)
    }
    let all = try HDF5File(path("batches.h5"), for: .data)
    let bytes = try all.dataset("data").floats()
    func expect(_ set: DataSet, _ rows: Range<Int>, _ labels: String) throws {
      let right = try DataSet(
        values: Array(bytes[rows.lowerBound * 3072..<rows.upperBound * 3072]),
        imageShape: [32, 32, 3], layout: .nchw,
        labels: all.dataset(labels).floats()[rows].map { Int32($0) }, name: "right")
      #expect(set.labels == right.labels && set.elementType == .uint8)
      #expect(try set.values(of: 0..<set.count) == right.values(of: 0..<right.count))
      let middle = set.count / 2
      #expect(
        try set.values(of: middle - 2..<middle + 3) == right.values(of: middle - 2..<middle + 3))
    }
    try expect(load("cifar-10-batches-py/data_batch_2", 10), 10..<20, "label")
    try expect(load("cifar-10-batches-py", 10, .train), 0..<30, "label")
    try expect(load("cifar-10-batches-py", 10, .test), 30..<40, "label")
    try expect(load("cifar-100-python/test", 100), 30..<40, "fine")
    try expect(load("cifar-100-python", 100, .train), 0..<30, "fine")
    try expect(load("cifar-100-python", 100), 30..<40, "fine")
    let set = try load("cifar-10-batches-py", 10, .train)
    #expect(
      try set.sha256() == DataSet.sha256(ofFolder: path("cifar-10-batches-py"), part: .train))
    // Channels last, and other names.
    let features = try load("features.pickle", 100)
    #expect(features.count == 40 && features.layout == .nhwc)
    #expect(
      features.notes == [
        "\(path("features.pickle")): takes the images in 'features' and the classes in 'labels'"
      ])
  }

  @Test("Ranges of every kind of data set are parts of the whole")
  func ranges() throws {
    for (name, shape, classes) in [
      ("plain.h5", [6, 5, 3], 4), ("data,label.npz", [6, 5, 3], 4), ("packed.npz", [6, 5, 3], 4),
      ("x,y.npz", [6, 5, 3], 4), ("more.npz", [6, 5, 3], 4), ("alone.npy", [6, 5, 3], 4),
      ("cifar-10-batches-py", [32, 32, 3], 10), ("features.pickle", [32, 32, 3], 100),
    ] {
      func load(_ range: Range<Int>?) throws -> DataSet {
        try DataSet.load(
          path(name), for: shape, classCount: classes, part: .train, range: range,
          group: name == "more.npz" ? .dataSet("person") : nil, requiresLabels: false)
      }
      let whole = try load(nil)
      for _ in 0..<5 {
        let first = Int.random(in: 0..<whole.count)
        let range = first..<Int.random(in: first + 1...whole.count)
        let label = Comment(rawValue: "\(name), \(range), seed \(Fixtures.seed)")
        let part = try load(range)
        #expect(part.count == range.count && part.labels == Array(whole.labels[range]), label)
        #expect(part.trueLabels == whole.trueLabels.map { Array($0[range]) }, label)
        #expect(part.isPoisoned == whole.isPoisoned.map { Array($0[range]) }, label)
        #expect(part.groups == whole.groups.map { Array($0[range]) }, label)
        #expect(try part.values(of: 0..<part.count) == whole.values(of: range), label)
        #expect(
          part.name
            == (range.count == whole.count ? name : "\(name):\(first)-\(range.upperBound)"), label)
        #expect(try part.sha256() == whole.sha256(), label)
      }
      let error = #expect(throws: FileError.self) { try load(1..<whole.count + 1) }
      #expect(
        error?.problem == "has \(whole.count) images, but 1-\(whole.count + 1) are asked for")
    }
  }

  @Test("Pickles of more than numbers are refused, and nothing is called")
  func pickleRefusals() {
    func problem(_ name: String) -> String {
      String(message("\(name).pickle").prefix { $0 != ";" })
    }
    #expect(
      problem("dangerous") == "is a Python pickle that names 'posix.system', and is not read")
    #expect(
      problem("list") == "is a Python pickle, but not of a dictionary with arrays of numbers")
    #expect(
      problem("set") == "is a Python pickle with more than arrays of numbers, and is not read")
    #expect(problem("short") == "is a damaged Python pickle")
    #expect(!FileManager.default.fileExists(atPath: path("called")))
  }

  // MARK: Refusals

  private func message(_ name: String, _ keys: DataKeys? = nil, _ shape: [Int] = [2, 2, 1])
    -> String
  {
    let error = #expect(throws: FileError.self) {
      let set = try DataSet.load(path(name), for: shape, classCount: 4, keys: keys)
      _ = try set.values(of: 0..<set.count)
    }
    return error.map { ([$0.problem] + $0.remedies.map(\.description)).joined(separator: "; ") }
      ?? ""
  }

  @Test("Missing names: what is there is listed, and the advice works")
  func missing() throws {
    let advice =
      "has no array 'data'; these fit: 'pictures' (8x6x5x3) with 'classes' (8); set keys to "
      + "pictures,classes"
    #expect(message("other.npz", nil, [6, 5, 3]) == advice)
    try expectEqual(load("other.npz", DataKeys("pictures,classes")))
    #expect(
      message("other.npz", DataKeys("pictures,nothing"), [6, 5, 3])
        == "has no array 'nothing' with the images' classes; these fit: 'pictures' (8x6x5x3) with "
        + "'classes' (8); set keys to pictures,classes")
    #expect(
      message("other.npz", nil, [9, 9, 3])
        == "has no array 'data' (it has: classes, mask, names, pictures)")
  }

  @Test(
    "Arrays of other than numbers",
    arguments: [
      ("records", "its array 'label' does not hold numbers"),
      ("complex", "its array 'data' does not hold numbers"),
      ("dates", "its array 'label' does not hold numbers"),
      ("text", "its array 'label' does not hold numbers"),
      ("long", "its array 'data' does not hold numbers"),
    ])
  func types(_ name: String, _ words: String) { #expect(message("\(name).npz") == words) }

  @Test("Python objects are refused with advice; nothing is called")
  func objects() {
    let advice =
      "holds Python objects, which run code when they are loaded; save numbers, as in "
      + "`numpy.stack(x).astype('uint8')`"
    #expect(message("objects.npz") == "its array 'label' \(advice)")
    #expect(message("objects.npy") == "its array 'data' \(advice)")
    #expect(!FileManager.default.fileExists(atPath: path("called")))
  }

  @Test("A gigabyte of zeros in a megabyte")
  func bomb() {
    #expect(
      message("bomb.npz").hasPrefix("is a zip archive whose member 'data.npy' unpacks from 10"),
      "\(message("bomb.npz"))")
  }
}
