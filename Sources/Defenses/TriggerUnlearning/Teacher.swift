internal import DefenseKit
internal import OccluderSearch
internal import Synchronization

/// The suspect, which says what the student is to keep.
struct Teacher {
  /// The layer whose values the student keeps; nil if the network has only one layer.
  let representation: String?
  private let executor: Executor
  private let classes: Int

  init(_ model: Model, in context: RunContext) throws {
    representation = model.graph.representation
    executor = try Executor(
      [try model.withLogits()], observing: representation.map { [(0, $0)] } ?? [],
      options: context.execution)
    classes = model.classCount
  }

  /// Returns logits and representations of images, `[images][classes]` and `[images][elements]`.
  func answers(
    to images: [Float], shape: [Int]
  ) throws -> (logits: [Float], representations: [Float]) {
    let source = ArraySource(images, imageShape: shape)
    let results = Mutex<(logits: [Float], values: [Float])>(
      (Array(repeating: 0, count: source.count * classes), []))
    try executor.run(source) { batch in
      let logits = batch.outputs(of: 0)
      let values = representation == nil ? [] : batch.values(ofObservation: 0)
      results.withLock { results in
        Self.put(logits, into: &results.logits, at: batch.indices)
        if results.values.isEmpty {
          results.values = Array(
            repeating: 0, count: source.count * values.count / batch.indices.count)
        }
        Self.put(values, into: &results.values, at: batch.indices)
      }
    }
    return results.withLock { ($0.logits, $0.values) }
  }

  private static func put(_ part: [Float], into all: inout [Float], at images: Range<Int>) {
    let size = part.count / images.count
    all.replaceSubrange(images.lowerBound * size..<images.upperBound * size, with: part)
  }
}
