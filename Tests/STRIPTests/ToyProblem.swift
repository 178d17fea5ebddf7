import DefenseKit
import Synchronization

/// Small networks and images for STRIP.
enum Toy {
  /// A network whose logits are its inputs times a factor.
  static func identity(_ classes: Int, factor: Float = 1) throws -> Model {
    var kernel = Array(repeating: Float(0), count: classes * classes)
    for c in 0..<classes { kernel[c * classes + c] = factor }
    var graph = try Graph(inputShape: [classes])
    try graph.append(
      "scores", .dense(Dense(kernel: Tensor(shape: [classes, classes], values: kernel))),
      inputs: [0], activation: .softmax)
    return Model(graph: graph, name: "identity")
  }

  /// A convolution, a rectifier and a dense layer with random weights, on 4x4 images of one channel.
  static func network() throws -> Model {
    var random = SeededGenerator(seed: 2)
    func tensor(_ shape: [Int], _ limit: Double) -> Tensor {
      Tensor(
        shape: shape,
        values: (0..<shape.reduce(1, *)).map { _ in Float(limit * (2 * random.unit() - 1)) })
    }
    var graph = try Graph(inputShape: [4, 4, 1])
    try graph.append(
      "conv",
      .convolution(
        Convolution(kernel: tensor([3, 3, 1, 6], 1), bias: tensor([6], 0.1), padding: .same)),
      inputs: [0], activation: .relu)
    try graph.append("flatten", .flatten, inputs: [1])
    try graph.append(
      "output", .dense(Dense(kernel: tensor([96, 4], 0.2), bias: tensor([4], 0.1))), inputs: [2],
      activation: .softmax)
    return Model(graph: graph, preprocessing: Preprocessing(scale: 0.5), name: "network")
  }

  /// Random images for it, `[images][16]`, of values from 0 to 2.
  static func images(_ count: Int, seed: UInt64) -> [[Float]] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in (0..<16).map { _ in Float(2 * random.unit()) } }
  }

  static func source(_ images: [[Float]]) -> ArraySource {
    ArraySource(images.flatMap { $0 }, imageShape: [4, 4, 1])
  }

  static func clean(_ images: [[Float]], labels: [Int32]? = nil) throws -> CleanData {
    try CleanData(
      source(images), labels: labels ?? images.indices.map { Int32($0 % 4) }, name: "clean.h5")
  }
}

/// Cancels a run when a phase of this title has made progress.
final class CancellingProgress: ProgressSink {
  private let title: String
  private let cancellation: Cancellation
  private let isRunning = Mutex(false)

  init(_ title: String, _ cancellation: Cancellation) {
    self.title = title
    self.cancellation = cancellation
  }

  func began(_ title: String, images: Int) { isRunning.withLock { $0 = title == self.title } }
  func advanced(to done: Int) {
    if isRunning.withLock({ $0 }) { cancellation.cancel() }
  }
  func ended() { isRunning.withLock { $0 = false } }
  func warned(_ message: String) {}
}
