import ReferenceInference
import Testing

@testable import InferenceGraph

/// A small network around an operation whose gradients are checked.
struct GradientCase: Sendable, CustomTestStringConvertible {
  let name: String
  let graph: Graph
  var isTraining = true
  var freezesNormalization = false

  var testDescription: String { name }

  /// - Parameter build: Appends what is checked; a dense layer that gives four logits follows.
  init(
    _ name: String, _ shape: [Int] = [5, 6, 3], isTraining: Bool = true,
    freezesNormalization: Bool = false, headless: Bool = false,
    _ build: (inout NetworkBuilder) throws -> Void
  ) {
    self.name = name
    self.isTraining = isTraining
    self.freezesNormalization = freezesNormalization
    do {
      var net = try NetworkBuilder(shape)
      try build(&net)
      if !headless {
        if net.shape.count > 1 { try net.add("head_flatten", .flatten) }
        try net.dense("head", 4)
      }
      graph = net.graph
    } catch {
      fatalError("\(name): \(error)")
    }
  }
}

extension NetworkBuilder {
  var shape: [Int] { graph.nodes[tip].shape }

  /// A convolution of any kind.
  @discardableResult
  mutating func windows(
    _ name: String, _ filters: Int, _ window: (Int, Int), strides: (Int, Int) = (1, 1),
    dilation: (Int, Int) = (1, 1), padding: Padding = .valid, groups: Int = 1, bias: Bool = true,
    activation: Activation = .linear
  ) throws -> Int {
    let kernel = tensor([window.0, window.1, channels / groups, filters])
    return try add(
      name,
      .convolution(
        Convolution(
          kernel: kernel, bias: bias ? tensor([filters]) : nil,
          strides: Extent(strides.0, strides.1), dilation: Extent(dilation.0, dilation.1),
          padding: padding, groups: groups)), activation: activation)
  }

  /// A convolution of each channel by itself.
  mutating func channelwise(
    _ window: (Int, Int), strides: (Int, Int) = (1, 1), dilation: (Int, Int) = (1, 1),
    padding: Padding = .valid, multiplier: Int = 1, bias: Bool = false
  ) -> DepthwiseConvolution {
    DepthwiseConvolution(
      kernel: tensor([window.0, window.1, channels, multiplier]),
      bias: bias ? tensor([channels * multiplier]) : nil, strides: Extent(strides.0, strides.1),
      dilation: Extent(dilation.0, dilation.1), padding: padding)
  }

  mutating func layerNormalization(
    _ scope: LayerNormalization.Scope, gamma: Bool = true, beta: Bool = true
  ) -> Graph.Operation {
    .layerNormalization(
      LayerNormalization(
        gamma: gamma ? tensor([channels]) : nil, beta: beta ? tensor([channels]) : nil,
        over: scope, epsilon: 0.1))
  }

  mutating func normalization(gamma: Bool = true, beta: Bool = true) -> Graph.Operation {
    let count = channels
    let spread = random.floats(count, limit: 0.4).map { $0 + 0.6 }
    return .batchNormalization(
      BatchNormalization(
        gamma: gamma ? tensor([count]) : nil, beta: beta ? tensor([count]) : nil,
        mean: tensor([count]), variance: Tensor(shape: [count], values: spread)))
  }
}
