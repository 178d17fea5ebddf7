/// The nodes of several models, equal ones once.
///
/// Two nodes are equal if their operations (weights included), activations and inputs are. Equality
/// is decided by comparing, not by hashing: a suspect model must not be able to pass one layer off
/// as another. Arrays that share storage, as in a model and its repaired copies, compare at once.
struct MergedGraph {
  struct Entry: Sendable {
    let operation: Operation
    let activation: Activation
    let inputs: [Int]
    let shape: [Int]
    /// The factor applied to the images, for input nodes.
    var inputScale: Float = 1
  }

  /// In topological order. Compound layers are taken apart: a softmax stands behind the operation
  /// it belongs to, and a separable convolution is two.
  private(set) var nodes: [Entry] = []

  /// `index[model][node]` is where a model's node went.
  private(set) var index: [[Int]] = []

  private let sharing: Bool

  /// Candidates for equality, by what is cheap to compare.
  private var known: [Key: [Int]] = [:]

  /// Merges the models' nodes; without `sharing` every node stays by itself.
  init(_ models: [Model], sharing: Bool) {
    self.sharing = sharing
    for model in models {
      var places: [Int] = []
      for node in model.graph.nodes {
        let inputs = node.inputs.map { places[$0] }
        var operation = node.operation
        var read = inputs
        if case .separableConvolution(let s) = operation {
          var shape = node.shape
          shape[2] = s.pointwise.shape[2]
          read = [
            insert(
              Entry(
                operation: .depthwiseConvolution(s.depthwise), activation: .linear, inputs: read,
                shape: shape))
          ]
          operation = .convolution(Convolution(kernel: s.pointwise, bias: s.bias))
        }
        let splits = !node.activation.isElementwise && operation != .activation
        var place = insert(
          Entry(
            operation: operation, activation: splits ? .linear : node.activation, inputs: read,
            shape: node.shape, inputScale: operation == .input ? model.inputScale : 1))
        if splits {
          place = insert(
            Entry(
              operation: .activation, activation: node.activation, inputs: [place],
              shape: node.shape))
        }
        places.append(place)
      }
      index.append(places)
    }
  }

  /// Returns where an entry stands, after appending it if no equal one is there.
  private mutating func insert(_ entry: Entry) -> Int {
    let key = Key(
      kind: entry.operation.displayName, inputs: entry.inputs, shape: entry.shape)
    let equal =
      !sharing
      ? nil
      : known[key]?.first {
        nodes[$0].inputScale == entry.inputScale && nodes[$0].activation == entry.activation
          && nodes[$0].operation == entry.operation
      }
    if let equal { return equal }
    known[key, default: []].append(nodes.count)
    nodes.append(entry)
    return nodes.count - 1
  }

  /// What the softmax of an entry is taken of: the entry itself where it is no softmax, or one of
  /// several rows (over the channels of every pixel), which does not count as one of classes.
  func logits(of entry: Int) -> Int {
    let node = nodes[entry]
    let isSoftmax = node.operation == .activation && node.activation == .softmax
    return isSoftmax && node.shape.dropLast().allSatisfy { $0 == 1 } ? node.inputs[0] : entry
  }

  private struct Key: Hashable {
    let kind: String
    let inputs: [Int]
    let shape: [Int]
  }
}

extension Operation {
  /// Multiply-adds for one image, given the shapes of the input and the result.
  func multiplyAdds(input: [Int], output: [Int]) -> Int {
    let pixels = output.dropLast().reduce(1, *)
    switch self {
    case .convolution(let c): return pixels * c.kernel.count
    case .depthwiseConvolution(let c): return pixels * c.kernel.count
    case .separableConvolution(let c):
      return pixels * (c.depthwise.kernel.count + c.pointwise.count)
    case .dense(let d): return pixels * d.kernel.count
    default: return 0
    }
  }
}
