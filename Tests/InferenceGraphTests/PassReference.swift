import InferenceGraph

@testable import InferenceGraph
@testable import ReferenceInference

/// What lists of nodes compute, by the reference's plain loops in double precision.
enum PassReference {
  private static func value(
    _ operation: Graph.Operation, _ inputs: [Array3], _ shape: [Int]
  ) -> [Double] {
    var weights: LayerWeights = [:]
    for (role, tensor) in operation.namedWeights { weights[role] = tensor.values.map(Double.init) }
    return compute(operation, weights, inputs, shape)
  }

  private static func zero(_ channels: [Int], of values: [Double], _ count: Int) -> [Double] {
    values.enumerated().map { channels.contains($0.offset % count) ? 0 : $0.element }
  }

  /// The values of all nodes for an image.
  static func values(_ nodes: [IRNode], image: [Double]) -> [[Double]] {
    var results: [[Double]] = []
    for node in nodes {
      let channels = node.shape.last ?? 1
      let inputs = node.inputs.map { Array3(results[$0], shape: nodes[$0].shape) }
      var result =
        node.operation == .input
        ? image.map { $0 * Double(node.inputScale) } : value(node.operation, inputs, node.shape)
      result = node.activation.reference(result, channels: channels)
      results.append(zero(node.zeroed, of: result, channels))
    }
    return results
  }

  /// The values of all nodes, some of which are given.
  static func values(_ graph: Fused, given: [Int: [Double]]) -> [[Double]] {
    var results: [[Double]] = []
    for (index, node) in graph.nodes.enumerated() {
      if node.isInput {
        results.append(given[index]!)
        continue
      }
      let channels = node.shape.last ?? 1
      let inputs = node.inputs.map { Array3(results[$0], shape: graph.nodes[$0].shape) }
      var result = value(node.operation, inputs, node.operationShape)
      if let (scale, shift) = node.epilogue.affine {
        result = result.enumerated().map {
          $0.element * Double(scale[$0.offset % channels]) + Double(shift[$0.offset % channels])
        }
      }
      result = node.epilogue.activation.reference(result, channels: channels)
      if node.epilogue.poolsSquares {
        let pooling = Graph.Operation.pooling(Pooling(.max, window: Extent(2, 2)))
        result = value(pooling, [Array3(result, shape: node.operationShape)], node.shape)
      }
      results.append(zero(node.epilogue.zeroed, of: result, channels))
    }
    return results
  }

  /// The largest difference of two values, as a part of their size where it is over 1.
  static func difference(_ a: [Double], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).map { abs($0 - $1) / max(1, abs($0)) }.max() ?? 0
  }
}
