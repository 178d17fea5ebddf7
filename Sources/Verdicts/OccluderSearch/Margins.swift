package import DefenseKit
internal import Synchronization

/// Runs a network on triggered images and measures how far they are drawn toward classes.
///
/// The margin of class c is z_c - max(z_j for j other than c) over the logits z, in units of the
/// mean margin of the class that the network predicts for clean images. It is over 0 where the
/// network says c, and 1 where it is as sure as of a clean image.
package struct Margins: Sendable {
  /// The number of classes.
  let classes: Int
  /// The mean clean margin, in logits.
  package let unit: Float
  /// The network's class for each clean image; nil where a value was not finite.
  package let predictions: [Int?]
  private let executor: Executor

  /// Prepares a network and runs it on the clean images.
  ///
  /// - Throws: `GraphError`; `PluginError` if no clean image has finite scores.
  package init(_ model: Model, on pool: CleanPool, in context: RunContext) throws {
    executor = try Executor([try model.withLogits()], options: context.execution)
    classes = model.classCount
    let classes = classes
    let results = Mutex<[(prediction: Int?, margin: Float)]>(
      Array(repeating: (nil, 0), count: pool.count))
    try executor.run(ArraySource(pool.values, imageShape: pool.shape)) { batch in
      let (predictions, rows) = (batch.predictions(of: 0).map(\.number), batch.outputs(of: 0))
      let margins = predictions.indices.map { index in
        predictions[index].map {
          rows.margin(index * classes..<(index + 1) * classes, of: $0)
        } ?? 0
      }
      results.withLock {
        for (position, index) in batch.indices.enumerated() {
          $0[index] = (predictions[position], margins[position])
        }
      }
    }
    context.count(run: Double(pool.count), alone: Double(pool.count))
    let found = results.withLock { $0 }
    predictions = found.map(\.prediction)
    let known = found.filter { $0.prediction != nil }
    let sum = known.reduce(0.0) { $0 + Double($1.margin) }
    unit = Float(sum / Double(max(1, known.count)))
  }

  /// Returns the margin of a class for each triggered image.
  ///
  /// - Parameters:
  ///   - images: The triggered images.
  ///   - targets: The class for each image.
  /// - Throws: The errors of the executor.
  package func margins(of images: StampedImages, toward targets: [Int]) throws -> [Float] {
    let results = Mutex([Float](repeating: -.infinity, count: images.count))
    try run(images) { indices, predictions, rows in
      let margins = indices.enumerated().map { position, index in
        margin(of: targets[index], in: rows, at: position, predictions[position])
      }
      results.withLock { $0.replaceSubrange(indices, with: margins) }
    }
    return results.withLock { $0 }
  }

  /// Returns the margin of a class in a batch's logits; -infinity for an undefined image.
  func margin(of target: Int, in rows: [Float], at position: Int, _ prediction: Int?) -> Float {
    guard prediction != nil else { return -.infinity }
    let row = position * classes..<(position + 1) * classes
    return rows.margin(row, of: target) / unit
  }

  /// Runs triggered images and passes on predictions and logits, on several threads at once.
  func run(
    _ images: StampedImages, _ body: @Sendable (Range<Int>, [Int?], [Float]) throws -> Void
  ) throws {
    try executor.run(images) { batch in
      try body(batch.indices, batch.predictions(of: 0).map(\.number), batch.outputs(of: 0))
    }
  }
}

extension Prediction {
  /// The class; nil if it is none.
  package var number: Int? {
    if case .class(let number) = self { number } else { nil }
  }
}

extension [Float] {
  /// Returns the element at `target` minus the largest other one, within a range.
  func margin(_ range: Range<Int>, of target: Int) -> Float {
    let place = range.lowerBound + target
    var largest = -Float.infinity
    for index in range where index != place && self[index] > largest { largest = self[index] }
    return self[place] - largest
  }
}

extension Model {
  /// Returns the model without a final softmax: its outputs are the logits.
  package func withLogits() throws(GraphError) -> Model {
    let end = graph.nodes[graph.output]
    guard end.activation == .softmax else { return self }
    var result = try Graph(inputShape: graph.inputShape, inputName: graph.nodes[0].name)
    for node in graph.nodes[1...graph.output] {
      try result.append(
        node.name, node.operation, inputs: node.inputs,
        activation: node.name == end.name ? .linear : node.activation)
    }
    return Model(graph: result, preprocessing: preprocessing, name: name, source: source)
  }
}
