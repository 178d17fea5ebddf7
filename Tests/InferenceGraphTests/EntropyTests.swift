import Foundation
import InferenceGraph
import Synchronization
import ReferenceInference
import Testing

@Suite("The entropy of predictions")
struct EntropyTests {
  /// The entropies of a network whose logits are its inputs.
  private func entropies(_ logits: [[Float]], softmax: Bool = true) throws -> [Float] {
    let classes = logits[0].count
    var graph = try Graph(inputShape: [classes])
    try graph.append("logits", .activation, inputs: [0], activation: softmax ? .softmax : .linear)
    let result = Mutex(Array(repeating: Float(-1), count: logits.count))
    try Executor([Model(graph: graph)]).run(
      ArraySource(logits.flatMap { $0 }, imageShape: [classes])
    ) { batch in
      let entropies = batch.entropies(of: 0)
      result.withLock { $0.replaceSubrange(batch.indices, with: entropies) }
    }
    return result.withLock { $0 }
  }

  @Test("By hand, in bits, with a softmax at the end and without", arguments: [true, false])
  func byHand(softmax: Bool) throws {
    let found = try entropies(
      [
        [0, 0, 0, 0],  // a quarter each: log2 4
        [7, 7, 7, 7],
        [1000, 0, 0, 0],  // certain
        [0, -1000, 0, -1000],  // one of two
        [log(2), 0, 0, -1000],  // 1/2, 1/4, 1/4: 1/2 * 1 + 1/4 * 2 + 1/4 * 2
        [3e38, -3e38, 0, 0],  // the distance overflows: still certain
      ], softmax: softmax)
    #expect(found[0] == 2 && found[1] == 2)
    #expect(found[2] == 0)
    #expect(found[3] == 1)
    #expect(abs(found[4] - 1.5) < 1e-6)
    #expect(found[5] == 0)
  }

  @Test("Against the definition in double precision", arguments: [1, 2, 3, 10, 37, 1283])
  func definition(classes: Int) throws {
    var random = SplitMix64(seed: UInt64(classes))
    let rows = (0..<40).map { row in
      (0..<classes).map { _ in Float.random(in: -0.5..<0.5, using: &random) * Float(row) }
    }
    for (row, entropy) in zip(rows, try entropies(rows)) {
      let top = Double(row.max()!)
      let parts = row.map { exp(Double($0) - top) }
      let sum = parts.reduce(0, +)
      let expected = parts.reduce(0) { $0 - ($1 == 0 ? 0 : $1 / sum * log2($1 / sum)) }
      #expect(abs(Double(entropy) - expected) < 1e-5, "\(classes) classes: \(row)")
      #expect(entropy >= 0)
    }
  }

  @Test("NaN for an image without a class, in its place alone")
  func noClass() throws {
    var graph = try Graph(inputShape: [2])
    try graph.append(
      "scores", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1e30, 0, 0, 1e30]))),
      inputs: [0])
    let source = ArraySource([0, 0, 1e10, 0, 0, 0], imageShape: [2])
    let result = Mutex<[Float]>([])
    try Executor([Model(graph: graph)]).run(source) { batch in
      let entropies = batch.entropies(of: 0)
      result.withLock { $0 = entropies }
    }
    let found = result.withLock { $0 }
    #expect(found[0] == 1 && found[1].isNaN && found[2] == 1)
  }
}
