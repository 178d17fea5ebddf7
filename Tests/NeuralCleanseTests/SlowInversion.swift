import DefenseKit
import Foundation

@testable import NeuralCleanse

/// Two dense layers, tanh between them, for images of 0...255 divided by 255.
struct SlowNetwork {
  /// `[elements][hidden]`.
  let first: [Double]
  let bias: [Double]
  /// `[hidden][classes]`.
  let last: [Double]
  let hidden: Int
  let classes: Int

  func model(_ shape: [Int]) throws -> Model {
    func tensor(_ shape: [Int], _ values: [Double]) -> Tensor {
      Tensor(shape: shape, values: values.map { Float($0) })
    }
    var graph = try Graph(inputShape: shape)
    try graph.append("flat", .flatten, inputs: [0])
    try graph.append(
      "hidden",
      .dense(
        Dense(
          kernel: tensor([shape.reduce(1, *), hidden], first), bias: tensor([hidden], bias))),
      inputs: [1], activation: .tanh)
    try graph.append(
      "scores", .dense(Dense(kernel: tensor([hidden, classes], last))), inputs: [2],
      activation: .softmax)
    return Model(graph: graph, preprocessing: Preprocessing(scale: 1 / 255))
  }

  /// Returns the class of an image and the derivatives of its cross-entropy with `target`.
  func derivatives(_ image: [Double], _ target: Int) -> (top: Int, gradient: [Double]) {
    let inner = (0..<hidden).map { unit in
      tanh(
        image.indices.reduce(bias[unit]) { $0 + image[$1] / 255 * first[$1 * hidden + unit] })
    }
    let scores = (0..<classes).map { c in
      inner.indices.reduce(0) { $0 + inner[$1] * last[$1 * classes + c] }
    }
    let sum = scores.reduce(0) { $0 + exp($1) }
    let slopes = scores.indices.map { exp(scores[$0]) / sum - ($0 == target ? 1 : 0) }
    let back = inner.indices.map { unit in
      (1 - inner[unit] * inner[unit])
        * slopes.indices.reduce(0) { $0 + slopes[$1] * last[unit * classes + $1] }
    }
    return (
      scores.firstIndex(of: scores.max()!)!,
      image.indices.map { element in
        back.indices.reduce(0) { $0 + back[$1] * first[element * hidden + $1] } / 255
      }
    )
  }
}

/// ``TriggerInversion`` in double precision, element by element, with Adam as its paper writes it.
struct SlowInversion {
  private let network: SlowNetwork
  private let channels: Int
  private var parameters: [Double]
  private let pixels: Int
  private var means: [Double]
  private var squares: [Double]
  private var steps = 0

  init(_ bounded: BoundedTrigger, _ network: SlowNetwork) {
    self.network = network
    channels = bounded.shape[2]
    pixels = bounded.mask.count
    parameters = (bounded.mask + bounded.pattern).map { Double($0) }
    means = parameters.map { _ in 0 }
    squares = means
  }

  var trigger: (mask: [Double], pattern: [Double]) {
    let values = parameters.map { tanh($0) / 2 + 0.5 }
    return (Array(values[..<pixels]), values[pixels...].map { 255 * $0 })
  }

  private func stamped(_ image: [Double]) -> [Double] {
    let (mask, pattern) = trigger
    return image.indices.map { element in
      let m = mask[element / channels]
      return (1 - m) * image[element] + m * pattern[element]
    }
  }

  /// Returns the share of images with the target class.
  func success(on images: [[Double]], _ target: Int) -> Double {
    Double(images.count { network.derivatives(stamped($0), target).top == target })
      / Double(images.count)
  }

  mutating func descend(_ images: [[Double]], _ target: Int, _ cost: Double) {
    let (mask, pattern) = trigger
    var gradient = parameters.map { _ in 0.0 }
    for image in images {
      let derivatives = network.derivatives(stamped(image), target).gradient
      for element in image.indices {
        let share = derivatives[element] / Double(images.count)
        gradient[element / channels] += share * (pattern[element] - image[element])
        gradient[pixels + element] += share * mask[element / channels]
      }
    }
    for pixel in 0..<pixels { gradient[pixel] += cost }
    steps += 1
    for index in parameters.indices {
      let value = tanh(parameters[index])
      let g = gradient[index] * (1 - value * value) / 2 * (index < pixels ? 1 : 255)
      means[index] = 0.5 * means[index] + 0.5 * g
      squares[index] = 0.9 * squares[index] + 0.1 * g * g
      let (mean, square) = (
        means[index] / (1 - pow(0.5, Double(steps))), squares[index] / (1 - pow(0.9, Double(steps)))
      )
      parameters[index] -= 0.1 * mean / (square.squareRoot() + 1e-7)
    }
  }
}
