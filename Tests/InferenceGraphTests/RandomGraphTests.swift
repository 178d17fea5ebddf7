import InferenceGraph
import ReferenceInference
import Testing

@Suite("Random graphs are worth testing with")
struct RandomGraphTests {
  @Test("equal seeds give equal graphs, others others")
  func seeds() throws {
    #expect(try RandomGraph.make(seed: 9) == RandomGraph.make(seed: 9))
    #expect(try RandomGraph.make(seed: 9) != RandomGraph.make(seed: 10))
    // The generator's first numbers for seed 0, as its authors' program prints them.
    var random = SplitMix64(seed: 0)
    #expect(random.next() == 0xE220_A839_7B1D_CDAF)
    #expect(random.next() == 0x6E78_9E6A_A1B9_65F4)
  }

  @Test("every operation and activation, groups, dilation, strides, forks and sums occur")
  func coverage() throws {
    var kinds: Set<OperationKind> = []
    var operations: Set<String> = []
    var activations: Set<Activation> = []
    var features: Set<String> = []
    for seed in UInt64(0)..<120 {
      let graph = try RandomGraph.make(seed: seed, head: seed % 4 == 0 ? .binary : .softmax)
      #expect(graph.outputShape.count == 1)
      for (index, node) in graph.nodes.enumerated() {
        kinds.insert(OperationKind(node.operation))
        operations.insert(node.operation.displayName)
        activations.insert(node.activation)
        if graph.consumers[index].count > 1 { features.insert("fork") }
        switch node.operation {
        case .convolution(let c):
          if c.dilation != .one { features.insert("dilation") }
          if c.strides.height != c.strides.width { features.insert("unequal strides") }
          if c.bias == nil { features.insert("no bias") }
          features.insert(c.padding.kind)
        case .depthwiseConvolution(let c) where c.kernel.shape[3] > 1:
          features.insert("multiplier")
        case .pooling(let p): features.insert("\(p.kind.rawValue) \(p.padding.kind)")
        default: break
        }
      }
      let outputs = referenceOutput(graph, image: RandomGraph.image(for: graph, seed: seed))
      #expect(outputs.allSatisfy { $0.isFinite })
      #expect(abs(outputs.reduce(0, +) - 1) < 1e-9)
    }
    let missing = OperationKind.allCases.filter { !kinds.contains($0) }
    #expect(missing.isEmpty, "no random graph has \(missing.map { "\($0)" })")
    #expect(operations.count == 38, "\(operations.sorted())")
    #expect(activations.count >= 26)
    #expect(
      features == [
        "fork", "dilation", "unequal strides", "no bias", "valid", "same", "multiplier",
        "max valid", "max same", "average valid", "average same", "explicit", "max explicit",
        "average explicit",
      ])
  }
}

/// The cases of `Graph.Operation`. The switch makes the compiler ask for a new one here, and the
/// test above asks for it in random graphs.
private enum OperationKind: CaseIterable {
  case input, convolution, depthwiseConvolution, separableConvolution, pooling, globalPooling,
    adaptivePooling, dense, batchNormalization, layerNormalization, responseNormalization,
    parametricReLU, rescaling, flatten, reshape, zeroPadding, activation, add, multiply, maximum,
    minimum, matrixProduct, constantValue, concatenate, rearrange, resize, binaryLogits,
    trainingOnly

  init(_ operation: Graph.Operation) {
    switch operation {
    case .input: self = .input
    case .convolution: self = .convolution
    case .depthwiseConvolution: self = .depthwiseConvolution
    case .separableConvolution: self = .separableConvolution
    case .pooling: self = .pooling
    case .globalPooling: self = .globalPooling
    case .adaptivePooling: self = .adaptivePooling
    case .dense: self = .dense
    case .batchNormalization: self = .batchNormalization
    case .layerNormalization: self = .layerNormalization
    case .responseNormalization: self = .responseNormalization
    case .parametricReLU: self = .parametricReLU
    case .rescaling: self = .rescaling
    case .flatten: self = .flatten
    case .reshape: self = .reshape
    case .zeroPadding: self = .zeroPadding
    case .activation: self = .activation
    case .add: self = .add
    case .multiply: self = .multiply
    case .maximum: self = .maximum
    case .minimum: self = .minimum
    case .matrixProduct: self = .matrixProduct
    case .constantValue: self = .constantValue
    case .concatenate: self = .concatenate
    case .rearrange: self = .rearrange
    case .resize: self = .resize
    case .binaryLogits: self = .binaryLogits
    case .trainingOnly: self = .trainingOnly
    }
  }
}

extension Padding {
  fileprivate var kind: String {
    switch self {
    case .valid: "valid"
    case .same: "same"
    case .explicit: "explicit"
    }
  }
}
