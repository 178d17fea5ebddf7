import Foundation
import LabFiles
import ReferenceInference
import Testing

/// PNG files made to attack whoever reads them, given to the whole program.
@Suite("Hostile images", .enabled(if: Lab.runsPython), .serialized)
struct HostileImagesTests {
  /// An honest model of this size with an image takes less than a third.
  private static let mebibytes = 150

  let files: HostileFiles

  init() throws { files = try #require(HostileFiles.made) }

  /// Runs `predict` on each file, sealed and not, and returns how many were used.
  private func predict(_ images: [[UInt8]], _ statuses: Set<Int32>) throws -> Int {
    let folder = FileManager.default.temporaryDirectory.appending(path: "defensekit-png-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let jobs = try images.enumerated().flatMap { index, bytes in
      let file = folder.appending(path: "\(index).png")
      try Data(bytes).write(to: file)
      return ["require", "off"].map { sandbox in
        Job(
          arguments: ["predict", files.goodModel, file.path, "--sandbox", sandbox],
          statuses: statuses)
      }
    }
    let results = try Job.run(jobs)
    for (job, result) in zip(jobs, results) where result.kibibytes > Self.mebibytes << 10 {
      Issue.record("\(job.arguments): \(result.kibibytes) KiB")
    }
    return results.filter { $0.status == 0 }.count
  }

  private func file(
    _ width: Int, _ height: Int, _ rows: [UInt8], depth: Int = 8, colourType: Int = 0,
    extra: [(name: String, data: [UInt8])] = []
  ) -> [UInt8] {
    var file = PNGFile(width: 1, height: 1, .init(colourType: 0), samples: [0])
    file.chunks[0].data =
      PNGFile.bigEndian(width) + PNGFile.bigEndian(height)
      + [UInt8(depth), UInt8(colourType), 0, 0, 0]
    file.chunks[1].data = PNGFile.zlib(rows)
    file.chunks.insert(contentsOf: extra, at: 1)
    return file.bytes
  }

  @Test("Sizes, bombs, checksums and chunks")
  func made() throws {
    let palette: [UInt8] = [1, 2, 3]
    let bomb = PNGFile.zlib([UInt8](repeating: 0, count: 20 << 20))
    var images = [
      file(1 << 31 - 1, 1 << 31 - 1, [0]), file(65536, 65536, [0]), file(65537, 1, [0]),
      file(4096, 4096, [0]), file(4096, 4096, [0], depth: 16, colourType: 6),
      file(1, 65536, [0]), file(65536, 256, [0], depth: 16, colourType: 6),
      // 20 MiB for one pixel, as pixels, text and profile.
      file(1, 1, [UInt8](repeating: 0, count: 20 << 20)),
      file(1, 1, [0, 0], extra: [("zTXt", Array("k\0\0".utf8) + bomb)]),
      file(1, 1, [0, 0], extra: [("iCCP", Array("k\0\0".utf8) + bomb)]),
      // Indices beyond the palette, palettes that are too long or missing.
      file(1, 1, [0, 255], colourType: 3, extra: [("PLTE", palette)]),
      file(1, 1, [0, 0], colourType: 3),
      file(
        1, 1, [0, 0], colourType: 3,
        extra: [("PLTE", palette), ("tRNS", [UInt8](repeating: 0, count: 256))]),
      file(1, 1, [0, 0], colourType: 3, extra: [("PLTE", [UInt8](repeating: 0, count: 3000))]),
      file(1, 1, [0, 0], extra: (0..<3000).map { _ in ("tEXt", Array("k\0v".utf8)) }),
    ]
    var checksum = file(1, 1, [0, 0])
    checksum[checksum.count - 1] ^= 1
    images.append(checksum)
    // None fits the model, so that one that can be decoded is refused for its size.
    #expect(try predict(images, [65]) == 0)
  }

  @Test("100 files with random changes behind the signature, checksums mended")
  func changes() throws {
    var random = SplitMix64(seed: 7)
    let images = (0..<100).map { index -> [UInt8] in
      var file = PNGFile(
        width: 9, height: 7,
        .init(depth: 8, colourType: [0, 2, 4, 6][index % 4], isInterlaced: index % 8 > 3),
        samples: (0..<9 * 7 * [1, 3, 2, 4][index % 4]).map { $0 & 255 })
      for _ in 0..<3 {
        let chunk = Int.random(in: 0..<file.chunks.count - 1, using: &random)
        let place = Int.random(in: 0..<file.chunks[chunk].data.count, using: &random)
        file.chunks[chunk].data[place] = UInt8.random(in: 0...255, using: &random)
      }
      return file.bytes
    }
    #expect(try predict(images, [65]) == 0)
  }
}
