public import InferenceGraph

/// Computes a graph for one image with plain loops in double precision.
///
/// The slow and obviously right version that the executor and the graph's editing are measured by.
/// It shares no code with either.
///
/// - Parameter image: The input's elements, row-major.
/// - Returns: For each node its result, row-major.
public func reference(_ graph: Graph, image: [Float]) -> [[Double]] {
  precondition(image.count == graph.nodes[0].elementCount, "\(image.count) elements")
  var results: [[Double]] = [image.map { Double($0) }]
  for node in graph.nodes.dropFirst() {
    let inputs = node.inputs.map { Array3(results[$0], shape: graph.nodes[$0].shape) }
    let plain = compute(node.operation, inputs, node.shape)
    results.append(node.activation.reference(plain, channels: node.shape.last ?? 1))
  }
  return results
}

/// Returns the result of the graph's output alone.
public func referenceOutput(_ graph: Graph, image: [Float]) -> [Double] {
  reference(graph, image: image)[graph.output]
}

/// Elements with a shape of three axes; missing ones in front have extent 1.
struct Array3 {
  var values: [Double]
  let height: Int
  let width: Int
  let channels: Int

  init(_ values: [Double], shape: [Int]) {
    let padded = Array(repeating: 1, count: 3 - shape.count) + shape
    (height, width, channels) = (padded[0], padded[1], padded[2])
    self.values = values
  }

  subscript(y: Int, x: Int, c: Int) -> Double { values[(y * width + x) * channels + c] }

  func contains(_ y: Int, _ x: Int) -> Bool { y >= 0 && y < height && x >= 0 && x < width }
}

private func compute(_ operation: Operation, _ inputs: [Array3], _ shape: [Int]) -> [Double] {
  let input = inputs[0]
  switch operation {
  case .input, .flatten, .reshape, .activation, .trainingOnly:
    return input.values
  case .convolution(let c):
    return convolution(c, input)
  case .depthwiseConvolution(let c):
    return depthwise(c, input).values
  case .separableConvolution(let s):
    return convolution(
      Convolution(kernel: s.pointwise, bias: s.bias), depthwise(s.depthwise, input))
  case .pooling(let p):
    return pooling(p, input)
  case .globalPooling(let kind, _):
    return (0..<input.channels).map { c in
      let all = (0..<input.height * input.width).map { input.values[$0 * input.channels + c] }
      return kind == .max ? all.max()! : all.reduce(0, +) / Double(all.count)
    }
  case .dense(let d):
    return dense(d, input)
  case .batchNormalization(let b):
    return perChannel(input) { c, x in
      let gamma = b.gamma.map { Double($0.values[c]) } ?? 1
      let beta = b.beta.map { Double($0.values[c]) } ?? 0
      let variance = Double(b.variance.values[c]) + Double(b.epsilon)
      return gamma * (x - Double(b.mean.values[c])) / variance.squareRoot() + beta
    }
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
  }
}

private func perChannel(_ input: Array3, _ f: (Int, Double) -> Double) -> [Double] {
  input.values.enumerated().map { f($0.offset % input.channels, $0.element) }
}

private func dense(_ d: Dense, _ input: Array3) -> [Double] {
  let units = d.kernel.shape[1]
  var result: [Double] = []
  for row in 0..<input.height * input.width {
    for u in 0..<units {
      var sum = d.bias.map { Double($0.values[u]) } ?? 0
      for c in 0..<input.channels {
        sum += input.values[row * input.channels + c] * Double(d.kernel.values[c * units + u])
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
