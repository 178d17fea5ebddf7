import Foundation
import InferenceGraph
import NetworkTraining
import LabFiles
import Testing

@testable import ModelIO

/// Images and labels as people store them, beside the same ones stored plainly.
@Suite("Data as it is", .enabled(if: Lab.runsPython))
struct StoredDataTests {
  let folder: URL

  init() throws { folder = try #require(Fixtures.storage) }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  private static let plain = DataKeys(images: "plain", labels: "classes")

  private func load(
    _ name: String, _ keys: DataKeys? = nil, shape: [Int] = [6, 5, 3], classCount: Int = 4,
    sandbox: Sandbox = .auto
  ) throws -> DataSet {
    try DataSet.load(
      path(name), for: shape, classCount: classCount, layout: nil, keys: keys, sandbox: sandbox)
  }

  private func message(_ body: () throws -> Void) -> String? {
    let error = #expect(throws: FileError.self) { try body() }
    return error.map { ([$0.problem] + $0.remedies.map(\.description)).joined(separator: "; ") }
  }

  /// Checks that sets have the same images and labels.
  private func expectEqual(_ set: DataSet, _ expected: DataSet) throws {
    #expect(set.labels == expected.labels, "seed \(Fixtures.seed)")
    #expect(try set.fingerprints() == expected.fingerprints(), "seed \(Fixtures.seed)")
    #expect(
      try set.values(of: 0..<set.count) == expected.values(of: 0..<set.count),
      "seed \(Fixtures.seed)")
  }

  // MARK: LZF

  @Test("LZF, in any pipeline, with chunks that stick out and chunks that are not packed")
  func lzf() throws {
    for number in 0..<40 {
      let name = "lzf-\(number).h5"
      let file = try HDF5File(path(name), for: .data)
      let shape = try Array(file.dataset("data").info.shape.dropFirst())
      for sandbox in [Sandbox.auto, .off] {
        let set = try DataSet.load(
          path(name), for: shape, classCount: 4, layout: .nhwc, sandbox: sandbox)
        let plain = try DataSet.load(
          path(name), for: shape, classCount: 4, layout: .nhwc, keys: Self.plain)
        try expectEqual(set, plain)
      }
    }
  }

  @Test("A damaged packing is refused or gives some bytes, and nothing else happens")
  func damaged() throws {
    var refused = 0
    for number in 0..<60 {
      for sandbox in [Sandbox.auto, .off] {
        do {
          let set = try load("lzf-damaged-\(number).h5", sandbox: sandbox)
          _ = try set.values(of: 0..<set.count)
          #expect(number % 5 != 0)
        } catch let error as FileError {
          refused += 1
          #expect(
            error.problem
              == (number % 5 == 0
                ? "its data set 'data' uses the filter 32000, for chunks of another size, which no "
                  + "Keras file has; write it again with Python: `python3 -c \"import h5py; "
                  + "h5py.File('NEW.h5', 'w').update({k: v[()] for k, v in "
                  + "h5py.File('OLD.h5').items()})\"` (h5-filter)"
                : "its data set 'data' cannot be unpacked; copy the file again (h5-damaged)"))
        }
      }
    }
    #expect(refused >= 20, "\(refused) of 120, seed \(Fixtures.seed)")
  }

  @Test("The decompressor ends on any bytes, within its limit")
  func anyBytes() {
    var random = SeededGenerator(seed: UInt64(Fixtures.seed))
    var unpacked = 0
    for _ in 0..<200_000 {
      let count = Int(random.next() % 60)
      // Small numbers are runs, which such short ones go through more often.
      let mask: UInt64 = random.next() % 2 == 0 ? 0xFF : 0x27
      let packed = (0..<count).map { _ in UInt8(random.next() & mask) }
      let limit = Int(random.next() % 400)
      guard let result = LZF.unpacked(packed, limit: limit) else { continue }
      unpacked += 1
      #expect(result.count <= limit)
    }
    #expect(unpacked > 2000)
  }

  @Test("Packings worked out by hand")
  func byHand() {
    let abc: [UInt8] = [97, 98, 99]
    #expect(LZF.unpacked([2] + abc, limit: 3) == abc)
    // Three bytes, then nine from three before: the copy runs into itself.
    #expect(LZF.unpacked([2] + abc + [0xE0, 0, 2], limit: 12) == abc + abc + abc + abc)
    // Two from one before; one too many for the limit; from before the beginning; cut short.
    #expect(LZF.unpacked([0, 7, 0x20, 0], limit: 4) == [7, 7, 7, 7])
    for bad: [UInt8] in [
      [2, 1, 2], [0, 7, 0x20, 1], [0, 7, 0x20], [0, 7, 0xE0], [0, 7, 0xE0, 0],
    ] {
      #expect(LZF.unpacked(bad, limit: 100) == nil)
    }
    #expect(
      LZF.unpacked([0, 7, 0x20, 0], limit: 3) == nil && LZF.unpacked([1, 1, 1], limit: 1) == nil)
    #expect(LZF.unpacked([], limit: 5) == [])
  }

  // MARK: Labels

  @Test(
    "Labels of any type and with axes of extent 1",
    arguments: [
      "u1", "i8", "f4", "f2", "column", "row", "cube", "enum", "onehot", "onehot_bool",
      "onehot_axis", "onehot_last", "onehot_first", "onehot_columns",
    ])
  func labels(_ name: String) throws {
    let expected = try load("labels.h5", Self.plain).labels
    let set = try load("labels.h5", DataKeys(images: "plain", labels: name))
    #expect(set.labels == expected && set.notes.isEmpty, "seed \(Fixtures.seed)")
    let extents = try DataSet.extents(
      of: path("labels.h5"), keys: DataKeys(images: "plain", labels: name))
    #expect(extents.classCount == (name.hasPrefix("onehot") ? 4 : Int(expected.max() ?? 0) + 1))
  }

  @Test("Of soft labels the largest counts, and it is said", arguments: ["soft", "soft_columns"])
  func soft(_ name: String) throws {
    let expected = try load("labels.h5", Self.plain).labels
    let set = try load("labels.h5", DataKeys(images: "plain", labels: name))
    #expect(set.labels == expected)
    #expect(
      set.notes == [
        "\(path("labels.h5")): its data set '\(name)' has shares of classes; each image counts as "
          + "the class with the largest share"
      ])
  }

  @Test(
    "What tells no class",
    arguments: [
      (
        "ties",
        "has no class in row 7: one 1 and zeros are needed, or shares of which one is the "
          + "largest"
      ),
      ("few", "has 5 labels for 30 images"),
      ("wide", "has the shape 30x7; classes (30) or one-hot labels (30x4) fit the model"),
      (
        "deep",
        "has the shape 30x2x2; classes (30) or one-hot labels (30xclasses) are needed"
      ),
    ])
  func noClasses(_ name: String, _ problem: String) {
    #expect(
      message { _ = try load("labels.h5", DataKeys(images: "plain", labels: name)) }
        == "its data set '\(name)' \(problem)")
  }

  @Test("Rows with two ones, or of scores", arguments: ["two", "logits"])
  func noShares(_ name: String) {
    #expect(
      message { _ = try load("labels.h5", DataKeys(images: "plain", labels: name)) }?.contains(
        "' has no class in row ") == true)
  }

  @Test("The labels of a single image")
  func single() throws {
    let expected = try load("single.h5", Self.plain).labels
    for name in ["hot", "flat"] {
      let set = try load("single.h5", DataKeys(images: "plain", labels: name))
      #expect(set.labels == expected)
    }
  }

  @Test("Images of truth values")
  func truthValues() throws {
    func set(_ name: String) throws -> DataSet {
      try load("labels.h5", DataKeys(images: name, labels: "classes"))
    }
    try expectEqual(set("bool_images"), set("bool_images_plain"))
  }

  // MARK: Groups

  private func groups(_ group: String, isOptional: Bool = false) throws -> DataSet {
    try DataSet.load(
      path("groups.h5"), for: [6, 5, 3], classCount: 4, keys: Self.plain,
      group: DataGroup(group), isGroupOptional: isOptional)
  }

  @Test("Groups of any type of integer, and the classes as groups")
  func groups() throws {
    let person = [7, 7, -3, -3, 1 << 31, 1 << 31, 0, 0, 7, 1, 1, 1]
    for name in ["person", "f8", "column"] {
      let set = try groups(name)
      #expect(set.groups == person && set.notes.isEmpty, "\(name)")
      #expect(try set.selecting([11, 2, 0]).groups == [1, -3, 7])
    }
    let set = try groups("label")
    #expect(set.groups == set.labels.map { Int($0) })
    #expect(try load("groups.h5", Self.plain).groups == nil)
    #expect(DataGroup("") == nil && "\(DataGroup.label) \(DataGroup.dataSet("a/b"))" == "label a/b")
  }

  @Test("A set without groups, where it may lack them, says so")
  func withoutGroups() throws {
    let set = try groups("video", isOptional: true)
    #expect(set.groups == nil)
    #expect(
      set.notes == [
        "\(path("groups.h5")): has no data set 'video'; nothing is counted by group"
      ])
  }

  @Test(
    "What tells no groups",
    arguments: [
      ("video", "has no data set 'video' with the images' groups"),
      ("few", "its data set 'few' has 5 groups for 12 images"),
      ("one", "its data set 'one' is a single number; one integer for each image (12) is needed"),
      ("wide", "its data set 'wide' has the shape 12x2; one integer for each image (12) is needed"),
      ("half", "its data set 'half' has 1.5 at index 4, which is not a group; groups are integers"),
      (
        "huge",
        "its data set 'huge' has 1e+300 at index 11, which is not a group; groups are integers"
      ),
      ("names", "its data set 'names' does not hold numbers; groups are integers"),
    ])
  func noGroups(_ name: String, _ problem: String) {
    #expect(message { _ = try groups(name) } == problem)
  }

  // MARK: References

  @Test(
    "Soft links and virtual data sets within the file",
    arguments: [
      ("folds/all", "classes"), ("folds/again", "classes"), ("way/again", "classes"),
      ("through", "virtual_classes"), ("virtual", "classes"), ("chain5", "classes"),
    ])
  func references(_ images: String, _ labels: String) throws {
    let expected = try load("references.h5", Self.plain)
    for sandbox in [Sandbox.auto, .off] {
      try expectEqual(
        load("references.h5", DataKeys(images: images, labels: labels), sandbox: sandbox), expected)
    }
  }

  @Test(
    "Links that lead nowhere or in circles",
    arguments: ["nowhere", "loop", "round", "about", "chain0", "there", "gone/by"])
  func nowhere(_ name: String) {
    #expect(
      message { _ = try load("references.h5", DataKeys(images: name, labels: "classes")) }?
        .hasPrefix("has no data set '\(name)'; these fit: 'chain10' (12x6x5x3) with ") == true)
  }

  @Test(
    "Virtual data sets that lead elsewhere are refused, and external links",
    arguments: [
      "virtual-other", "virtual-gone", "virtual-self", "virtual-link", "virtual-virtual",
      "virtual-outside",
    ])
  func outside(_ name: String) {
    for sandbox in [Sandbox.auto, .off] {
      #expect(
        message { _ = try load("\(name).h5", sandbox: sandbox) }
          == "its data set 'data' is composed of other data sets, which are not opened "
          + "(h5-virtual)")
      #expect(
        message { _ = try load("link-other.h5", sandbox: sandbox) }
          == "'data' is a link into another file, which is not opened: '\(path("elsewhere.h5"))' "
          + "(h5-external-link)")
    }
  }

  @Test("A virtual data set of more than it can be put together from")
  func bomb() {
    #expect(
      message { _ = try load("virtual-bomb.h5") }
        == "its data set 'data' claims 94371840 bytes, more than its parts hold "
        + "(h5-shape-bomb)")
  }

  @Test("A model's file has neither")
  func models() {
    let error = #expect(throws: FileError.self) { try HDF5File(path("references.h5")) }
    #expect(error?.finding?.rule == .softLink || error?.finding?.rule == .virtualDataset)
    let tolerant = try? HDF5File(path("references.h5"), isTolerant: true)
    let rules = tolerant?.findings.map(\.rule) ?? []
    #expect(rules.count { $0 == .softLink } == 29 && rules.count { $0 == .virtualDataset } == 2)
    #expect(tolerant?.datasetIfPresent("through") == nil)
  }

  // MARK: MATLAB

  @Test("MATLAB's files, whose axes are reversed", arguments: ["matlab", "matlab-hot"])
  func matlab(_ name: String) throws {
    let expected = try load("matlab.h5", Self.plain, shape: [7, 5, 3])
    let set = try load("\(name).mat", shape: [7, 5, 3])
    try expectEqual(set, expected)
    #expect(set.layout == (name == "matlab" ? .nchw : .nhwc))
    let extents = try DataSet.extents(of: path("\(name).mat"))
    #expect(extents.imageShape == [7, 5, 3] && extents.layout == set.layout)
    // A part of them is turned by itself.
    #expect(
      try set.selecting([3, 8]).fingerprints() == [3, 8].map { try expected.fingerprints()[$0] })
  }

  @Test("Grey images of MATLAB's")
  func grey() throws {
    try expectEqual(
      load("matlab-grey.mat", shape: [7, 5, 1]),
      load("matlab-grey.h5", Self.plain, shape: [7, 5, 1]))
  }

  @Test("Images along another axis, and other bytes in front")
  func notMATLAB() {
    #expect(
      message { _ = try load("matlab-rows.mat", shape: [7, 5, 3]) }
        == "its data set 'label' has 10 labels for 3 images; these must be along MATLAB's last axis, where "
        + "permute(X, [2 3 4 1]) puts those of the first")
    for name in ["matlab-block", "matlab-hidden"] {
      #expect(
        message { _ = try load("\(name).mat", shape: [7, 5, 3]) }
          == "has other bytes before the HDF5 file; remove them with `h5unjam -i OLD.h5 -o NEW.h5 "
          + "--delete` (h5-user-block)")
    }
  }

  // MARK: Keys

  @Test("Where the names are others, those that would do are listed")
  func keys() throws {
    #expect(
      message { _ = try load("keys.h5") }
        == "has no data set 'data'; these fit: 'X_test' (4x6x5x3) with 'Y_test' (4x4), 'X_train' "
        + "(6x6x5x3) with 'Y_train' (6); set keys to X_test,Y_test; another pair")
    #expect(
      message { _ = try load("keys.h5", DataKeys("X_train,Y")) }
        == "has no data set 'Y' with the images' classes; these fit: 'X_train' (6x6x5x3) with "
        + "'Y_train' (6); set keys to X_train,Y_train")
    #expect(
      message { _ = try load("keys-nolabel.h5") }
        == "has no data set 'label' with the images' classes; these fit: 'data' (6x6x5x3) with 'y' "
        + "(6), 'data' (6x6x5x3) with 'z' (6); set keys to data,y; another pair")
    #expect(
      message { _ = try load("keys-groups.h5") }
        == "has no data set 'data'; these fit: 'train/images' (6x6x5x3) with 'train/labels' (6); "
        + "set keys to train/images,train/labels")
    #expect(
      message { _ = try load("keys.h5", shape: [8, 8, 3]) }
        == "has no data set 'data' (it has: X_test, X_train, Y_test, Y_train, mask)")
    #expect(
      message { _ = try DataSet.extents(of: path("keys-groups.h5")) }?
        .hasSuffix("set keys to train/images,train/labels") == true)
    let set = try load("keys.h5", DataKeys("X_train,Y_train"))
    #expect(set.labels == [0, 1, 2, 3, 0, 1])
    #expect(try load("keys.h5", DataKeys("X_test,Y_test")).labels == [0, 1, 2, 3])
    #expect(try load("keys-groups.h5", DataKeys("/train/images,train/labels")).count == 6)
    for bad in ["", "a", "a,", ",b", "a,b,c"] { #expect(DataKeys(bad) == nil) }
  }
}
