import Foundation
import InferenceGraph
import LabFiles
import NetworkTraining
import Testing

@testable import ModelIO

@Suite("Adaptive average pooling in files")
final class AdaptivePoolingTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "adaptive-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// The means of the windows from floor(i H / n) to ceil((i + 1) H / n), for a
  /// `[height][width][2]` image, in the order of a flattened `[2][h][w]` one.
  private func means(_ image: [Float], _ from: [Int], _ to: [Int]) -> [Double] {
    var result: [Double] = []
    for channel in 0..<2 {
      for i in 0..<to[0] {
        for j in 0..<to[1] {
          var (sum, count) = (0.0, 0.0)
          for y in i * from[0]
            / to[0]..<Int((Double((i + 1) * from[0]) / Double(to[0])).rounded(.up))
          {
            let end = Int((Double((j + 1) * from[1]) / Double(to[1])).rounded(.up))
            for x in j * from[1] / to[1]..<end {
              sum += Double(image[(y * from[1] + x) * 2 + channel])
              count += 1
            }
          }
          result.append(sum / count)
        }
      }
    }
    return result
  }

  @Test("Every size to 40 and result to 9 is that of a plain loop", arguments: 1...9)
  func sizes(_ result: Int) throws {
    var random = SeededGenerator(seed: UInt64(result))
    let place = folder.appending(path: "place")
    try Data([0]).write(to: place)
    for size in 1...40 {
      let from = [size, Int.random(in: 1...40, using: &random)]
      let to = [result, Int.random(in: 1...9, using: &random)]
      let pooling = AdaptivePooling(height: to[0], width: to[1])
      var catalogue = ONNXCatalogue()
      catalogue.operatorSets = [.init(domain: "", version: 17)]
      catalogue.inputs = [
        .init(name: "image", type: 1, shape: [nil, 2, Int64(from[0]), Int64(from[1])])
      ]
      let pooled = catalogue.appendPooling(pooling, of: "image", from: from, as: "pool")
      catalogue.nodes.append(
        .init(making: "flat", "Flatten", of: [pooled], "scores", [("axis", .integer(1))]))
      catalogue.outputs = [.init(name: "scores", type: 1, shape: [])]
      let read = try ONNXImporter.build(
        ONNXFile(catalogue, from: FileDescriptor(place.path)),
        ONNXNetwork(catalogue, output: "scores")
      ).graph
      // As the operation itself, written and read again.
      var graph = try Graph(inputShape: from + [2])
      try graph.append("pool", .adaptivePooling(pooling), inputs: [0])
      try graph.append("scores", .flatten, inputs: [1])
      let path = folder.appending(path: "pool.onnx").path
      try ModelFile.save(Model(graph: graph), as: .onnx, to: path)
      let copy = try ModelFile.load(path, sandbox: .off).graph
      let image = (0..<from[0] * from[1] * 2).map { _ in Float.random(in: -1...1, using: &random) }
      let expected = means(image, from, to)
      let isDivided = from[0] % to[0] == 0 && from[1] % to[1] == 0
      for graph in [read, copy] {
        let hasPooling = graph.nodes.contains { $0.operation == .adaptivePooling(pooling) }
        #expect(hasPooling == !isDivided, "\(from) to \(to)")
      }
      let found = try scores(of: Model(graph: read), image)
      #expect(found.count == expected.count)
      for (a, b) in zip(found, expected) {
        #expect(abs(Double(a) - b) < 1e-6, "\(from) to \(to), seed \(result)")
      }
      // A network of Keras orders its scores by position, then channel.
      let ordered = try scores(of: Model(graph: copy), image)
      for place in 0..<to[0] * to[1] {
        for channel in 0..<2 {
          let right = expected[channel * to[0] * to[1] + place]
          #expect(abs(Double(ordered[2 * place + channel]) - right) < 1e-6, "\(from) to \(to)")
        }
      }
    }
  }
}
