internal import DefenseKit
private import Synchronization

/// Finds the regions of images that speak most for their classes, by Grad-CAM or HiResCAM.
///
/// Source: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-Based
/// Localization", ICCV 2017, equations 1 and 2; Draelos and Carin, "Use HiResCAM instead of Grad-CAM
/// for faithful explanations of convolutional neural networks", 2020.
final class SalienceMap: Sendable {
  /// The extents of a region, in pixels of the image.
  let height: Int, width: Int
  /// The extents of the feature map.
  private let rows: Int, columns: Int, channels: Int
  /// The number of pixels of a region.
  private let regionSize: Int
  private let classCount: Int
  private let kind: SentiNet.Map
  private let batchSize = 64
  /// Differentiates the network behind the feature map; one thread at a time uses its memory.
  private let backpropagation: Mutex<Backpropagation>

  /// Prepares the network behind a layer.
  ///
  /// - Throws: `GraphError` for a network that has no gradient; `MemoryError`.
  init(
    _ suspect: Model, at layer: String, share: Double, _ kind: SentiNet.Map,
    in context: RunContext
  ) throws {
    self.kind = kind
    let suffix = try suspect.graph.suffix(after: layer)
    (height, width) = (suspect.graph.inputShape[0], suspect.graph.inputShape[1])
    let shape = suffix.inputShape
    (rows, columns, channels) = (shape[0], shape[1], shape[2])
    regionSize = max(1, Int((share * Double(height * width)).rounded()))
    classCount = suspect.classCount
    // Threads wait for each other here, so that one each suffices.
    var execution = context.execution
    execution.threads = 1
    backpropagation = Mutex(
      try Backpropagation(
        Model(graph: suffix), batchSize: batchSize, isTraining: false,
        differentiatesWeights: false, differentiatesInput: true, options: execution))
  }

  /// Returns the pixels of each image's region, ascending; empty if nothing speaks for the class.
  ///
  /// - Parameters:
  ///   - features: The feature maps, `[images][rows][columns][channels]`.
  ///   - predictions: The class of each image.
  /// - Throws: `SampleError` for features that are not finite, unless the image is undefined.
  func regions(of features: [Float], _ predictions: [Prediction]) throws -> [[Int]] {
    let size = rows * columns * channels
    var regions: [[Int]] = Array(repeating: [], count: predictions.count)
    let usable = predictions.indices.filter { image in
      guard case .class = predictions[image] else { return false }
      return features[image * size..<(image + 1) * size].allSatisfy(\.isFinite)
    }
    for first in stride(from: 0, to: usable.count, by: batchSize) {
      let part = Array(usable[first..<min(usable.count, first + batchSize)])
      let values = part.flatMap { features[$0 * size..<($0 + 1) * size] }
      let gradients = try gradients(at: values, part.map { predictions[$0] })
      for (place, image) in part.enumerated() {
        let own = place * size..<(place + 1) * size
        regions[image] = region(of: map(values[own], gradients[own]))
      }
    }
    return regions
  }

  /// Returns the gradients of each image's class's logit with respect to its feature map.
  ///
  /// - Parameters:
  ///   - features: Those of at most 64 images, all finite.
  ///   - predictions: The class of each image.
  func gradients(at features: [Float], _ predictions: [Prediction]) throws -> [Float] {
    let classCount = classCount
    return try backpropagation.withLock { backpropagation in
      let loss = Loss.outputs { outputs in
        var derivatives = Array(repeating: Float(0), count: outputs.count)
        for (image, prediction) in predictions.enumerated() {
          if case .class(let number) = prediction { derivatives[image * classCount + number] = 1 }
        }
        return (0, derivatives)
      }
      try backpropagation.differentiate(loss, at: features)
      return backpropagation.inputGradient
    }
  }

  /// Returns max(0, sum over the channels of weight times feature), `[rows][columns]`, with the
  /// gradient as weight, or its mean over the pixels.
  func map(_ features: ArraySlice<Float>, _ gradients: ArraySlice<Float>) -> [Double] {
    var weights = gradients.map { Double($0) }
    if kind == .gradCAM {
      var means = Array(repeating: 0.0, count: channels)
      for place in weights.indices {
        means[place % channels] += weights[place] / Double(rows * columns)
      }
      for place in weights.indices { weights[place] = means[place % channels] }
    }
    var map = Array(repeating: 0.0, count: rows * columns)
    for (place, feature) in features.enumerated() {
      map[place / channels] += weights[place] * Double(feature)
    }
    return map.map { max(0, $0) }
  }

  /// Returns the pixels of the image where the enlarged map is largest and positive, ascending; of
  /// equal ones the first.
  func region(of map: [Double]) -> [Int] {
    let enlarged = enlarged(map)
    let order = enlarged.indices.filter { enlarged[$0] > 0 }
      .sorted { (enlarged[$1], $0) < (enlarged[$0], $1) }
    return order.prefix(regionSize).sorted()
  }

  /// Returns the map at the image's size, interpolated between the centres of its cells.
  private func enlarged(_ map: [Double]) -> [Double] {
    func places(_ old: Int, _ new: Int) -> [(first: Int, second: Int, share: Double)] {
      (0..<new).map { place in
        let centre = (Double(place) + 0.5) * Double(old) / Double(new) - 0.5
        let limited = min(max(centre, 0), Double(old - 1))
        let first = Int(limited)
        return (first, min(first + 1, old - 1), limited - Double(first))
      }
    }
    let across = places(columns, width)
    return places(rows, height).flatMap { down in
      across.map { place in
        func row(_ row: Int) -> Double {
          let (left, right) = (map[row * columns + place.first], map[row * columns + place.second])
          return left + place.share * (right - left)
        }
        return row(down.first) + down.share * (row(down.second) - row(down.first))
      }
    }
  }
}
