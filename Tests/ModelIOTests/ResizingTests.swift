import Foundation
import InferenceGraph
import LabFiles
import Testing

@testable import ModelIO

/// Image files made to fit: as Pillow and torchvision do it; `resize_golden.py` made the hashes.
@Suite("Resized and cropped images")
struct ResizingTests {
  private struct Golden: Decodable {
    let width: Int
    let height: Int
    let channels: Int
    let seed: [Int]
    let side: Int?
    let resized: [Int]
    let crop: [Int]?
    let sha256: String

    var image: PixelImage {
      let pixels = (0..<width * height * channels).map { i in
        channels == 4 && i % 4 == 3
          ? 255 : UInt8((seed[0] * i * i + seed[1] * i + seed[2]) / 8 % 256)
      }
      return PixelImage(width: width, height: height, channels: channels, pixels: pixels)
    }

    var fitting: ImageFitting {
      ImageFitting(
        resize: side.map { .shorterSide($0) }
          ?? .size(.init(height: resized[0], width: resized[1])),
        crop: crop.map { .init(height: $0[0], width: $0[1]) })
    }
  }

  @Test("Equal to Pillow's bilinear filter, to the bit")
  func pillow() throws {
    let file = Lab.repository.appending(path: "Tests/ModelIOTests/Fixtures/resize.json")
    let cases = try JSONDecoder().decode([Golden].self, from: Data(contentsOf: file))
    #expect(cases.count > 150)
    #expect(cases.contains { $0.side != nil } && cases.contains { $0.crop != nil })
    for golden in cases {
      let found = try golden.image.fitted(golden.fitting, path: "x.png")
      let size = golden.crop ?? golden.resized
      #expect([found.height, found.width] == size, "\(golden)")
      #expect(sha256(of: found.pixels) == golden.sha256, "\(golden)")
    }
  }

  /// 0, 100 to four pixels: centres at 0.25, 0.75, 1.25 and 1.75 of the old ones.
  @Test("A case worked out by hand")
  func byHand() {
    let image = PixelImage(width: 2, height: 1, channels: 1, pixels: [0, 100])
    #expect(image.resized(height: 1, width: 4).pixels == [0, 25, 75, 100])
    #expect(image.resized(height: 1, width: 1).pixels == [50])
    #expect(image.resized(height: 3, width: 2).pixels == [0, 100, 0, 100, 0, 100])
    let row = PixelImage(width: 5, height: 1, channels: 1, pixels: [1, 2, 3, 4, 5])
    // 1.5 is rounded to 2, 0.5 to 0.
    #expect(row.cropped(height: 1, width: 2).pixels == [3, 4])
    #expect(row.cropped(height: 1, width: 4).pixels == [1, 2, 3, 4])
  }

  @Test("What cannot be fitted is said")
  func refusals() {
    let image = PixelImage(
      width: 4, height: 2, channels: 1, pixels: [UInt8](repeating: 1, count: 8))
    func message(_ fitting: ImageFitting) -> String? {
      #expect(throws: FileError.self) { try image.fitted(fitting, path: "x.png") }?.description
    }
    #expect(
      message(ImageFitting(crop: .init(height: 3, width: 3)))
        == "x.png: the image is 2x4 (height x width), too small for a crop of 3x3; resize it first")
    #expect(
      message(ImageFitting(resize: .shorterSide(60_000)))
        == "x.png: the image is 2x4 (height x width), and would be 60000x120000 after resizing, which "
        + "is too large")
    let thin = PixelImage(width: 1, height: 9, channels: 1, pixels: [UInt8](repeating: 1, count: 9))
    #expect(
      #expect(throws: FileError.self) {
        try PixelImage(width: 9, height: 1, channels: 1, pixels: thin.pixels).fitted(
          ImageFitting(resize: .size(.init(height: 0, width: 3))), path: "x.png")
      }?.description
        == "x.png: the image is 1x9 (height x width), and would be 0x3 after resizing; give sizes over 0"
    )
  }

  @Test("A folder of images of many sizes is read at one size, in the program's order")
  func folder() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sizes-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (number, (height, width)) in [(3, 4), (9, 5), (6, 6), (2, 8)].enumerated() {
      let pixels = (0..<height * width * 3).map { UInt8($0 * 7 % 256) }
      let path = "\(folder.path)/\(number % 2)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try PixelImage(width: width, height: height, channels: 3, pixels: pixels)
        .write(to: "\(path)/\(number).png")
    }
    let fitting = ImageFitting(resize: .shorterSide(6), crop: .init(height: 5, width: 6))
    let data = try DataSet.load(
      folder.path, for: [5, 6, 3], classCount: 2, fitting: fitting)
    #expect(data.labels == [0, 0, 1, 1])
    let expected = try ["0/0", "0/2", "1/1", "1/3"].flatMap { name in
      try PixelImage(contentsOf: "\(folder.path)/\(name).png")
        .fitted(fitting, path: name).pixels.map(Float.init)
    }
    #expect(try data.values(of: 0..<4) == expected)
    #expect(
      try DataSet.extents(of: folder.path, fitting: fitting).imageShape == [5, 6, 3])
    let files = ["0/0", "1/3"].map { "\(folder.path)/\($0).png" }
    let source = try ImageFiles(files, for: [5, 6, 3], fitting: fitting)
    #expect(try source.values(of: 1..<2) == Array(expected.suffix(90)))
  }
}
