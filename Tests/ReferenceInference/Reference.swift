private import Foundation
public import InferenceGraph

/// Computes a graph for one image with plain loops in double precision.
///
/// The slow and obviously right version that the executor and the graph's editing are measured by.
/// It shares no code with either.
///
/// - Parameter image: The input's elements, row-major.
/// - Returns: For each node its result, row-major.
public func reference(_ graph: Graph, image: [Float]) -> [[Double]] {
  let network = ReferenceNetwork(graph)
  return network.results(for: [image.map { Double($0) }]).map { $0[0] }
}

/// Returns the result of the graph's output alone.
public func referenceOutput(_ graph: Graph, image: [Float]) -> [Double] {
  reference(graph, image: image)[graph.output]
}

/// Elements with a shape of three axes; missing ones in front have extent 1, more of them are one.
struct Array3 {
  var values: [Double]
  let height: Int
  let width: Int
  let channels: Int

  init(_ values: [Double], shape: [Int]) {
    let padded = [1, 1, 1] + shape
    channels = padded[padded.count - 1]
    width = padded[padded.count - 2]
    height = padded.dropLast(2).reduce(1, *)
    self.values = values
  }

  subscript(y: Int, x: Int, c: Int) -> Double { values[(y * width + x) * channels + c] }

  func contains(_ y: Int, _ x: Int) -> Bool { y >= 0 && y < height && x >= 0 && x < width }
}

/// Computes an operation for one image, without the node's activation.
func compute(
  _ operation: Graph.Operation, _ weights: LayerWeights, _ inputs: [Array3], _ shape: [Int]
) -> [Double] {
  let input = inputs[0]
  switch operation {
  case .input, .flatten, .reshape, .activation, .trainingOnly:
    return input.values
  case .convolution(let c):
    return convolution(c, weights[.kernel]!, weights[.bias], input)
  case .depthwiseConvolution(let c):
    return depthwise(c, weights[.depthwiseKernel]!, weights[.bias], input).values
  case .separableConvolution(let s):
    let spatial = depthwise(s.depthwise, weights[.depthwiseKernel]!, nil, input)
    return convolution(
      Convolution(kernel: s.pointwise), weights[.pointwiseKernel]!, weights[.bias], spatial)
  case .pooling(let p):
    return pooling(p, input)
  case .globalPooling(let kind, _):
    return (0..<input.channels).map { c in
      let all = (0..<input.height * input.width).map { input.values[$0 * input.channels + c] }
      return kind == .max ? all.max()! : all.reduce(0, +) / Double(all.count)
    }
  case .dense(let d):
    return dense(weights[.kernel]!, weights[.bias], units: d.kernel.shape[1], input)
  case .adaptivePooling:
    return adaptivelyPooled(input, shape)
  case .responseNormalization(let n):
    return responseNormalize(n, input)
  case .parametricReLU:
    return perChannel(input) { c, x in x < 0 ? weights[.alpha]![c] * x : x }
  case .matrixProduct:
    return matrixProduct(input, inputs[1])
  case .constantValue(let c):
    return c.tensor.values.map { Double($0) }
  case .batchNormalization(let b):
    let (mean, variance) = (weights[.movingMean]!, weights[.movingVariance]!)
    return normalize(b, weights, mean: mean, variance: variance, input)
  case .layerNormalization(let n):
    return layerNormalize(n, weights, input)
  case .rescaling(let r):
    return perChannel(input) { c, x in
      x * Double(r.scale[c % r.scale.count]) + Double(r.offset[c % r.offset.count])
    }
  case .zeroPadding(let top, _, let left, _):
    var result: [Double] = []
    for y in 0..<shape[0] {
      for x in 0..<shape[1] {
        for c in 0..<shape[2] {
          result.append(input.contains(y - top, x - left) ? input[y - top, x - left, c] : 0)
        }
      }
    }
    return result
  case .add:
    return merged(inputs, shape, +)
  case .multiply:
    return merged(inputs, shape, *)
  case .maximum:
    return merged(inputs, shape, max)
  case .minimum:
    return merged(inputs, shape, min)
  case .rearrange(.selection(let axis, let indices)):
    return selected(input.values, axis: axis, indices, shape)
  case .rearrange(let r):
    return rearranged(r, input, operation, shape)
  case .resize:
    return resized(input, shape)
  case .concatenate:
    var result: [Double] = []
    for y in 0..<input.height {
      for x in 0..<input.width {
        for part in inputs {
          for c in 0..<part.channels { result.append(part[y, x, c]) }
        }
      }
    }
    return result
  case .binaryLogits:
    return [0] + input.values
  }
}

private func perChannel(_ input: Array3, _ f: (Int, Double) -> Double) -> [Double] {
  input.values.enumerated().map { f($0.offset % input.channels, $0.element) }
}

/// gamma * (x - mean) / sqrt(variance + epsilon) + beta.
func normalize(
  _ b: BatchNormalization, _ weights: LayerWeights, mean: [Double], variance: [Double],
  _ input: Array3
) -> [Double] {
  let (gamma, beta) = (weights[.gamma], weights[.beta])
  return perChannel(input) { c, x in
    let deviation = (variance[c] + Double(b.epsilon)).squareRoot()
    return (gamma?[c] ?? 1) * (x - mean[c]) / deviation + (beta?[c] ?? 0)
  }
}

/// gamma * (x - mean) / sqrt(variance + epsilon) + beta, over the elements that share a mean.
private func layerNormalize(
  _ n: LayerNormalization, _ weights: LayerWeights, _ input: Array3
) -> [Double] {
  /// Elements with the same number share a mean.
  let share: [Int] = input.values.indices.map { index in
    switch n.scope {
    case .position: index / input.channels
    case .groups(let count): index % input.channels / (input.channels / count)
    }
  }
  var moments: [Int: (mean: Double, variance: Double)] = [:]
  for (number, members) in Dictionary(grouping: input.values.indices, by: { share[$0] }) {
    let mine = members.map { input.values[$0] }
    let mean = mine.reduce(0, +) / Double(mine.count)
    let squares = mine.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    moments[number] = (mean, squares / Double(mine.count))
  }
  return input.values.indices.map { index in
    let (mean, variance) = moments[share[index]]!
    let c = index % input.channels
    return (weights[.gamma]?[c] ?? 1) * (input.values[index] - mean)
      / (variance + Double(n.epsilon)).squareRoot() + (weights[.beta]?[c] ?? 0)
  }
}

/// x / (bias + alpha / size * the sum of squares around the channel)^beta.
private func responseNormalize(_ n: ResponseNormalization, _ input: Array3) -> [Double] {
  input.values.indices.map { index in
    let c = index % input.channels
    let first = max(0, c - (n.size - 1) / 2)
    let last = min(input.channels - 1, c + n.size / 2)
    let squares = (first...last).reduce(0.0) {
      $0 + input.values[index - c + $1] * input.values[index - c + $1]
    }
    let sum = Double(n.bias) + Double(n.alpha) / Double(n.size) * squares
    return input.values[index] / pow(sum, Double(n.beta))
  }
}

/// The products of matrices [width, channels], one for each row of the images.
private func matrixProduct(_ a: Array3, _ b: Array3) -> [Double] {
  var result: [Double] = []
  for m in 0..<a.height {
    for i in 0..<a.width {
      for j in 0..<b.channels {
        result.append((0..<a.channels).reduce(0) { $0 + a[m, i, $1] * b[m, $1, j] })
      }
    }
  }
  return result
}

private func dense(
  _ kernel: [Double], _ bias: [Double]?, units: Int, _ input: Array3
) -> [Double] {
  var result: [Double] = []
  for row in 0..<input.height * input.width {
    for u in 0..<units {
      var sum = bias?[u] ?? 0
      for c in 0..<input.channels {
        sum += input.values[row * input.channels + c] * kernel[c * units + u]
      }
      result.append(sum)
    }
  }
  return result
}

private func merged(
  _ inputs: [Array3], _ shape: [Int], _ f: (Double, Double) -> Double
) -> [Double] {
  let whole = Array3([], shape: shape)
  var result: [Double] = []
  for y in 0..<whole.height {
    for x in 0..<whole.width {
      for c in 0..<whole.channels {
        let elements = inputs.map {
          $0[$0.height == 1 ? 0 : y, $0.width == 1 ? 0 : x, $0.channels == 1 ? 0 : c]
        }
        result.append(elements.dropFirst().reduce(elements[0], f))
      }
    }
  }
  return result
}
