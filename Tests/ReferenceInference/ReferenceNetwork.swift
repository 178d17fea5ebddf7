import Foundation
public import InferenceGraph

/// The weights of one layer in double precision, row-major.
public typealias LayerWeights = [WeightRole: [Double]]

/// A graph whose weights can be changed by less than a 32-bit float can tell apart.
///
/// It computes batches of images as training does, without dropout: what the gradients of training
/// are measured by.
public struct ReferenceNetwork {
  /// The network; the weights in it are the initial ones.
  public let graph: Graph
  /// The weights of every node.
  public var weights: [LayerWeights]
  /// Whether batch normalization uses the mean and the biased variance of the batch, over images
  /// and pixels (Ioffe and Szegedy 2015), in place of the moving ones.
  public let usesBatchStatistics: Bool

  /// The results of all nodes for a batch: by node, then by image.
  public typealias Results = [[[Double]]]

  /// Takes the weights of a graph.
  public init(_ graph: Graph, usesBatchStatistics: Bool = false) {
    self.graph = graph
    self.usesBatchStatistics = usesBatchStatistics
    weights = graph.nodes.map { $0.operation.referenceWeights }
  }

  /// Returns what all nodes give for images, each row-major.
  public func results(for images: [[Double]]) -> Results {
    for image in images {
      precondition(image.count == graph.nodes[0].elementCount, "\(image.count) elements")
    }
    var results = Array(repeating: images, count: graph.nodes.count)
    update(&results, since: 0)
    return results
  }

  /// Computes again what depends on a node: its own result too unless it is the input.
  public func update(_ results: inout Results, since first: Int) {
    var isStale = Array(repeating: false, count: graph.nodes.count)
    isStale[first] = true
    for index in max(1, first)..<graph.nodes.count {
      let node = graph.nodes[index]
      guard isStale[index] || node.inputs.contains(where: { isStale[$0] }) else { continue }
      isStale[index] = true
      results[index] = plainResults(index, results).map {
        node.activation.reference($0, channels: node.shape.last ?? 1)
      }
    }
  }

  /// What a node's operation gives for each image, before its activation.
  func plainResults(_ index: Int, _ results: Results) -> [[Double]] {
    let node = graph.nodes[index]
    let images = results[node.inputs[0]].indices
    let inputs = images.map { image in
      node.inputs.map { Array3(results[$0][image], shape: graph.nodes[$0].shape) }
    }
    if usesBatchStatistics, case .batchNormalization(let b) = node.operation {
      let all = inputs.map { $0[0] }
      let (mean, variance) = moments(all)
      return all.map {
        normalize(b, weights[index], mean: mean, variance: variance, $0)
      }
    }
    return inputs.map { compute(node.operation, weights[index], $0, node.shape) }
  }

  /// Returns each image's cross-entropy in nats.
  ///
  /// - Parameters:
  ///   - results: The results of all nodes.
  ///   - labels: The class of every image.
  ///   - smoothing: s in the targets (1 - s) * onehot + s / classes (Szegedy et al. 2016).
  public func losses(_ results: Results, labels: [Int32], smoothing: Double = 0) -> [Double] {
    let output = graph.nodes[graph.output]
    return zip(results[graph.output], labels).map { scores, label in
      let logarithms =
        output.activation == .softmax
        ? scores.map { log($0) } : Activation.logSoftmax.reference(scores, channels: scores.count)
      let mean = logarithms.reduce(0, +) / Double(logarithms.count)
      return -(1 - smoothing) * logarithms[Int(label)] - smoothing * mean
    }
  }

  /// Mean and biased variance of every channel.
  public func moments(ofInputOf index: Int, _ results: Results) -> (
    mean: [Double], variance: [Double]
  ) {
    let input = graph.nodes[index].inputs[0]
    return moments(results[input].map { Array3($0, shape: graph.nodes[input].shape) })
  }

  private func moments(_ images: [Array3]) -> (mean: [Double], variance: [Double]) {
    let channels = images[0].channels
    let count = Double(images.count * images[0].height * images[0].width)
    func means(_ f: (Int, Double) -> Double) -> [Double] {
      var sums = Array(repeating: 0.0, count: channels)
      for image in images {
        for (index, x) in image.values.enumerated() {
          sums[index % channels] += f(index % channels, x)
        }
      }
      return sums.map { $0 / count }
    }
    let mean = means { $1 }
    return (mean, means { ($1 - mean[$0]) * ($1 - mean[$0]) })
  }
}

extension Graph.Operation {
  /// The weights with what they are, in double precision.
  fileprivate var referenceWeights: LayerWeights {
    var result: LayerWeights = [:]
    for (role, tensor) in namedWeights { result[role] = tensor.values.map { Double($0) } }
    return result
  }
}
