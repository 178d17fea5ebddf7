import Foundation
import LabFiles
import Testing

@testable import ModelIO

/// JPEG files that Pillow wrote and decoded; `jpeg_golden.py` made them.
@Suite("JPEG images")
final class JPEGTests {
  private struct Golden: Decodable {
    struct Image: Decodable {
      let file: Data
      let width: Int
      let height: Int
      let channels: Int
      let sha256: String
      let options: String
    }

    let images: [Image]
    let cmyk: Data
  }

  private let golden: Golden
  private let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "jpeg-\(UUID())").path
    let file = Lab.repository.appending(path: "Tests/ModelIOTests/Fixtures/jpeg.json")
    golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  private func read(_ bytes: Data, _ sandbox: Sandbox) throws -> PixelImage {
    try bytes.write(to: URL(filePath: path))
    return try PixelImage(contentsOf: path, sandbox: sandbox)
  }

  /// Expects both ways of reading to refuse the bytes, in the same words.
  private func message(
    _ bytes: Data, sourceLocation: SourceLocation = #_sourceLocation
  ) -> String {
    let errors = [Sandbox.off, .auto].map { sandbox in
      #expect(throws: FileError.self, sourceLocation: sourceLocation) {
        try read(bytes, sandbox)
      }
    }
    #expect(errors[0] == errors[1], sourceLocation: sourceLocation)
    return errors[0]?.problem ?? ""
  }

  @Test("Decoded as by Pillow, to the bit")
  func pillow() throws {
    #expect(golden.images.count == 60)
    for image in golden.images {
      for sandbox in [Sandbox.off, .auto] {
        let found = try read(image.file, sandbox)
        #expect((found.width, found.height) == (image.width, image.height))
        #expect(found.channels == image.channels)
        #expect(sha256(of: found.pixels) == image.sha256, "\(image.options)")
      }
    }
  }

  @Test("Cut short anywhere")
  func cutShort() throws {
    for image in golden.images.prefix(4) {
      for count in 3..<image.file.count {
        let bytes = Array(image.file.prefix(count))
        #expect(throws: ImageDecoder.Failure.cutShort, "\(count) of \(image.file.count)") {
          try PixelImage(decoding: bytes, nil)
        }
      }
    }
    #expect(
      message(golden.images[0].file.dropLast()) == "ends before its image does; copy it again")
  }

  @Test("Any bit flipped: an image of the bounds, or a refusal")
  func flips() throws {
    for image in golden.images.prefix(3) {
      var refused = 0
      for place in 0..<image.file.count {
        for bit in 0..<8 {
          var bytes = Array(image.file)
          bytes[place] ^= 1 << bit
          do {
            let found = try PixelImage(decoding: bytes, nil)
            #expect(found.width * found.height <= PixelImage.maximumPixels)
          } catch {
            #expect(error is ImageDecoder.Failure)
            refused += 1
          }
        }
      }
      #expect(refused > 0)
    }
  }

  @Test("Sizes beyond the bounds, and other colours")
  func bounds() throws {
    var bytes = Array(golden.images[0].file)
    // The frame header: length, 8 bits, height, width.
    let start = try #require(
      bytes.indices.first {
        bytes[$0...].starts(with: [0xFF, 0xC0]) || bytes[$0...].starts(with: [0xFF, 0xC2])
      })
    bytes.replaceSubrange(start + 5..<start + 9, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(
      message(Data(bytes))
        == "has more than 16777216 pixels, or a side over 65536; scale it down first")
    #expect(
      message(golden.cmyk)
        == "has colours other than grey or RGB of 8 bits each; convert it to RGB first")
  }

  @Test("Scans without end")
  func scans() throws {
    let image = try #require(
      golden.images.first { $0.options.contains(#""progressive": true"#) && $0.width > 8 })
    let bytes = Array(image.file)
    // The last scan, from its marker to the end marker, again and again.
    let start = try #require(bytes.indices.last { bytes[$0...].starts(with: [0xFF, 0xDA]) })
    let scan = bytes[start..<bytes.count - 2]
    let bomb = bytes[..<start] + (0..<2000).flatMap { _ in scan } + [0xFF, 0xD9]
    #expect(message(Data(bomb)) == "is a damaged JPEG image; copy it again")
  }

  @Test("PPM and PGM: headers")
  func netpbm() throws {
    func image(_ header: String, _ count: Int) -> Data {
      Data(Array(header.utf8) + (0..<count).map { UInt8($0) })
    }
    for header in ["P6 2 1 255\n", "P6\n#x\n2#y\r1\t255\n", "P6\n2\n1\n00255 "] {
      let found = try read(image(header, 6), .auto)
      #expect(found == PixelImage(width: 2, height: 1, channels: 3, pixels: [0, 1, 2, 3, 4, 5]))
    }
    #expect(try read(image("P5 2 1 255\n", 9), .auto).pixels == [0, 1])
    for (header, words) in [
      ("P6 2 1 255\n", "ends before its image does"), ("P5 2", "is a damaged PPM image"),
      ("P5 a 1 255\n", "is a damaged PPM image"), ("P5 0 1 255\n", "is a damaged PPM image"),
      ("P5 2 1 0\n", "is a damaged PPM image"), ("P52 1 255\n", "is a damaged PPM image"),
      ("P5 2 1 65535\n", "has colours other than grey or RGB of 8 bits"),
      ("P5 4097 4096 255\n", "has more than 16777216 pixels"),
      ("P5 99999999999999999999 1 255\n", "has more than 16777216 pixels"),
      ("P5 \(String(repeating: "#", count: 5000))\n2 1 255\n", "ends before its image does"),
    ] {
      #expect(message(image(header, 1)).hasPrefix(words), "\(header)")
    }
  }
}
