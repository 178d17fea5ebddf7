import Foundation
import InferenceGraph

@testable import ModelIO

/// What the sealed process sends, which a hostile file may have taken over.
///
/// The bytes are taken for the catalogue of a small file; all that it then seems to hold is read.
enum MessageTarget: FuzzTarget {
  /// Answers as the input says, and fills what is read with the same bytes.
  private struct Impostor: HDF5Parser {
    let bytes: [UInt8]

    func catalogue() throws -> [UInt8]? { bytes }

    @unsafe func read(
      dataset: Int, rows: Range<Int>, as type: ElementType,
      into buffer: UnsafeMutableRawBufferPointer
    ) throws {
      if bytes.count % 3 == 0 { throw HDF5Unreadable() }
      // The buffer is the caller's, as long as it says.
      for index in buffer.indices { unsafe buffer[index] = bytes[index % bytes.count] }
    }
  }

  private static let size = 4096

  /// The file that the catalogues are of; opened once, it needs no name any more.
  private static let content: FileDescriptor = {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "fuzz-\(ProcessInfo.processInfo.processIdentifier).bin").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    do {
      let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
      try Data(signature + [UInt8](repeating: 1, count: size - 8)).write(to: URL(filePath: path))
      return try FileDescriptor(path)
    } catch {
      fatalError("the file cannot be written: \(error)")
    }
  }()

  static var seeds: [[UInt8]] {
    var catalogue = HDF5Catalogue()
    catalogue.nodes = [
      .init(
        parent: 0, name: "", content: .group([.init(name: "layer_names", texts: ["a", "bb"])])),
      .init(parent: 0, name: "group", content: .group([])),
    ]
    let datasets: [HDF5Catalogue.Dataset] = [
      dataset(extents: [4, 3], offset: 64), dataset(extents: [2, 0], offset: nil),
      dataset(extents: [16], layout: .chunked, chunk: [8], stored: 64, isFiltered: true),
      dataset(extents: [1 << 40, 1 << 40], layout: .chunked, chunk: [1, 1], stored: 1 << 63),
      dataset(extents: [8], elementSize: 8, rawType: .float64, layout: .compact, stored: 64),
    ]
    let plain = catalogue.message
    for (index, dataset) in datasets.enumerated() {
      catalogue.nodes.append(
        .init(parent: index % 2, name: "d\(index)", content: .dataset(dataset)))
    }
    let full = catalogue.message
    catalogue.nodes += [
      .init(parent: 0, name: "link", content: .link("/group/d1")),
      .init(parent: 1, name: "loop", content: .link("loop/..")),
      .init(
        parent: 0, name: "all",
        content: .dataset(dataset(extents: [4, 2], layout: .virtual, stored: 0))),
    ]
    catalogue.observations = HDF5Catalogue.rules.map {
      .init(rule: $0, path: "group/d1", detail: "x\u{1B}[2J")
    }
    return [plain, full, catalogue.message]
  }

  private static func dataset(
    extents: [UInt64], elementSize: UInt64 = 4, rawType: HDF5DatasetInfo.RawType = .float32,
    layout: HDF5Catalogue.Dataset.Layout = .contiguous, offset: UInt64? = nil, chunk: [UInt64] = [],
    stored: UInt64 = 48, isFiltered: Bool = false
  ) -> HDF5Catalogue.Dataset {
    .init(
      extents: extents, elementSize: elementSize, elementClass: .float, rawType: rawType,
      layout: layout, offset: offset, chunk: chunk, stored: stored, isFiltered: isFiltered)
  }

  static func parse(_ bytes: [UInt8]) {
    if bytes.isEmpty { return }
    for (isTolerant, purpose) in [(false, .model), (true, .model), (false, .data), (true, .data)]
      as [(Bool, HDF5File.Purpose)]
    {
      do throws(FileError) {
        let file = try HDF5File(
          content, parser: Impostor(bytes: bytes), isTolerant: isTolerant, for: purpose)
        try readAll(of: file, in: "", depth: 0)
      } catch {
        precondition(!error.description.contains("\n"))
      }
    }
  }

  private static func readAll(of file: HDF5File, in group: String, depth: Int) throws(FileError) {
    precondition(depth <= 2 * HDF5Catalogue.maximumDepth, "\(depth) groups deep")
    _ = file.strings("layer_names", in: group)
    for name in file.names(in: group) where !name.contains("/") && !name.isEmpty {
      let path = group.isEmpty ? name : "\(group)/\(name)"
      if file.hasGroup(path) {
        try readAll(of: file, in: path, depth: depth + 1)
      } else if let dataset = file.datasetIfPresent(path) {
        // What is held in memory is bounded by the file, unpacked at most 1100-fold.
        precondition(dataset.info.count * dataset.info.elementSize <= 1100 * size)
        _ = try? dataset.floats()
      }
    }
  }
}
