/// The nodes needed to compute some values from others, with each convolution's and dense layer's
/// successors fused into its epilogue.
///
/// Fusion covers a normalization or rescaling, an elementwise activation and a 2x2 maximum pooling,
/// in this order, if nothing else reads the values in between.
struct Fused: Sendable {
  /// The origin of the graph's inputs.
  enum Origin: Sendable {
    /// Images, packed block after block and known to be finite.
    case images
    /// Results of another graph, for a whole group at once, which may not be finite.
    case values
  }

  /// In topological order.
  private(set) var nodes: [FusedNode] = []
  /// By node of the source: the node with the same value; nil if there is none.
  private(set) var index: [Int?]
  /// The output nodes.
  private(set) var outputs: Set<Int> = []
  /// The nodes whose values layers with weights read, and which are therefore checked
  /// (``noClass``).
  private(set) var checked: [Int] = []
  let origin: Origin

  /// - Parameters:
  ///   - source: The nodes to fuse.
  ///   - inputs: Input nodes besides those that are ``Graph/Operation/input``.
  ///   - outputs: Output nodes.
  ///   - origin: The origin of the inputs.
  init(
    _ source: [IRNode], inputs: Set<Int>, outputs: Set<Int>, from origin: Origin = .images
  ) {
    self.origin = origin
    index = Array(repeating: nil, count: source.count)
    let isNeeded = source.isNeeded(for: outputs, inputs: inputs)
    var readers = [[Int]](repeating: [], count: source.count)
    for reader in source.indices where isNeeded[reader] && !inputs.contains(reader) {
      for input in source[reader].inputs { readers[input].append(reader) }
    }
    /// Returns the only reader of a node; nil if there are more or the node is an output.
    func soleReader(of index: Int) -> Int? {
      readers[index].count == 1 && !outputs.contains(index) ? readers[index][0] : nil
    }
    var isDone = [Bool](repeating: false, count: source.count)
    for first in source.indices where isNeeded[first] && !isDone[first] {
      var last = first
      var node =
        inputs.contains(first)
        ? FusedNode(input: source[first].shape)
        : FusedNode(source[first], inputs: source[first].inputs.map { index[$0]! })
      if node.operation.takesEpilogue {
        while let next = soleReader(of: last), node.fuse(source[next]) {
          last = next
          isDone[last] = true
        }
      }
      if outputs.contains(last) { self.outputs.insert(nodes.count) }
      index[last] = nodes.count
      append(node)
    }
  }

  private mutating func append(_ node: FusedNode) {
    if node.operation.hasOwnChannels, let input = node.inputs.first, !checked.contains(input),
      !(origin == .images && nodes[input].isInput)
    {
      checked.append(input)
    }
    nodes.append(node)
  }

  /// Returns the checked values that a node depends on, as positions in ``checked``, ascending.
  func checks(behind node: Int) -> [Int] {
    var isRead = [Bool](repeating: false, count: nodes.count)
    isRead[node] = true
    var values: Set<Int> = []
    for index in stride(from: node, through: 0, by: -1) where isRead[index] {
      for input in nodes[index].inputs { isRead[input] = true }
      if nodes[index].operation.hasOwnChannels { values.insert(nodes[index].inputs[0]) }
    }
    return checked.indices.filter { values.contains(checked[$0]) }
  }
}

extension Graph.Operation {
  /// Whether successors can be fused into the operation.
  fileprivate var takesEpilogue: Bool {
    switch self {
    case .convolution, .dense: true
    case .input, .depthwiseConvolution, .separableConvolution, .pooling, .globalPooling,
      .adaptivePooling, .batchNormalization, .layerNormalization, .responseNormalization,
      .parametricReLU, .rescaling, .flatten, .reshape, .zeroPadding, .activation, .add, .multiply,
      .maximum, .minimum, .matrixProduct, .constantValue, .concatenate, .rearrange, .resize,
      .binaryLogits, .trainingOnly:
      false
    }
  }
}

extension Fused: CustomStringConvertible {
  /// One line for each node.
  var description: String {
    nodes.indices.map { index in
      let node = nodes[index]
      var text = "\(index): \(node.isInput ? "input" : node.operation.text(reading: node.inputs))"
      let epilogue = "\(node.epilogue)"
      if !epilogue.isEmpty { text += ", " + epilogue }
      text += " -> \(node.shape)"
      if outputs.contains(index) { text += ", output" }
      if checked.contains(index) { text += ", checked" }
      return text
    }.joined(separator: "\n")
  }
}

extension Pooling {
  /// Whether all windows lie inside an image of this shape.
  func isInside(_ shape: [Int]) -> Bool {
    let (rows, columns) = (grid.rows(shape[0]), grid.columns(shape[1]))
    return rows.before == 0 && rows.after == 0 && columns.before == 0 && columns.after == 0
  }
}
