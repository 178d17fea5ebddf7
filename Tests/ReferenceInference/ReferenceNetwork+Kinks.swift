import InferenceGraph

extension ReferenceNetwork {
  /// How far the batch is from points where a node has no derivative, or jumps.
  ///
  /// The least distance of an element from a kink of its activation, and of the two largest elements
  /// in a pooling window from each other. Elements that are equal, or a kink themselves, do not count:
  /// they are constants, such as what a rectifier closed.
  public func kinkDistance(_ results: Results) -> Double {
    var least = Double.infinity
    for index in graph.nodes.indices.dropFirst() {
      let node = graph.nodes[index]
      let kinks = node.activation.kinks
      if !kinks.isEmpty {
        for image in plainResults(index, results) {
          for x in image {
            for kink in kinks where abs(x - kink) > Self.rounding {
              least = min(least, abs(x - kink))
            }
          }
        }
      }
      let shape = graph.nodes[node.inputs[0]].shape
      for image in results[node.inputs[0]] {
        let input = Array3(image, shape: shape)
        switch node.operation {
        case .pooling(let p) where p.kind == .max:
          eachWindow(
            input, (p.window.height, p.window.width), p.strides, .one, p.padding
          ) { taps in
            for c in 0..<input.channels {
              least = min(least, Self.lead(taps.map { input[$0.y, $0.x, c] }))
            }
          }
        case .globalPooling(.max, _):
          for c in 0..<input.channels {
            let all = stride(from: c, to: image.count, by: input.channels).map { image[$0] }
            least = min(least, Self.lead(all))
          }
        case .parametricReLU:
          for x in image where abs(x) > Self.rounding { least = min(least, abs(x)) }
        default: break
        }
      }
    }
    return least
  }

  /// How much larger the largest element is than the next one that is not equal.
  private static func lead(_ elements: [Double]) -> Double {
    let largest = elements.max()!
    return largest - (elements.filter { $0 < largest - rounding }.max() ?? -.infinity)
  }

  /// What is closer than this is equal.
  private static let rounding = 1e-13
}

extension Activation {
  /// Where the function has no derivative, or jumps.
  fileprivate var kinks: [Double] {
    switch self {
    case .relu(let cap, _, let threshold): [Double(threshold)] + (cap.map { [Double($0)] } ?? [])
    case .elu(let alpha): alpha == 1 ? [] : [0]
    case .selu: [0]
    case .hardSigmoid(let slope): [-0.5 / Double(slope), 0.5 / Double(slope)]
    case .hardSiLU: [-3, 3]
    case .hardTanh: [-1, 1]
    case .hardShrink, .softShrink: [-0.5, 0.5]
    default: []
    }
  }
}
