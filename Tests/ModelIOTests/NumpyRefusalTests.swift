import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

/// Archives and arrays that are not what they should be: refused in a line, never a crash.
@Suite("NumPy files that are refused")
final class NumpyRefusalTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "defensekit-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private static let images = (0..<16).map { UInt8($0 * 16) }
  private static let labels: [UInt8] = [2, 0, 1, 2]

  private static func members(isDeflated: Bool = false) -> [ArchiveBuilder.Member] {
    [
      .init(
        name: "data.npy", bytes: ArchiveBuilder.array("(4, 2, 2, 1)", images),
        isDeflated: isDeflated),
      .init(
        name: "label.npy", bytes: ArchiveBuilder.array("(4,)", labels), isDeflated: isDeflated),
    ]
  }

  /// Writes a file and reads all of it: images and labels.
  private func read(
    _ bytes: [UInt8], _ name: String = "x.npz", _ sandbox: Sandbox = .off
  ) throws -> (images: [Float], labels: [Int32]) {
    let path = folder.appending(path: name).path
    try Data(bytes).write(to: URL(filePath: path))
    let set = try DataSet.load(
      path, for: [2, 2, 1], classCount: 3, requiresLabels: !name.hasSuffix(".npy"),
      sandbox: sandbox)
    return (try set.values(of: 0..<set.count), set.labels)
  }

  private func message(
    _ bytes: [UInt8], _ name: String = "x.npz", _ sandbox: Sandbox = .off,
    sourceLocation: SourceLocation = #_sourceLocation
  ) -> String {
    let error = #expect(throws: FileError.self, sourceLocation: sourceLocation) {
      try read(bytes, name, sandbox)
    }
    return error?.problem ?? ""
  }

  private func message(
    _ change: (inout ArchiveBuilder) -> Void, sourceLocation: SourceLocation = #_sourceLocation
  ) -> String {
    var messages: Set<String> = []
    for isDeflated in [false, true] {
      for isWide in [false, true] {
        var archive = ArchiveBuilder(
          members: Self.members(isDeflated: isDeflated), isWide: isWide)
        change(&archive)
        for sandbox in [Sandbox.auto, .off] {
          messages.insert(
            message(archive.bytes, "x.npz", sandbox, sourceLocation: sourceLocation))
        }
      }
    }
    return messages.sorted().joined(separator: " | ")
  }

  // MARK: Archives

  @Test("What the others are changed from is read")
  func right() throws {
    for isDeflated in [false, true] {
      for isWide in [false, true] {
        for comment in ["", "PK\u{5}\u{6}", String(repeating: "x", count: 65_535)] {
          for sandbox in [Sandbox.auto, .off] {
            let archive = ArchiveBuilder(
              members: Self.members(isDeflated: isDeflated), isWide: isWide,
              comment: Array(comment.utf8))
            let found = try read(archive.bytes, "x.npz", sandbox)
            #expect(found.images == Self.images.map { Float($0) })
            #expect(found.labels == Self.labels.map { Int32($0) })
          }
        }
      }
    }
  }

  @Test("A wrong checksum, of images and of labels")
  func checksums() {
    for (index, name) in ["data", "label"].enumerated() {
      #expect(
        message { $0.members[index].checksum = 5 }
          == "its member '\(name).npy' is damaged; copy the file again")
    }
  }

  @Test("Two members of one name")
  func twice() {
    #expect(
      message { $0.members.append($0.members[1]) }
        == "is a zip archive with two members 'label.npy'; save it again")
    // One name by canonical equivalence.
    #expect(
      message {
        for name in ["\u{E9}.npy", "e\u{301}.npy"] {
          $0.members.append(.init(name: name, bytes: []))
        }
      }.hasPrefix("is a zip archive with two members"))
  }

  @Test("Members that overlap, or lie in the directory")
  func overlaps() {
    #expect(
      message {
        $0.members[1].offset = 0
        $0.members[1].ownName = "data.npy"
      } == "is a zip archive whose members overlap; save it again")
    let damaged = "is a damaged zip archive; copy it again"
    // The first takes in the second.
    let long = message {
      guard !$0.members[0].isDeflated else { return $0.members[0].sizes = (300, 30) }
      $0.members[0].sizes = (300, 300)
    }
    #expect(
      long == "is a zip archive whose members overlap; save it again" || long == damaged, "\(long)")
    #expect(
      message { $0.members[1].sizes = (1 << 31, 1 << 31) } == damaged)
    #expect(
      message { $0.members[1].offset = 1 << 31 }
        == "is a zip archive whose members overlap; save it again")
  }

  @Test("A member whose own header says another name")
  func names() {
    let damaged = "is a damaged zip archive; copy it again"
    #expect(message { $0.members[1].ownName = "other.npy" } == damaged)
    for name in ["../label.npy", "/label.npy", "a/../../label.npy"] {
      #expect(
        message { $0.members[1].name = name }
          == "is a zip archive with the name '\(name)', which leads out of it")
    }
  }

  @Test("Encrypted, packed in other ways, in parts")
  func others() {
    #expect(
      message { $0.members[0].flags = 1 } == "is an encrypted zip archive; unpack it first")
    #expect(
      message { $0.members[0].method = 12 }
        == "is a zip archive packed in another way than deflate (method 12); save it again")
    #expect(message { $0.count = 1 } == "is a damaged zip archive; copy it again")
    #expect(message { $0.count = 3 } == "is a damaged zip archive; copy it again")
  }

  @Test("Sizes of 2^64 in 64-bit fields")
  func sizes() {
    for size in [UInt64.max, 1 << 63, UInt64(Int64.max), 1 << 40] {
      for index in 0..<2 {
        var archive = ArchiveBuilder(members: Self.members(), isWide: true)
        archive.members[index].sizes = (size, size)
        #expect(message(archive.bytes).hasPrefix("is a "))
        archive.members[index].sizes = nil
        archive.members[index].offset = size
        #expect(message(archive.bytes).hasPrefix("is a "))
        archive.members[index].offset = nil
        archive.count = size
        #expect(message(archive.bytes).hasPrefix("is a "))
      }
    }
  }

  @Test("Bytes after the packed ones, or too few of them")
  func lengths() {
    let damaged = "its member 'data.npy' is damaged; copy the file again"
    for change in [-1, 1] {
      var archive = ArchiveBuilder(members: Self.members(isDeflated: true))
      let count = archive.members[0].bytes.count
      archive.members[0].sizes = (UInt64(count + 5), UInt64(count + change))
      for sandbox in [Sandbox.auto, .off] {
        let words = message(archive.bytes, "x.npz", sandbox)
        #expect(words == damaged || words.hasPrefix("its array 'data' claims"), "\(words)")
      }
    }
  }

  @Test("Cut short at every place, and every bit flipped: the same values or an error")
  func damage() throws {
    for isDeflated in [false, true] {
      let good = ArchiveBuilder(members: Self.members(isDeflated: isDeflated)).bytes
      for count in 0..<good.count { _ = message(Array(good.prefix(count))) }
      var used = 0
      for place in good.indices {
        for bit in 0..<8 {
          var bytes = good
          bytes[place] ^= 1 << bit
          do {
            let found = try read(bytes)
            #expect(
              found.images == Self.images.map { Float($0) }
                && found.labels == Self.labels.map { Int32($0) }, "bit \(bit) of byte \(place)")
            used += 1
          } catch is FileError {}
        }
      }
      // Times and attributes mean nothing; all else does.
      #expect(used < good.count * 8 / 3, "\(used) of \(good.count * 8)")
    }
  }

  // MARK: Arrays

  private func arrayMessage(_ bytes: [UInt8]) -> String { message(bytes, "x.npy") }

  @Test("Shapes whose product leaves 64 bits, or that the file does not hold")
  func shapes() {
    let many = "(4, 2, 2, " + String(repeating: "1, ", count: 70) + ")"
    for shape in [
      "(4294967296, 4294967296, 4)", "(9223372036854775807, 2)",
      "(0, 1099511627776, 1099511627776)",
      "(1099511627776, 1099511627776, 0)", "(18446744073709551616,)", "(-4, 2, 2, 1)", many,
      "(4, 2, 2, 2)", "(4, 2, 2)", "(4, 2, 2, 1", "4", "(True,)", "(4.0, 2, 2, 1)", "(,)",
      "(4, , 2, 2, 1)",
    ] where shape != "(4, 2, 2)" {
      let words = arrayMessage(ArchiveBuilder.array(shape, Self.images))
      #expect(
        words.hasPrefix("its array 'data' claims") || words.contains("has a header that is none"),
        "\(shape): \(words)")
    }
  }

  @Test("Headers of another form are no dictionaries of NumPy's, and nothing is evaluated")
  func headers() {
    let good = "'descr': '|u1', 'fortran_order': False, 'shape': (4, 2, 2, 1)"
    for text in [
      "", "{", "{}", "[\(good)]", "{\(good)} x", "{\(good), 'shape': (4, 2, 2, 1)}",
      "{\(good), 'other': 1}", "{'descr': '|u1', 'shape': (4, 2, 2, 1)}",
      "{'descr': exit(), 'fortran_order': False, 'shape': (4, 2, 2, 1)}",
      "{'descr': '|u1', 'fortran_order': 0, 'shape': (4, 2, 2, 1)}",
      "{'descr': '|u1\\'', 'fortran_order': False, 'shape': (4, 2, 2, 1)}",
      "{'descr': [('a', " + String(repeating: "[", count: 5000), "{'descr': '|u1",
    ] {
      #expect(
        arrayMessage(ArchiveBuilder.array("", Self.images, dictionary: text))
          == "its array 'data' has a header that is none of NumPy's; save it again", "\(text)")
    }
    let any = "{'shape' : (4L,2L,2L,1L) ,\"fortran_order\":False, \"descr\":'|u1'}"
    #expect(throws: Never.self) {
      try read(ArchiveBuilder.array("", Self.images, dictionary: any), "x.npy")
    }
  }

  @Test("A header of a gigabyte, one that is cut short, unknown versions")
  func prefixes() {
    let start = NumpyHeader.signature
    let long = start + [2, 0] + ArchiveBuilder.number(1 << 30, 4) + Self.images
    #expect(
      arrayMessage(long)
        == "its array 'data' has a header of 1073741824 bytes, more than NumPy itself reads; save it "
        + "again")
    #expect(
      arrayMessage(start + [3, 0] + ArchiveBuilder.number(UInt64(UInt32.max), 4)).contains(
        "4294967295 bytes"))
    #expect(
      arrayMessage(start + [1, 0, 200, 0] + Self.images)
        == "its array 'data' ends within its header; copy it again")
    for version in [0, 4, 255] as [UInt8] {
      #expect(
        arrayMessage(ArchiveBuilder.array("(4, 2, 2, 1)", Self.images, version: version))
          .contains("has the unknown version \(version) of the format"))
    }
    for count in 0..<12 {
      let words = arrayMessage(Array((start + [2, 0, 1, 0, 0, 0]).prefix(count)))
      #expect(!words.isEmpty)
    }
  }

  @Test("An array in a member that is none")
  func none() {
    #expect(
      message { $0.members[0].bytes = Array("hello".utf8) }
        == "its array 'data' is not in NumPy's format; save it again with numpy.save")
  }

  @Test("One array, cut short at every place, and every bit flipped")
  func arrayDamage() {
    let good = ArchiveBuilder.array("(4, 2, 2, 1)", Self.images)
    for count in 0..<good.count { _ = arrayMessage(Array(good.prefix(count))) }
    for place in good.indices {
      for bit in 0..<8 {
        var bytes = good
        bytes[place] ^= 1 << bit
        do { _ = try read(bytes, "x.npy") } catch {
          #expect(error is FileError, "bit \(bit) of byte \(place)")
        }
      }
    }
  }
}
