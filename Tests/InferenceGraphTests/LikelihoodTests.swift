import Foundation
import InferenceGraph
import ReferenceInference
import Synchronization
import Testing

@Suite("The likelihood of a class")
struct LikelihoodTests {
  /// -log p of one class per image, by a network whose logits are its inputs.
  private func found(
    _ logits: [[Float]], _ classes: [Prediction], softmax: Bool = true, threads: Int = 1
  ) throws -> [Float] {
    let size = logits[0].count
    var graph = try Graph(inputShape: [size])
    try graph.append("logits", .activation, inputs: [0], activation: softmax ? .softmax : .linear)
    let result = Mutex(Array(repeating: Float(-1), count: logits.count))
    try Executor([Model(graph: graph)], options: ExecutionOptions(threads: threads)).run(
      ArraySource(logits.flatMap { $0 }, imageShape: [size])
    ) { batch in
      let values = batch.negativeLogLikelihoods(of: 0, for: Array(classes[batch.indices]))
      result.withLock { $0.replaceSubrange(batch.indices, with: values) }
    }
    return result.withLock { $0 }
  }

  @Test("By hand, with a softmax at the end and without", arguments: [true, false])
  func byHand(softmax: Bool) throws {
    let half = Float(log(2.0))
    let values = try found(
      [
        [0, 0, 0, 0],  // a quarter each: log 4
        [half, 0, 0, -1000],  // 1/2, 1/4, 1/4
        [half, 0, 0, -1000],
        [1000, 0, 0, 0],  // certain
        [1000, 0, 0, 0],  // p rounds to zero, its logarithm is still -1000
        [7, 7, 7, 7],  // flagged: no class
        [7, 7, 7, 7],
      ],
      [.class(3), .class(0), .class(2), .class(0), .class(1), .flagged, .undefined],
      softmax: softmax)
    for (value, right) in zip(values, [log(4.0), log(2.0), log(4.0), 0, 1000]) {
      #expect(abs(Double(value) - right) < 1e-6)
    }
    #expect(values[5].isNaN && values[6].isNaN)
  }

  @Test(
    "Against the definition in double precision, by any number of threads",
    arguments: [1, 2, 3, 10, 37, 1283])
  func definition(classes: Int) throws {
    var random = SplitMix64(seed: UInt64(classes))
    let rows = (0..<70).map { row in
      (0..<classes).map { _ in Float.random(in: -0.5..<0.5, using: &random) * Float(row) }
    }
    let asked = rows.map { _ in Prediction.class(random.int(0...classes - 1)) }
    let values = try found(rows, asked)
    for (image, row) in rows.enumerated() {
      guard case .class(let number) = asked[image] else { continue }
      let top = Double(row.max()!)
      let sum = row.reduce(0) { $0 + exp(Double($1) - top) }
      let right = -log(exp(Double(row[number]) - top) / sum)
      #expect(abs(Double(values[image]) - right) < 1e-5 * max(1, right), "image \(image)")
      #expect(values[image] >= 0)
    }
    #expect(try found(rows, asked, threads: 3) == values)
  }

  @Test("One sigmoid unit gives -log(1 - p) and -log p")
  func binary() throws {
    let z: [Float] = [0, 1.5, -3, 80, -80]
    var graph = try Graph(inputShape: [1])
    try graph.append(
      "dense", .dense(Dense(kernel: Tensor(shape: [1, 1], values: [1]))), inputs: [0])
    try graph.append("classes", .binaryLogits, inputs: [1], activation: .softmax)
    for number in [0, 1] {
      let values = Mutex<[Float]>([])
      try Executor([Model(graph: graph)]).run(ArraySource(z, imageShape: [1])) { batch in
        let found = batch.negativeLogLikelihoods(
          of: 0, for: batch.indices.map { _ in .class(number) })
        values.withLock { $0 = found }
      }
      for (z, value) in zip(z, values.withLock { $0 }) {
        // -log of 1 / (1 + exp(-z)) for the second class.
        let right = log1p(exp(number == 1 ? -Double(z) : Double(z)))
        #expect(abs(Double(value) - right) < 1e-5 * max(1, right), "class \(number), z = \(z)")
      }
    }
  }

  @Test("NaN for an image without a class by the model, in its place alone")
  func noClass() throws {
    var graph = try Graph(inputShape: [2])
    try graph.append(
      "scores", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1e30, 0, 0, 1e30]))),
      inputs: [0])
    let result = Mutex<[Float]>([])
    try Executor([Model(graph: graph)]).run(
      ArraySource([0, 0, 1e10, 0, 0, 0], imageShape: [2])
    ) { batch in
      let values = batch.negativeLogLikelihoods(
        of: 0, for: batch.indices.map { _ in .class(0) })
      result.withLock { $0 = values }
    }
    let found = result.withLock { $0 }
    #expect(found[0] == Float(log(2.0)) && found[1].isNaN && found[2] == found[0])
  }
}
