import AdaptiveBlend
import BPP
import BadNets
import Blended
import FTrojan
import Foundation
import LabelConsistent
import LowFrequency
import MultiTrigger
import SIG
import SRA
import TaCT
import Testing
import TrojanNN
import WaNet

@testable import DefenseKit
@testable import ModelIO

@Suite("Triggers as files")
struct TriggerFileTests {
  /// A folder that is removed at the end.
  private struct Folder: ~Copyable {
    let path: String
    init() throws {
      path = FileManager.default.temporaryDirectory.appending(path: "trigger-\(UUID())").path
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  static let attacks: [any Attack] = [
    BadNets(), Blended(), SIG(), WaNet(), LabelConsistent(), AdaptiveBlend(), BPP(), TaCT(),
    LowFrequency(), FTrojan(), MultiTrigger(), TrojanNN(), SRA(),
  ]

  @Test("Every attack's trigger reads as it was written, to the bit", arguments: 0..<13)
  func roundTrip(_ number: Int) throws {
    let folder = try Folder()
    for (shape, mode) in [([28, 28, 1], AttackGoal.Mode.allToOne), ([9, 12, 3], .allToAll)] {
      let trigger = try Trigger(
        of: Self.attacks[number], imageShape: shape, goal: goal(mode, target: 7),
        in: RunContext(seed: .max))
      let path = "\(folder.path)/t.h5"
      try trigger.save(to: path)
      #expect(try Trigger.load(path) == trigger)
      let bytes = try Data(contentsOf: URL(filePath: path))
      try trigger.save(to: path)
      #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
      #expect(try Trigger.load(path, sandbox: .off) == trigger)
    }
  }

  @Test("A file that is something else, or whose contents do not fit, is refused in one line")
  func refusals() throws {
    let folder = try Folder()
    let path = "\(folder.path)/t.h5"
    let good = [
      ("attack", "badnets"), ("mode", "all-to-one"), ("target", "0"), ("classes", "10"),
      ("seed", "0"), ("shape", "1,2,1"),
    ]
    func attempt(
      _ changes: [String: String?] = [:], kind: String = "trigger",
      arrays: [(name: String, tensor: Tensor)] = [
        ("addition", Tensor(shape: [1, 2, 1], values: [1, 2]))
      ]
    ) throws -> String? {
      let settings = good.compactMap { name, value -> ArrayFile.Setting? in
        guard let change = changes[name] else { return (name, value) }
        return change.map { (name, $0) }
      }
      try ArrayFile(kind: kind, settings: settings, arrays: arrays).save(to: path)
      return message { _ = try Trigger.load(path) }
    }
    #expect(try attempt() == nil)
    #expect(
      try attempt(kind: "checkpoint")?.hasSuffix(
        "is not a trigger file of this program, but looks like a checkpoint; give one that it wrote"
      )
        == true)
    #expect(
      try attempt(["mode": nil])?.hasSuffix("has no setting 'mode'; make the trigger again")
        == true)
    for (name, value) in [
      ("mode", "all"), ("target", "x"), ("target", "10"), ("target", "-1"), ("classes", "1"),
      ("classes", "99999999999"), ("seed", "-1"), ("shape", "1,2"), ("shape", "1,2,0"),
      ("shape", "2,2,1"), ("shape", "4611686018427387904,4,1"), ("shape", ""),
    ] {
      let text = try #require(try attempt([name: value]), "\(name)=\(value)")
      #expect(text.hasPrefix(path) && !text.contains("\n"))
    }
    #expect(
      try attempt(arrays: [])?.hasSuffix(
        "holds neither a pattern with its alpha, nor an addition, a field or a number of levels; make "
          + "the trigger again"
      )
        == true)
    #expect(
      try attempt(["shape": "2,2,1"])?.hasSuffix(
        "holds an unusable trigger: the trigger's addition has 2 values for the shape [2, 2, 1]; "
          + "make the trigger again") == true)
    for (levels, dithers, isGood) in [
      ("8", "true", true), ("2", "false", true), ("256", "false", true), ("1", "true", false),
      ("257", "true", false), ("-8", "true", false), ("8", "yes", false), ("8.5", "true", false),
      ("9223372036854775808", "true", false),
    ] {
      try ArrayFile(
        kind: "trigger", settings: good + [("levels", levels), ("dithers", dithers)], arrays: []
      ).save(to: path)
      let text = message { _ = try Trigger.load(path) }
      #expect((text == nil) == isGood, "\(levels) \(dithers)")
      #expect(text.map { $0.hasPrefix(path) && !$0.contains("\n") } ?? true)
    }
    for (source, isGood) in [("3", true), ("0", false), ("10", false), ("-1", false), ("x", false)]
    {
      let one = [("addition", Tensor(shape: [1, 2, 1], values: [1, 2]))]
      try ArrayFile(kind: "trigger", settings: good + [("source", source)], arrays: one)
        .save(to: path)
      #expect((message { _ = try Trigger.load(path) } == nil) == isGood, "\(source)")
    }
    let half: [(name: String, tensor: Tensor)] = [
      ("pattern", Tensor(shape: [1, 2, 1], values: [1, 2]))
    ]
    #expect(try attempt(arrays: half)?.contains("holds neither a pattern") == true)
    for bad: Float in [.nan, .infinity, 300] {
      let tensor = Tensor(shape: [1, 2, 1], values: [0, bad])
      #expect(try attempt(arrays: [("addition", tensor)]) != nil)
    }
    let none = Tensor(shape: [1, 2, 1], values: [0, .nan])
    #expect(
      try attempt(arrays: [("addition", none)])?.hasSuffix(
        "its data set 'addition' is nan at position 1; make the trigger again") == true)
    let data = DataSet(
      bytes: [1], elementType: .uint8, imageShape: [1, 1, 1], labels: [0], name: "d")
    try data.write(to: path)
    #expect(message { _ = try Trigger.load(path) }?.contains("looks like a data set") == true)
    try Data("no".utf8).write(to: URL(filePath: path))
    #expect(message { _ = try Trigger.load(path) }?.contains("is not an HDF5 file") == true)
  }

  @Test("Pictures of triggers")
  func previews() throws {
    let overlay = try Trigger(
      .overlay(pattern: [10, 20], alpha: [1, 0.2]), imageShape: [1, 2, 1], goal: goal())
    #expect(overlay.preview.pixels == [10, 10, 10, 255, 20, 20, 20, 51])
    let addition = try Trigger(.addition([-40, 200]), imageShape: [1, 2, 1], goal: goal())
    #expect(addition.preview.pixels == [88, 88, 88, 255, 255, 255])
    // The second pixel is read half a column to the left, the largest shift; the others stay.
    let warp = try Trigger(
      .warp([0, 0, 0, 0.5, 0, 2]), imageShape: [1, 3, 1], goal: goal())
    #expect(warp.preview.pixels == [128, 128, 128, 1, 128, 128, 128, 128, 128])
  }

  @Test("A contact sheet has a row for each class that the attack concerns")
  func sheet() throws {
    let trigger = try Trigger(.addition([50]), imageShape: [1, 1, 1], goal: goal())
    let images = LabelledImages(
      imageShape: [1, 1, 1], bytes: [1, 2, 3, 4], labels: [0, 5, 5, 6], name: "four")
    let side = 96 + 4
    let sheet = trigger.contactSheet(of: images)
    #expect(sheet.height == 2 * side + 4 && sheet.width == 3 * side + 4)
    #expect(Set(sheet.pixels) == [255, 2, 52, 4, 54, 200])
    let zeros = LabelledImages(imageShape: [1, 1, 1], bytes: [9], labels: [0], name: "zero")
    #expect(trigger.contactSheet(of: zeros).height == side + 4)
  }
}

@Suite("Data sets written in the lab's layout")
struct DataSetWritingTests {
  private func path() -> String {
    FileManager.default.temporaryDirectory.appending(path: "set-\(UUID()).h5").path
  }

  @Test("Bytes are read back as they were, channels first, with both kinds of labels")
  func bytes() throws {
    let file = path()
    defer { try? FileManager.default.removeItem(atPath: file) }
    let images = LabelledImages(
      imageShape: [2, 3, 3], bytes: (0..<36).map { UInt8($0 * 7) }, labels: [1, 0], name: "two")
    try images.dataSet(trueLabels: [0, 2]).write(to: file)
    let extents = try DataSet.extents(of: file, layout: .nchw)
    #expect(extents.imageShape == [2, 3, 3] && extents.classCount == 2)
    let set = try DataSet.load(file, for: [2, 3, 3], classCount: 3)
    #expect(set.layout == .nchw && set.elementType == .uint8)
    #expect(set.labels == [1, 0] && set.trueLabels == [0, 2])
    // Triggered images, and no clean ones.
    #expect(try PoisonedData(set).trueLabels == [0, 2])
    #expect(throws: DataError.self) { try CleanData(set) }
    let again = try LabelledImages(set)
    #expect(again.bytes == images.bytes && again.white == 255)
    let first = try Data(contentsOf: URL(filePath: file))
    try set.write(to: file)
    #expect(try Data(contentsOf: URL(filePath: file)) == first)
  }

  @Test("Floats of 0...1 become bytes like those of 0...255")
  func floats() throws {
    let unit = DataSet(
      values: [0, 1, 0.5, 0.2], imageShape: [2, 2, 1], labels: [0], name: "unit")
    let images = try LabelledImages(unit)
    #expect(images.bytes == [0, 255, 128, 51] && images.white == 1)
    let file = path()
    defer { try? FileManager.default.removeItem(atPath: file) }
    try images.dataSet().write(to: file)
    let set = try DataSet.load(file, for: [2, 2, 1], classCount: 1)
    #expect(set.elementType == .uint8)
    #expect(try LabelledImages(set).bytes == images.bytes)
    let full = DataSet(
      values: [0, 254.6, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], imageShape: [2, 2, 3], layout: .nchw,
      labels: [0], name: "full")
    #expect(try LabelledImages(full).bytes == [0, 5, 9, 255, 6, 10, 3, 7, 11, 4, 8, 12])
    for bad: Float in [-1, 256, .nan, .infinity] {
      let set = DataSet(
        values: [0, 0, 0, bad], imageShape: [1, 2, 1], labels: [0, 0], name: "bad")
      #expect(
        message { _ = try LabelledImages(set) }?.contains("bad: image 1: has the value") == true)
    }
    let odd = DataSet(values: [0, 0], imageShape: [1, 1, 2], labels: [0], name: "odd")
    #expect(message { _ = try LabelledImages(odd) }?.contains("1 or 3 channels") == true)
  }

  @Test("What is written of floats is read again, channels first; what is no picture is refused")
  func floatsWritten() throws {
    let file = path()
    defer { try? FileManager.default.removeItem(atPath: file) }
    let values = (0..<24).map { Float($0) - 0.5 }
    for type in [ElementType.float32, .float64] {
      let bytes = values.flatMap { value -> [UInt8] in
        let bits =
          type == .float32 ? UInt64(value.bitPattern) : Double(value).bitPattern
        return (0..<type.size).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) }
      }
      let set = DataSet(
        bytes: bytes, elementType: type, imageShape: [2, 2, 3], labels: [0, 1], name: "floats")
      try set.write(to: file)
      let read = try DataSet.load(file, for: [2, 2, 3], classCount: 2)
      #expect(read.layout == .nchw && read.elementType == .float32)
      var (first, last): ([Float], [Float]) = ([], [])
      try read.forEachBatch(.nchw) { first += $1 }
      try read.forEachBatch(.nhwc) { last += $1 }
      #expect(last == values)
      #expect(Array(first[..<4]) == [0, 3, 6, 9].map { values[$0] })
    }
    let vectors = DataSet(values: [1, 2, 3, 4], imageShape: [2], labels: [0, 1], name: "vectors")
    #expect(
      message { try vectors.write(to: file) }
        == "\(file): its images have the shape [2], but only [height, width, channels] can be "
        + "written")
  }

  @Test("Memory is asked for before it is taken")
  func memory() throws {
    try MemoryError.check(1 << 20, for: "a.h5", "3 images")
    let error = #expect(throws: MemoryError.self) {
      try MemoryError.check(1 << 50, for: "a.h5", "3 images")
    }
    #expect(error?.subject == .file("a.h5") && error?.bytes == 1 << 50)
    #expect(
      error?.description
        == "a.h5: reading its 3 images takes about 1073741824 MiB of memory, more than the system "
        + "provides; give fewer or raise the memory limit (ulimit -v)")
  }

  @Test("Where the shape leaves the layout open, it must be said")
  func extents() throws {
    let file = path()
    defer { try? FileManager.default.removeItem(atPath: file) }
    func write(_ shape: [Int], labels: Int? = nil) throws {
      let writer = try HDF5Writer(path: file)
      try writer.write(
        [UInt8](repeating: 1, count: shape.reduce(1, *)), shape: shape, to: "data")
      try writer.write([Int32](repeating: 4, count: labels ?? shape[0]), to: "label")
      try AtomicFile.write(try writer.image(), to: file)
    }
    try write([2, 5, 6, 1])
    #expect(try DataSet.extents(of: file).imageShape == [5, 6, 1])
    #expect(try DataSet.extents(of: file).classCount == 5)
    try write([2, 3, 5, 6])
    #expect(try DataSet.extents(of: file).imageShape == [5, 6, 3])
    #expect(try DataSet.extents(of: file).layout == .nchw)
    try write([2, 5, 6])
    #expect(try DataSet.extents(of: file).imageShape == [5, 6, 1])
    for open in [[2, 3, 5, 3], [2, 5, 6, 7]] {
      try write(open)
      #expect(
        message { _ = try DataSet.extents(of: file) }?.contains("set layout to nchw or nhwc")
          == true)
      #expect(
        try DataSet.extents(of: file, layout: .nhwc).imageShape == Array(open.dropFirst()))
    }
    try write([2, 5, 6], labels: 3)
    #expect(
      message { _ = try DataSet.extents(of: file) }
        == "\(file): its data set 'label' has 3 labels for 2 images")
    try write([2, 5])
    #expect(message { _ = try DataSet.extents(of: file) }?.contains("holds no images") == true)
  }
}
