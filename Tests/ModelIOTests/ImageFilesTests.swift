import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

@Suite("Images for a network")
struct ImageFilesTests {
  private let grey = PixelImage(width: 2, height: 1, channels: 1, pixels: [5, 250])
  private let colour = PixelImage(width: 2, height: 1, channels: 3, pixels: [1, 2, 3, 4, 5, 6])
  private let even = PixelImage(width: 2, height: 1, channels: 3, pixels: [7, 7, 7, 8, 8, 8])
  private let opaque = PixelImage(
    width: 2, height: 1, channels: 4, pixels: [1, 2, 3, 255, 4, 5, 6, 255])
  private let evenOpaque = PixelImage(
    width: 2, height: 1, channels: 4, pixels: [7, 7, 7, 255, 8, 8, 8, 255])
  private let clear = PixelImage(
    width: 2, height: 1, channels: 4, pixels: [1, 2, 3, 255, 4, 5, 6, 254])

  @Test("Channels are made to fit where nothing is lost")
  func channels() throws {
    func samples(_ image: PixelImage, _ channels: Int) throws -> [UInt8] {
      try image.samples(fitting: [1, 2, channels], path: "x.png")
    }
    #expect(try samples(grey, 1) == [5, 250])
    #expect(try samples(grey, 3) == [5, 5, 5, 250, 250, 250])
    #expect(try samples(colour, 3) == [1, 2, 3, 4, 5, 6])
    #expect(try samples(even, 1) == [7, 8])
    #expect(try samples(opaque, 3) == [1, 2, 3, 4, 5, 6])
    #expect(try samples(evenOpaque, 1) == [7, 8])
  }

  @Test("What does not fit is said")
  func refusals() throws {
    func message(_ image: PixelImage, _ shape: [Int]) -> String? {
      #expect(throws: FileError.self) { try image.samples(fitting: shape, path: "x.png") }?
        .description
    }
    #expect(
      message(grey, [28, 28, 1])
        == "x.png: the image is 1x2, but the model takes 28x28 (height x width); set "
        + "resize to 28x28 or scale it first")
    #expect(message(grey, [2, 1, 1])?.contains("the image is 1x2") == true)
    let colours =
      "x.png: the image has colours, but the model takes one channel; make it grey first"
    #expect(message(colour, [1, 2, 1]) == colours)
    #expect(message(opaque, [1, 2, 1]) == colours)
    for channels in [1, 3] {
      #expect(
        message(clear, [1, 2, channels])
          == "x.png: the image is transparent at row 0, column 1, and the model sees no "
          + "transparency; put it on a background first")
    }
    #expect(
      message(grey, [784])
        == "x.png: images have one or three channels, but the model takes 784; give an HDF5 "
        + "data set")
    #expect(message(grey, [1, 2, 4])?.contains("takes 1x2x4") == true)
  }

  @Test("Files are read in order, any of them")
  func files() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "images-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let images = [grey, even, evenOpaque, colour]
    let paths = images.indices.map { folder.appending(path: "\($0).png").path }
    for (image, path) in zip(images, paths) { try image.write(to: path) }
    let source = try ImageFiles(paths, for: [1, 2, 1])
    #expect(source.count == 4 && source.elementType == .uint8 && source.layout == .nhwc)
    func read(_ range: Range<Int>) throws -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: range.count * 2)
      try unsafe bytes.withUnsafeMutableBytes { try unsafe source.read(range, into: $0) }
      return bytes
    }
    #expect(try read(0..<3) == [5, 250, 7, 8, 7, 8])
    #expect(try read(1..<2) == [7, 8])
    let error = #expect(throws: FileError.self) { try read(2..<4) }
    #expect(error?.path == paths[3])
    #expect(throws: FileError.self) { try ImageFiles(paths, for: [2]) }
  }
}
