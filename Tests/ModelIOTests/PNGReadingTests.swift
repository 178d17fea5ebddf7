import Foundation
import LabFiles
import Testing

@testable import ModelIO

/// What is stored in PNG files of all kinds is what comes out, sealed off or not.
@Suite("PNG images, read")
struct PNGReadingTests: ~Copyable {
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "png-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Reads bytes as a file, in each way, and expects the same image.
  private func read(_ bytes: [UInt8]) throws -> PixelImage {
    let path = "\(folder)/image.png"
    try Data(bytes).write(to: URL(filePath: path))
    let image = try PixelImage(contentsOf: path, sandbox: .off)
    #expect(try PixelImage(contentsOf: path) == image)
    return image
  }

  private func samples(_ count: Int, below limit: Int = 256) -> [Int] {
    (0..<count).map { ($0 * 7919 + $0 / 5) % limit }
  }

  private static let sizes = [(1, 1), (5, 3), (8, 8), (33, 17)]

  @Test(
    "Eight bits are taken as they are stored, whatever else the file says",
    arguments: [(0, 1), (2, 3), (6, 4)], [false, true])
  func eightBits(kind: (colourType: Int, channels: Int), isInterlaced: Bool) throws {
    for (width, height) in Self.sizes {
      let values = samples(width * height * kind.channels)
      // Linear light, primaries of no screen, a profile that is none, significant bits, a background.
      let background: [UInt8] = kind.channels == 1 ? [0, 9] : [0, 9, 0, 9, 0, 9]
      let chunks: [[(name: String, data: [UInt8])]] = [
        [], [("gAMA", PNGFile.bigEndian(100_000))], [("sRGB", [0])],
        [("cHRM", (1...8).flatMap { PNGFile.bigEndian($0 * 10_000) })],
        [("iCCP", Array("profile\0\0".utf8) + PNGFile.zlib([1, 2, 3]))],
        [("sBIT", [UInt8](repeating: 3, count: kind.channels)), ("bKGD", background)],
        [("tEXt", Array("Comment\0x".utf8)), ("prVt", [1, 2, 3])],
      ]
      for extra in chunks {
        let file = PNGFile(
          width: width, height: height,
          .init(colourType: kind.colourType, isInterlaced: isInterlaced), samples: values,
          extra: extra)
        let image = try read(file.bytes)
        #expect(image.width == width && image.height == height)
        #expect(image.channels == kind.channels)
        #expect(image.pixels.map(Int.init) == values, "\(extra.map(\.name))")
      }
    }
  }

  @Test("Fewer bits of grey are spread over 0...255", arguments: [1, 2, 4], [false, true])
  func fewBits(depth: Int, isInterlaced: Bool) throws {
    let values = samples(33 * 17, below: 1 << depth)
    let file = PNGFile(
      width: 33, height: 17, .init(depth: depth, colourType: 0, isInterlaced: isInterlaced),
      samples: values)
    let image = try read(file.bytes)
    #expect(image.channels == 1)
    #expect(image.pixels.map(Int.init) == values.map { $0 * 255 / ((1 << depth) - 1) })
  }

  @Test("16 bits are rounded", arguments: [(0, 1), (2, 3), (6, 4)])
  func sixteenBits(kind: (colourType: Int, channels: Int)) throws {
    let values = samples(40 * 30 * kind.channels, below: 65536)
    let file = PNGFile(
      width: 40, height: 30, .init(depth: 16, colourType: kind.colourType), samples: values)
    let image = try read(file.bytes)
    #expect(image.channels == kind.channels)
    #expect(image.pixels.map(Int.init) == values.map { ($0 * 255 + 32767) / 65535 })
  }

  @Test("Palettes become colours, with alpha where a colour has some", arguments: [1, 2, 4, 8])
  func palettes(depth: Int) throws {
    let count = 1 << depth
    let palette = (0..<3 * count).map { UInt8($0 * 11 & 255) }
    let values = samples(13 * 9, below: count)
    let plain = PNGFile(
      width: 13, height: 9, .init(depth: depth, colourType: 3, isInterlaced: depth == 4),
      samples: values, extra: [("PLTE", palette)])
    let image = try read(plain.bytes)
    #expect(image.channels == 3)
    #expect(image.pixels == values.flatMap { palette[3 * $0..<3 * $0 + 3] })
    let transparent = PNGFile(
      width: 13, height: 9, .init(depth: depth, colourType: 3), samples: values,
      extra: [("PLTE", palette), ("tRNS", [0, 130])])
    let other = try read(transparent.bytes)
    #expect(other.channels == 4)
    let alpha: [UInt8] = [0, 130] + [UInt8](repeating: 255, count: count - 2)
    #expect(other.pixels == values.flatMap { palette[3 * $0..<3 * $0 + 3] + [alpha[$0]] })
  }

  @Test("A transparent colour becomes alpha, and grey with alpha RGBA")
  func transparency() throws {
    let grey = PNGFile(
      width: 3, height: 1, .init(colourType: 0), samples: [7, 8, 9], extra: [("tRNS", [0, 8])])
    let four = try read(grey.bytes)
    #expect(four.channels == 4)
    #expect(four.pixels == [7, 7, 7, 255, 8, 8, 8, 0, 9, 9, 9, 255])
    // The colour is compared at 16 bits, before they are rounded to 8.
    let deep = PNGFile(
      width: 2, height: 1, .init(depth: 16, colourType: 2),
      samples: [257, 514, 771, 257, 514, 772], extra: [("tRNS", [1, 1, 2, 2, 3, 3])])
    #expect(try read(deep.bytes).pixels == [1, 2, 3, 0, 1, 2, 3, 255])
    let both = PNGFile(
      width: 2, height: 1, .init(colourType: 4), samples: [5, 200, 6, 0])
    #expect(try read(both.bytes).pixels == [5, 5, 5, 200, 6, 6, 6, 0])
  }

  #if os(Linux)
    @Test("It is decoded in a process that is entirely sealed off", .enabled(if: !Lab.isSanitized))
    func sealed() throws {
      let file = PNGFile(
        width: 300, height: 200, .init(colourType: 2), samples: samples(180_000))
      let path = "\(folder)/image.png"
      try Data(file.bytes).write(to: URL(filePath: path))
      let image = try PixelImage(contentsOf: path, sandbox: .require)
      #expect(image.pixels.map(Int.init) == samples(180_000))
      #expect(Sandbox.auto.posture == .full)
    }
  #endif

  @Test("The largest image is read, and no larger one")
  func largest() throws {
    let pixels = [UInt8](repeating: 3, count: 1 << 24)
    let image = PixelImage(width: 4096, height: 4096, channels: 1, pixels: pixels)
    #expect(try read(image.png()) == image)
    let tall = PixelImage(width: 256, height: 65536, channels: 1, pixels: pixels)
    #expect(try read(tall.png()) == tall)
    let larger = PixelImage(
      width: 4096, height: 4097, channels: 1, pixels: pixels + [UInt8](repeating: 3, count: 4096))
    let error = #expect(throws: FileError.self) { try larger.png() }
    #expect(error?.kind == .unavailable)
  }

  // MARK: Writing

  @Test("What is written is read as it was", arguments: [1, 3, 4])
  func roundTrip(channels: Int) throws {
    for (width, height) in Self.sizes + [(256, 1), (1, 300)] {
      let image = PixelImage(
        width: width, height: height, channels: channels,
        pixels: samples(width * height * channels).map { UInt8($0) })
      let path = "\(folder)/written.png"
      try image.write(to: path)
      #expect(try PixelImage(contentsOf: path) == image)
      let bytes = try image.png()
      #expect(try Array(Data(contentsOf: URL(filePath: path))) == bytes)
      // The header, the pixels and the end; no colour space, text or time.
      let header =
        PNGFile.bigEndian(width) + PNGFile.bigEndian(height)
        + [8, [0, 0, 0, 2, 6][channels], 0, 0, 0] as [UInt8]
      #expect(Array(bytes[..<33]) == PNGFile.signature + PNGFile.chunk("IHDR", header))
      #expect(names(bytes) == ["IHDR", "IDAT", "IEND"])
    }
    let image = PixelImage(width: 1, height: 1, channels: 1, pixels: [0])
    let error = #expect(throws: FileError.self) { try image.write(to: "\(folder)/no/x.png") }
    #expect(error?.kind == .cannotWrite && error?.path == "\(folder)/no/x.png")
  }

  private func names(_ bytes: [UInt8]) -> [String] {
    var names: [String] = []
    var place = 8
    while place < bytes.count {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      names.append(String(decoding: bytes[place + 4..<place + 8], as: UTF8.self))
      place += 12 + length
    }
    return names
  }
}
