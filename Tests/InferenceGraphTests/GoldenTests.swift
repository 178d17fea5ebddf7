import Foundation
import InferenceGraph
import ReferenceInference
import Testing

/// One operation over one image, with what Keras computed (see Fixtures/make_golden.py).
struct GoldenCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Weights: Decodable, Sendable {
    let shape: [Int]
    let values: [Float]
    var tensor: Tensor { Tensor(shape: shape, values: values) }
  }

  /// Which are there depends on the operation.
  struct Parameters: Decodable, Sendable {
    let strides: [Int]?
    let dilation: [Int]?
    let window: [Int]?
    let same: Int?
    let groups: Int?
    let average: Int?
    let keeps: Int?
    let scale: Scale?
    let offset: [Float]?
    let center: Int?
    let epsilon: Float?
    let target: [Int]?
    let sides: [Int]?
    let activation: String?
    let alpha: Float?
    let cap: Float?
    let slope: Float?
    let threshold: Float?
  }

  /// A flag for batch normalization, factors for rescaling.
  enum Scale: Decodable, Sendable {
    case flag(Bool)
    case factors([Float])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let flag = try? container.decode(Int.self) {
        self = .flag(flag == 1)
      } else {
        self = .factors(try container.decode([Float].self))
      }
    }
  }

  let name: String
  let op: String
  let inputShape: [Int]
  let weights: [Weights]
  let parameters: Parameters
  let input: [Float]
  let outputShape: [Int]
  let output: [Double]

  var testDescription: String { name }

  static let all: [GoldenCase] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Fixtures/golden.json")
    do {
      return try JSONDecoder().decode([GoldenCase].self, from: Data(contentsOf: file))
    } catch {
      fatalError("golden.json cannot be read: \(error)")
    }
  }()

  /// The graph of the case.
  func graph() throws -> Graph {
    var graph = try Graph(inputShape: inputShape)
    let p = parameters
    func extent(_ pair: [Int]?) -> Extent { pair.map { Extent($0[0], $0[1]) } ?? .one }
    let padding: Padding = p.same == 1 ? .same : .valid
    func tensor(_ i: Int) -> Tensor? { weights.indices.contains(i) ? weights[i].tensor : nil }
    func depthwise(bias: Tensor?) -> DepthwiseConvolution {
      DepthwiseConvolution(
        kernel: weights[0].tensor, bias: bias, strides: extent(p.strides),
        dilation: extent(p.dilation), padding: padding)
    }
    let kind: PoolingKind = p.average == 1 ? .average : .max
    switch op {
    case "convolution":
      try graph.append(
        "layer",
        .convolution(
          Convolution(
            kernel: weights[0].tensor, bias: tensor(1), strides: extent(p.strides),
            dilation: extent(p.dilation), padding: padding, groups: p.groups ?? 1)), inputs: [0])
    case "depthwiseConvolution":
      try graph.append(
        "layer", .depthwiseConvolution(depthwise(bias: tensor(1))), inputs: [0])
    case "separableConvolution":
      try graph.append(
        "layer",
        .separableConvolution(
          SeparableConvolution(
            depthwise: depthwise(bias: nil), pointwise: weights[1].tensor, bias: tensor(2))),
        inputs: [0])
    case "pooling":
      try graph.append(
        "layer",
        .pooling(
          Pooling(kind, window: extent(p.window), strides: extent(p.strides), padding: padding)),
        inputs: [0])
    case "globalPooling":
      try graph.append("layer", .globalPooling(kind, keepsDimensions: p.keeps == 1), inputs: [0])
    case "dense":
      try graph.append(
        "layer", .dense(Dense(kernel: weights[0].tensor, bias: tensor(1))), inputs: [0])
    case "batchNormalization":
      var left = weights.map(\.tensor)
      var scales = false
      if case .flag(true) = p.scale { scales = true }
      let gamma = scales ? left.removeFirst() : nil
      let beta = p.center == 1 ? left.removeFirst() : nil
      try graph.append(
        "layer",
        .batchNormalization(
          BatchNormalization(
            gamma: gamma, beta: beta, mean: left[0], variance: left[1], epsilon: p.epsilon ?? 0)),
        inputs: [0])
    case "rescaling":
      guard case .factors(let scale) = p.scale else { throw GraphError(node: name, "no factors") }
      try graph.append(
        "layer", .rescaling(Rescaling(scale: scale, offset: p.offset ?? [0])), inputs: [0])
    case "flatten": try graph.append("layer", .flatten, inputs: [0])
    case "reshape": try graph.append("layer", .reshape(p.target ?? []), inputs: [0])
    case "zeroPadding":
      let s = p.sides ?? []
      try graph.append(
        "layer", .zeroPadding(top: s[0], bottom: s[1], left: s[2], right: s[3]), inputs: [0])
    case "add", "multiply", "concatenate":
      let smooth = try graph.append(
        "smooth", .pooling(Pooling(.max, window: Extent(3, 3), strides: .one, padding: .same)),
        inputs: [0])
      if op == "concatenate" {
        try graph.append("layer", .concatenate, inputs: [0, smooth, 0])
      } else {
        let mean = try graph.append(
          "mean", .globalPooling(.average, keepsDimensions: true), inputs: [0])
        try graph.append("layer", op == "add" ? .add : .multiply, inputs: [0, mean, smooth])
      }
    case "activation":
      try graph.append("layer", .activation, inputs: [0], activation: try activation())
    default: throw GraphError(node: name, "unknown operation \(op)")
    }
    return graph
  }

  private func activation() throws -> Activation {
    let p = parameters
    switch p.activation {
    case "relu": return .relu(cap: p.cap, slope: p.slope ?? 0, threshold: p.threshold ?? 0)
    case "elu": return .elu(alpha: p.alpha ?? 1)
    case "celu": return .celu(alpha: p.alpha ?? 1)
    case "hardSigmoid": return .hardSigmoid()
    case "gelu": return .gelu()
    case "geluTanh": return .gelu(approximate: true)
    default:
      let plain: [Activation] = [
        .linear, .selu, .sigmoid, .hardSiLU, .hardTanh, .silu, .tanh, .tanhShrink, .softplus,
        .softsign, .logSigmoid, .exponential, .mish, .squareplus, .hardShrink, .softShrink,
        .softmax, .logSoftmax,
      ]
      guard let found = plain.first(where: { "\($0)" == p.activation }) else {
        throw GraphError(node: name, "unknown activation \(p.activation ?? "none")")
      }
      return found
    }
  }
}

@Suite("Golden values from Keras")
struct GoldenTests {
  @Test("the reference computes what Keras computed, to 1e-5", arguments: GoldenCase.all)
  func reference(golden: GoldenCase) throws {
    let graph = try golden.graph()
    #expect(graph.outputShape == golden.outputShape)
    let output = referenceOutput(graph, image: golden.input)
    #expect(output.count == golden.output.count)
    for (mine, keras) in zip(output, golden.output) {
      #expect(abs(mine - keras) <= 1e-5 * max(1, abs(keras)))
    }
  }

  @Test("every operation and every activation is covered")
  func coverage() {
    #expect(Set(GoldenCase.all.map(\.op)).count == 15)
    #expect(Set(GoldenCase.all.compactMap(\.parameters.activation)).count == 24)
  }
}
