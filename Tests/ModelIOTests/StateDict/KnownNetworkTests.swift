import Foundation
import InferenceGraph
import LabFiles
import Synchronization
import Testing

@testable import ModelIO

/// Networks that the names and shapes of their weights tell, beside PyTorch; see known_golden.py.
@Suite("Networks known by their weights")
final class KnownNetworkTests {
  private struct Golden: Decodable {
    let title: String
    let side: Int
    let weights: [[Cell]]
    let scores: [Float]

    /// The names of the weights and their shapes, in the order of their numbers.
    var shapes: [(name: String, shape: [Int])] {
      weights.map { cells in (cells[0].text, cells.dropFirst().map(\.number)) }
    }
  }

  private enum Cell: Decodable {
    case name(String)
    case extent(Int)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Int.self) {
        self = .extent(number)
      } else {
        self = .name(try container.decode(String.self))
      }
    }

    var text: String { if case .name(let text) = self { text } else { "" } }
    var number: Int { if case .extent(let number) = self { number } else { 0 } }
  }

  private let folder: URL
  private let golden: [Golden]

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "known-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = Lab.repository.appending(path: "Tests/ModelIOTests/Fixtures/known.json")
    golden = try JSONDecoder().decode([Golden].self, from: Data(contentsOf: file))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Writes weights as safetensors and returns the path.
  private func write(
    _ shapes: [(name: String, shape: [Int])], prefix: String = ""
  ) throws -> String {
    var (entries, data): ([String], [UInt8]) = ([], [])
    for (stream, (name, shape)) in shapes.enumerated() {
      let start = data.count
      data += PlaceNumbers.bytes(of: name, shape, stream)
      let type = name.hasSuffix("num_batches_tracked") ? "I64" : "F32"
      entries.append(
        "\"\(prefix)\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(start),"
          + "\(data.count)]}")
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    let size = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    let path = folder.appending(path: "weights.safetensors").path
    try Data(size + header + data).write(to: URL(filePath: path))
    return path
  }

  @Test("The scores are PyTorch's, with any wrapper", arguments: 0..<13)
  func scores(_ index: Int) throws {
    let network = golden[index]
    #expect(golden.count == 13)
    let prefix = ["", "module.", "net.", "module.model."][index % 4]
    // Networks that take images of any size take them as they are fitted.
    var preprocessing = Preprocessing()
    if index > 10 {
      preprocessing.fitting = ImageFitting(resize: .shorterSide(network.side))
    }
    let model = try ModelFile.load(
      write(network.shapes, prefix: prefix), preprocessing: preprocessing)
    #expect(model.graph.inputShape == [network.side, network.side, 3])
    #expect(model.notes.count == 1 && model.notes[0].contains("'\(network.title)'"))
    let image = PlaceNumbers.image(network.side)
    let result = Mutex<[Float]>([])
    try Executor([model]).run(ArraySource(image, imageShape: model.graph.inputShape)) { batch in
      result.withLock { $0 += batch.outputs(of: 0) }
    }
    let scores = result.withLock { $0 }
    let range = try #require(network.scores.max()) - (try #require(network.scores.min()))
    #expect(scores.count == network.scores.count)
    for (found, right) in zip(scores, network.scores) {
      #expect(abs(found - right) <= 1e-5 * range, "\(network.title): \(found), not \(right)")
    }
  }

  @Test("An output that the network does not have is refused")
  func outputLayer() throws {
    let path = try write(golden[0].shapes)
    let error = #expect(throws: FileError.self) { try ModelFile.load(path, outputLayer: "x") }
    #expect(error?.description == "\(path): has no output 'x'; leave output-layer out")
  }

  @Test("A weight more or less, or of another shape or name, makes it another network")
  func exactness() throws {
    for network in golden where network.shapes.count < 130 {
      func isKnown(_ shapes: [(name: String, shape: [Int])]) -> Bool {
        KnownNetwork.recognize(
          Dictionary(uniqueKeysWithValues: shapes.filter { !$0.name.hasSuffix("tracked") })) != nil
      }
      let shapes = network.shapes
      #expect(isKnown(shapes))
      #expect(!isKnown(shapes + [("more", [3])]))
      // The number of classes is free.
      let free = shapes.indices.suffix(2)
      for index in shapes.indices where !shapes[index].name.hasSuffix("tracked") {
        var other = shapes
        other.remove(at: index)
        #expect(!isKnown(other), "\(network.title) without \(shapes[index].name)")
        other = shapes
        other[index].name += "_"
        #expect(!isKnown(other), "\(network.title), \(shapes[index].name)")
        if free.contains(index) { continue }
        other = shapes
        other[index].shape[0] += 1
        #expect(!isKnown(other), "\(network.title), \(shapes[index].name)")
      }
    }
  }
}
