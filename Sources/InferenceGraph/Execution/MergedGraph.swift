/// The nodes of several models, equal ones once.
///
/// Two nodes are equal if their operations (weights included), activations and inputs are. Equality
/// is decided by comparing, not by hashing: a suspect model must not be able to pass one layer off
/// as another. Arrays that share storage, as in a model and its repaired copies, compare at once.
///
/// A convolution with masked channels is a copy of the unmasked one with zeros, if that one runs
/// too; so are activations and poolings of it (``Entry/zeroed``).
struct MergedGraph {
  struct Entry: Sendable {
    let operation: Operation
    let activation: Activation
    let inputs: [Int]
    let shape: [Int]
    /// The factor applied to the images, for input nodes.
    var inputScale: Float = 1
    /// Channels that are zero instead of what the operation gives: masked ones.
    var zeroed: [Int] = []
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
    if let input = entry.inputs.first, entry.inputs.count == 1, entry.keepsZeros,
      !nodes[input].zeroed.isEmpty
    {
      // The same operation on the unmasked value, masked afterwards.
      let whole = insert(
        Entry(
          operation: entry.operation, activation: entry.activation, inputs: nodes[input].inputs,
          shape: entry.shape))
      return insert(zeroing(nodes[input].zeroed, of: whole))
    }
    let key = Key(
      kind: entry.operation.displayName, inputs: entry.inputs, shape: entry.shape)
    let equal =
      !sharing
      ? nil
      : known[key]?.first {
        nodes[$0].inputScale == entry.inputScale && nodes[$0].activation == entry.activation
          && nodes[$0].operation == entry.operation && nodes[$0].zeroed == entry.zeroed
      }
    if let equal { return equal }
    if sharing, entry.keepsZeros(entry.activation), let candidates = known[key] {
      for candidate in candidates where nodes[candidate].activation == entry.activation {
        if let channels = entry.operation.maskedChannels(of: nodes[candidate].operation) {
          return insert(zeroing(channels, of: candidate))
        }
      }
    }
    known[key, default: []].append(nodes.count)
    nodes.append(entry)
    return nodes.count - 1
  }

  private func zeroing(_ channels: [Int], of entry: Int) -> Entry {
    Entry(
      operation: .activation, activation: .linear, inputs: [entry], shape: nodes[entry].shape,
      zeroed: channels)
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

extension MergedGraph.Entry {
  /// Whether a channel of zeros comes out as zeros, and every other one unchanged by it.
  fileprivate var keepsZeros: Bool {
    operation.keepsChannelsApart && operation.keepsZeros && zeroed.isEmpty
      && keepsZeros(activation)
  }

  fileprivate func keepsZeros(_ activation: Activation) -> Bool {
    activation == .linear || activation == .relu
  }
}

extension Operation {
  /// The channels in which this convolution's kernel and bias are zero, if in all others it is the
  /// same as `original`.
  func maskedChannels(of original: Operation) -> [Int]? {
    guard case .convolution(let masked) = self, case .convolution(var whole) = original,
      masked.kernel.shape == whole.kernel.shape
    else { return nil }
    let filters = masked.kernel.shape[3]
    var isZero = masked.bias?.values.map { $0 == 0 } ?? Array(repeating: true, count: filters)
    for (index, weight) in masked.kernel.values.enumerated() where weight != 0 {
      isZero[index % filters] = false
    }
    let channels = isZero.indices.filter { isZero[$0] }
    whole.kernel = whole.kernel.zeroing(channels, axis: 3)
    whole.bias = whole.bias?.zeroing(channels, axis: 0)
    return whole == masked && !channels.isEmpty ? channels : nil
  }
}
