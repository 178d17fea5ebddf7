import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

/// Folders of images as torchvision's `ImageFolder` reads them.
@Suite("Folders of images")
final class ImageFolderTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "folders-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Writes a file, and the folders that it is in.
  @discardableResult
  private func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let url = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }

  /// Writes an image of 2x1 pixels of one value.
  private func image(_ name: String, _ value: UInt8, width: Int = 1, channels: Int = 3) throws {
    let count = width * 2 * channels
    let image = PixelImage(
      width: width, height: 2, channels: channels, pixels: Array(repeating: value, count: count))
    let isPNG = name.lowercased().hasSuffix("png")
    let header = "\(channels == 3 ? "P6" : "P5")\n# a comment\n\(width) 2\n255\n"
    try write(name, isPNG ? image.png() : Array(header.utf8) + image.pixels)
  }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  private func load(
    _ name: String, classCount: Int = 3, part: DataPart? = nil, naming: ClassNaming = .sorted,
    channels: Int = 3, requiresLabels: Bool = true, sandbox: Sandbox = .auto
  ) throws -> DataSet {
    try DataSet.load(
      path(name), for: [2, 1, channels], classCount: classCount, part: part, naming: naming,
      requiresLabels: requiresLabels, sandbox: sandbox)
  }

  /// Returns the first value of every image.
  private func values(_ set: DataSet) throws -> [Float] {
    let all = try set.values(of: 0..<set.count)
    return stride(from: 0, to: all.count, by: all.count / set.count).map { all[$0] }
  }

  private func message(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> DataSet
  ) -> String {
    let error = #expect(throws: FileError.self, sourceLocation: sourceLocation) { try body() }
    return error.map {
      ([$0.problem] + $0.remedies.map(\.description)).joined(separator: "; ")
    } ?? ""
  }

  // MARK: Classes

  @Test("Classes and images in the order of Python's sorted, folders within them too")
  func order() throws {
    // Sorted by code points: upper case first, then lower, then others; '.' and '-' before '/'.
    try image("d/Zebra/b.png", 1)
    try image("d/Zebra/a.PPM", 2)
    try image("d/ant/x/1.png", 3)
    try image("d/ant/2.png", 4)
    try image("d/ant/x-y/1.pgm", 5, channels: 1)
    try image("d/ant/10.png", 6)
    try image("d/\u{E9}mu/1.png", 7)
    try write("d/notes.txt", [1])
    try write("d/ant/list.csv", [1])
    try write("d/ant/.hidden.png", [1])
    try write("d/.cache/1.png", [1])
    for sandbox in [Sandbox.auto, .off] {
      let set = try load("d", sandbox: sandbox)
      #expect(try values(set) == [2, 1, 6, 4, 3, 5, 7])
      #expect(set.labels == [0, 0, 1, 1, 1, 1, 2])
      #expect(set.name == "d" && set.layout == .nhwc && set.elementType == .uint8)
      #expect(
        set.notes == ["\(path("d")): classes by folder: 0 Zebra, 1 ant, 2 \u{E9}mu"])
    }
    let extents = try DataSet.extents(of: path("d"))
    #expect(extents.imageShape == [2, 1, 3] && extents.classCount == 3)
    #expect(try load("d/").sha256() == load("d").sha256())
    let hash = try load("d").sha256()
    try image("d/ant/10.png", 60)
    #expect(try load("d").sha256() != hash)
    #expect(try DataSet.sha256(ofFolder: path("d"), part: nil) == load("d").sha256())
    #expect(try DataSet.sha256(ofFolder: path("d/Zebra/b.png"), part: nil) == nil)
  }

  @Test("Numbers are sorted as text unless they are the classes; empty folders count")
  func numbers() throws {
    for number in [0, 2, 10] { try image("n/\(number)/x.png", UInt8(number)) }
    let sorted = try load("n")
    #expect(try values(sorted) == [0, 10, 2] && sorted.labels == [0, 1, 2])
    #expect(
      sorted.notes == [
        "\(path("n")): classes by folder: 0 0, 1 10, 2 2; names that are numbers are sorted as text, "
          + "unless labels are numeric"
      ])
    let numeric = try load("n", classCount: 11, naming: .numeric)
    #expect(try values(numeric) == [0, 2, 10] && numeric.labels == [0, 2, 10])
    #expect(numeric.notes == ["\(path("n")): classes by folder: 0 0, 2 2, 10 10"])
    #expect(
      message { try load("n", classCount: 10, naming: .numeric) }
        == "has the folder '10', but the model's classes are 0 to 9")
    #expect(
      message { try load("n", classCount: 11) }
        == "has 3 class folders, but the model has 11 classes; give one for each, empty where there "
        + "are no images; set labels to numeric")
    try FileManager.default.createDirectory(
      at: folder.appending(path: "n/1"), withIntermediateDirectories: false)
    #expect(try load("n", classCount: 4).labels == [0, 2, 3])
    try image("n/02/x.png", 1)
    #expect(
      message { try load("n", naming: .numeric) }
        == "has two folders for class 2, '02' and '2'; put their images into one")
    try FileManager.default.removeItem(atPath: path("n/02"))
    try image("n/two/x.png", 1)
    #expect(
      message { try load("n", naming: .numeric) }
        == "has the folder 'two', which is no class's number; set labels to sorted")
  }

  @Test("Training and test images in one folder")
  func parts() throws {
    for (part, value) in [("train", 10), ("val", 20)] as [(String, UInt8)] {
      for c in 0..<3 { try image("p/\(part)/\(c)/x.png", value + UInt8(c)) }
    }
    #expect(try values(load("p", part: .train)) == [10, 11, 12])
    #expect(try values(load("p", part: .test)) == [20, 21, 22])
    #expect(try load("p").notes.first == "\(path("p")): takes the images in 'val'")
    try image("p/other/x.png", 1)
    // Three classes of these names, as torchvision sees it.
    #expect(try load("p").labels == [0, 1, 1, 1, 2, 2, 2])
  }

  @Test("Without class folders: images without labels, in the order of their names")
  func flat() throws {
    for index in [9, 10, 1] { try image("f/\(index).png", UInt8(index)) }
    try FileManager.default.createDirectory(
      at: folder.appending(path: "f/empty"), withIntermediateDirectories: false)
    let set = try load("f", requiresLabels: false)
    #expect(try values(set) == [1, 10, 9] && !set.isLabelled && set.notes == [])
    #expect(
      message { try load("f") }
        == "has no array 'label' with the images' classes (it is a folder of images; put those of "
        + "each class into a folder of its own in it)")
    try image("f/empty/x.png", 1)
    #expect(
      message { try load("f") }
        == "has images beside its class folders, such as '1.png'; move them into one, or away")
  }

  @Test("Grey and colour are made to fit")
  func channels() throws {
    try image("c/0/grey.png", 5, channels: 1)
    try image("c/1/colour.png", 6)
    try image("c/2/grey.pgm", 7, channels: 1)
    #expect(
      try load("c").values(of: 0..<3) == [5, 6, 7].flatMap { Array(repeating: $0, count: 6) })
    #expect(try load("c", channels: 1).values(of: 0..<3) == [5, 5, 6, 6, 7, 7])
    #expect(try DataSet.extents(of: path("c")).imageShape == [2, 1, 1])
  }

  @Test("Keys are for files with names; a folder takes none")
  func keys() throws {
    for c in 0..<3 { try image("k/\(c)/x.png", UInt8(c)) }
    let set = try DataSet.load(
      path("k"), for: [2, 1, 3], classCount: 3, keys: DataKeys("a,b"))
    #expect(set.labels == [0, 1, 2])
  }

  // MARK: Refusals

  @Test("Images of several sizes, or of another than the model's: two files, or one, are named")
  func sizes() throws {
    for c in 0..<3 { try image("s/\(c)/x.png", UInt8(c)) }
    try image("s/1/y.png", 9, width: 4)
    #expect(
      message { try load("s") }
        == "its images have different sizes: '0/x.png' is 2x1, '1/y.png' 2x4 (height x width); set "
        + "resize to 2x1; scale them to one size first")
    let error = #expect(throws: FileError.self) {
      try DataSet.load(path("s"), for: [2, 2, 3], classCount: 3)
    }
    #expect(error?.path == path("s/0/x.png"))
    #expect(
      error?.problem == "the image is 2x1, but the model takes 2x2 (height x width)"
    )
    #expect(
      message { try DataSet.load(path("s"), for: [8], classCount: 3) }.hasPrefix(
        "images have one or three channels"))
  }

  @Test("Folders without images, of another number of classes, and links that go round")
  func folders() throws {
    try write("e/a/readme.txt", [1])
    #expect(
      message { try load("e") }
        == "is a folder without PNG, JPEG or PPM images; give \(FileKind.dataForm)")
    for c in 0..<2 { try image("t/\(["cat", "dog"][c])/x.png", UInt8(c)) }
    #expect(
      message { try load("t") }
        == "has 2 class folders, but the model has 3 classes; give one for each, empty where there "
        + "are no images")
    try write("t/dog/y.webp", [1])
    #expect(
      message { try load("t", classCount: 2) }
        == "is an image of another format (webp) than PNG, JPEG or PPM; convert it")
    try FileManager.default.removeItem(atPath: path("t/dog/y.webp"))
    try FileManager.default.createSymbolicLink(
      atPath: path("t/dog/again"), withDestinationPath: path("t/dog"))
    #expect(message { try load("t", classCount: 2) }.hasPrefix("is more than 16 folders deep"))
    try FileManager.default.removeItem(atPath: path("t/dog/again"))
    let queue = path("t/dog/pipe.png")
    let made = Process()
    made.executableURL = URL(filePath: "/usr/bin/mkfifo")
    made.arguments = [queue]
    try made.run()
    made.waitUntilExit()
    #expect(message { try load("t", classCount: 2) } == "is not a regular file")
  }

  @Test("A damaged image among many is named, and the others are read")
  func damage() throws {
    for index in 0..<700 { try image("m/\(index % 3)/\(1000 + index).png", UInt8(index & 255)) }
    let set = try load("m")
    let expected = (0..<3).flatMap { c in (0..<700).filter { $0 % 3 == c } }
    #expect(try values(set) == expected.map { Float($0 & 255) })
    var bytes = try Array(Data(contentsOf: URL(filePath: path("m/1/1400.png"))))
    bytes[bytes.count - 20] ^= 1
    try write("m/1/1400.png", bytes)
    for sandbox in [Sandbox.auto, .off] {
      let error = #expect(throws: FileError.self) { try load("m", sandbox: sandbox) }
      #expect(error?.path == path("m/1/1400.png"))
      #expect(error?.problem == "is a damaged PNG image; copy it again")
    }
  }

  @Test("The classes of GTSRB's test images in a table: in the folder, or beside it")
  func classTables() throws {
    for (name, value) in [("00000.ppm", 10), ("00001.ppm", 20), ("00002.ppm", 30)]
      as [(String, UInt8)]
    {
      try image("g/Images/\(name)", value)
      try image("k/Test/\(name)", value)
    }
    let official =
      "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\r\n00001.ppm;53;54;6;5;48;49;2\r\n"
      + "00000.ppm;42;45;5;5;36;40;1\r\n00002.ppm;48;52;6;6;43;47;0\r\n00009.ppm;1;1;1;1;1;1;7\r\n"
    try write("g/Images/GT-final_test.csv", Array(official.utf8))
    try write("g/Images/GT-final_test.test.csv", Array("Filename;Width\n00001.ppm;53\n".utf8))
    let other =
      "\u{FEFF}Width,Height,Roi.X1,ClassId,Path\n53,54,6,1,Test/00000.ppm\n42,45,5,2,Test/00001.ppm\n"
      + "48,52,6,0,Test/00002.ppm\n"
    try write("k/Test.csv", Array(other.utf8))
    for (folder, table) in [
      ("g/Images", "g/Images/GT-final_test.csv"), ("k/Test", "k/Test.csv"),
      ("k/Test/", "k/Test.csv"),
    ] {
      let set = try load(folder)
      #expect(set.labels == [1, 2, 0] && set.isLabelled)
      #expect(try values(set) == [10, 20, 30])
      #expect(set.notes.count == 1)
      #expect(set.notes[0].hasSuffix("takes the classes in '\(path(table))'"), "\(set.notes)")
    }
    #expect(
      message { try load("g/Images", classCount: 2) }
        == "has class 2 for '00001.ppm', but the model's classes are 0 to 1")
    try image("g/Images/00003.ppm", 1)
    #expect(
      message { try load("g/Images") }
        == "lacks a class for the image '00003.ppm'; add it, or move the image away")
    for (line, problem) in [
      ("1;a", "has no class in line 2; "), ("1", "has no class in line 2; "),
      ("1;-1", "has no class in line 2; "),
      ("1;0\n1;1", "has the classes 0 and 1 for '1'; keep one of the lines"),
    ] {
      try write("g/Images/GT-final_test.csv", Array("Filename;ClassId\n\(line)\n".utf8))
      #expect(message { try load("g/Images") }.hasPrefix(problem))
    }
    try write("g/Images/other.csv", Array("Path,ClassId\n".utf8))
    try write("g/Images/GT-final_test.csv", Array("Filename;ClassId\n".utf8))
    #expect(message { try load("g/Images") }.hasPrefix("has classes of images, as '"))
  }
}
