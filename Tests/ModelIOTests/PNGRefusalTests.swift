import Foundation
import LabFiles
import Testing

@testable import ModelIO

#if canImport(Glibc)
  import Glibc
#endif

/// What is no PNG file, a damaged one, one made to attack, or no answer to what was asked.
@Suite("PNG images, refused")
struct PNGRefusalTests: ~Copyable {
  private let path: String

  init() {
    path = FileManager.default.temporaryDirectory.appending(path: "png-\(UUID()).png").path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Expects both ways of reading to refuse the bytes, in the same words.
  private func refuses(
    _ bytes: [UInt8], _ words: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try Data(bytes).write(to: URL(filePath: path))
    let errors = [Sandbox.off, .auto].map { sandbox in
      #expect(throws: FileError.self, sourceLocation: sourceLocation) {
        try PixelImage(contentsOf: path, sandbox: sandbox)
      }
    }
    #expect(errors[0] == errors[1], sourceLocation: sourceLocation)
    #expect(errors[0]?.kind == .badData, sourceLocation: sourceLocation)
    #expect(errors[0]?.path == path, sourceLocation: sourceLocation)
    #expect(
      errors[0]?.problem.contains(words) == true, "\(errors[0]?.problem ?? "")",
      sourceLocation: sourceLocation)
  }

  private func good() -> PNGFile {
    PNGFile(
      width: 4, height: 3, .init(colourType: 2), samples: (0..<36).map { $0 * 5 },
      extra: [("tEXt", Array("Comment\0text".utf8))])
  }

  private func sized(_ width: Int, _ height: Int) -> [UInt8] {
    var file = good()
    file.chunks[0].data.replaceSubrange(
      ..<8, with: PNGFile.bigEndian(width) + PNGFile.bigEndian(height))
    return file.bytes
  }

  @Test("Files of other kinds are named")
  func otherKinds() throws {
    try refuses([], "is empty")
    try refuses(Array("hello".utf8), "is not a PNG, JPEG or PPM image")
    try refuses([0xFF, 0xD8, 0xFF, 0xE0], "ends before its image does")
    try refuses(Array("GIF89a".utf8), "is a GIF image, not PNG, JPEG or PPM; convert it")
    try refuses(Array("version https://git-lfs.github.com/spec/v1".utf8), "git lfs pull")
    try refuses([0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10], "is an HDF5 file")
    let error = #expect(throws: FileError.self) { try PixelImage(contentsOf: "/no/such.png") }
    #expect(error?.kind == .missingInput)
    try Data(good().bytes).write(to: URL(filePath: path))
    let other = #expect(throws: FileError.self) { try HDF5File(path) }
    #expect(other?.problem == "is a PNG image, neither a model nor a data set")
  }

  @Test("Cut short anywhere")
  func cutShort() throws {
    let bytes = good().bytes
    try refuses(Array(bytes[..<7]), "is not a PNG, JPEG or PPM image")
    for count in 8..<24 { try refuses(Array(bytes[..<count]), "has no header") }
    for count in 24..<bytes.count {
      try refuses(Array(bytes[..<count]), "ends before its image does")
    }
  }

  @Test("Any bit flipped, wherever it is")
  func flips() throws {
    let bytes = good().bytes
    try Data(bytes).write(to: URL(filePath: path))
    _ = try PixelImage(contentsOf: path)
    // A checksum is over all that is not the signature or a length.
    for place in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[place] ^= 1 << bit
        let header = try? PNGHeader(Array(changed.prefix(PNGHeader.size)), path: "x")
        guard let header else { continue }
        #expect(throws: ImageDecoder.Failure.self, "bit \(bit) of byte \(place)") {
          try PixelImage(decoding: changed, header)
        }
      }
    }
    var changed = bytes
    changed[bytes.count - 20] ^= 1
    try refuses(changed, "is a damaged PNG image; copy it again")
  }

  @Test("Sizes beyond all bounds take no memory")
  func sizes() throws {
    for (width, height) in [
      (Int(Int32.max), Int(Int32.max)), (Int(UInt32.max), 1), (65536, 65536), (4097, 4096),
      (1 << 17, 1),
    ] { try refuses(sized(width, height), "claims \(width) x \(height) pixels") }
    try refuses(sized(0, 3), "claims to have no pixels")
    // Within the bounds, but the pixels are missing.
    try refuses(sized(4096, 4096), "is a damaged PNG image")
    // More pixels than the header says.
    try refuses(sized(4, 2), "is a damaged PNG image")
  }

  @Test("Chunks that do not make an image")
  func chunks() throws {
    let damaged = "is a damaged PNG image"
    func changed(_ change: (inout PNGFile) -> Void) -> [UInt8] {
      var file = good()
      change(&file)
      return file.bytes
    }
    try refuses(changed { $0.chunks.removeAll { $0.name == "IDAT" } }, damaged)
    try refuses(changed { $0.chunks.removeLast() }, "ends before its image does")
    try refuses(changed { $0.chunks.insert($0.chunks[0], at: 0) }, damaged)
    try refuses(changed { $0.chunks[0].data[9] = 3 }, damaged)
    try refuses(changed { $0.chunks[0].data[9] = 5 }, damaged)
    try refuses(changed { $0.chunks[0].data[8] = 7 }, damaged)
    try refuses(changed { $0.chunks[0].data[12] = 2 }, damaged)
    try refuses(changed { $0.chunks.insert(("CRIT", [1]), at: 1) }, damaged)
    try refuses(changed { $0.chunks[2].data = [0x78, 0x01, 7, 7, 7] }, damaged)
    try refuses(changed { $0.chunks[2].data = PNGFile.zlib([]) }, damaged)
    try refuses(
      changed { $0.chunks[2].data = PNGFile.zlib([9] + Array(repeating: 0, count: 38)) }, damaged)
    // Another file's chunk begins where the name should be, with its length.
    try refuses(good().bytes.dropLast(12) + [0xFF, 0xFF, 0xFF, 0xFF] + Array("IEND".utf8), damaged)
  }

  @Test("Random bytes behind a good header", arguments: 0..<20)
  func random(seed: Int) throws {
    var state = UInt64(seed + 1)
    let noise = (0..<3000).map { _ -> UInt8 in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(state >> 56)
    }
    var file = good()
    file.chunks[2].data = noise
    try refuses(file.bytes, "is a damaged PNG image")
    try refuses(Array(good().bytes[..<33]) + noise, "copy it again")
  }

  // MARK: The sealed process

  /// Takes what a process that was taken over might answer.
  private func answer(_ numbers: [UInt64], samples: Int = 12) throws -> PixelImage {
    let header = try PNGHeader(good().bytes, path: "x")
    var left = numbers[...]
    return try PixelImage(
      answer: {
        guard let number = left.popFirst() else { throw SealedFailure.ended(signal: 0) }
        return number
      },
      bytes: { count in
        #expect(count == samples, "memory is taken for the size in the file's header")
        return Array(repeating: 1, count: count)
      }, header)
  }

  @Test("Nothing that it says of sizes is believed")
  func answers() throws {
    #expect(try answer([0, 4, 3, 1]).pixels.count == 12)
    #expect(try answer([0, 4, 3, 4], samples: 48).channels == 4)
    for lie: [UInt64] in [
      [0, 4, 3, 2], [0, 4, 3, 0], [0, 4, 3, .max], [0, 4, 4, 1], [0, 3, 3, 1], [0, .max, 3, 1],
      [0, 12, 1, 1], [6], [.max],
    ] {
      let error = #expect(throws: SealedFailure.self) { try answer(lie) }
      guard case .invalidAnswer? = error else {
        Issue.record("\(lie): \(String(describing: error))")
        continue
      }
    }
    for status: UInt64 in 1...5 {
      let failure = try #require(ImageDecoder.Failure(rawValue: status))
      #expect(throws: failure) { try answer([status]) }
    }
  }

  @Test("A crash names libpng")
  func crash() throws {
    try Data(good().bytes).write(to: URL(filePath: path))
    let file = try FileDescriptor(path)
    let error = FileError(SealedFailure.ended(signal: SIGSEGV), reading: file, with: "libpng")
    #expect(error.problem.hasPrefix("crashes libpng (signal 11)"))
    #expect(error.finding?.rule == .parserCrash)
  }
}
