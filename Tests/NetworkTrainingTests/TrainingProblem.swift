import InferenceGraph
import NetworkTraining
import ReferenceInference

/// A task that small networks learn in a few epochs: which quarter of a noisy image is brighter.
enum TrainingProblem {
  static let shape = [8, 8, 2]

  static func images(_ count: Int, seed: UInt64) -> TrainingSet {
    var random = SplitMix64(seed: seed)
    var values = random.floats(count * 128, limit: 0.5)
    var labels: [Int32] = []
    for image in 0..<count {
      let label = Int(random.next() % 4)
      labels.append(Int32(label))
      for y in 0..<4 {
        for x in 0..<4 {
          let pixel = (y + label / 2 * 4) * 8 + x + label % 2 * 4
          for c in 0..<2 { values[image * 128 + pixel * 2 + c] += 0.6 }
        }
      }
    }
    return TrainingSet(ArraySource(values, imageShape: shape), labels: labels)
  }

  /// Convolution, normalization, pooling, dropout, two dense layers.
  static func model(dropout: Float = 0.2) throws -> Model {
    var net = try NetworkBuilder(shape)
    try net.conv("conv", 6, activation: .linear)
    try net.normalize("bn", activation: .relu)
    try net.conv("conv_2", 5)
    try net.maxPool("pool")
    try net.add("flatten", .flatten)
    try net.add("dropout", .trainingOnly(.dropout(rate: dropout)))
    try net.dense("hidden", 12, activation: .relu)
    try net.dense("output", 4, activation: .softmax)
    return Model(graph: net.graph)
  }

  static func correct(_ model: Model, _ set: TrainingSet) throws -> Int {
    let predictions = try Executor([model]).labels(for: set.source)[0]
    return zip(predictions, set.labels).count { $0 == $1 }
  }
}
