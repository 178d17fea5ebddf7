/// What it takes to compute some nodes, given others: needed nodes alone, and convolutions and dense
/// layers with what follows them as their epilogue.
///
/// Fused into a layer are a normalization or rescaling, an element-wise activation and a 2x2
/// maximum pooling, in this order, if nothing else reads what lies between.
struct Fused: Sendable {
  /// Where given values come from.
  enum Given: Sendable {
    /// They are images: put in place block after block, and known to be finite.
    case images
    /// They are results of another graph: of a whole group at once, and of any value.
    case values
  }

  /// In topological order.
  private(set) var nodes: [FusedNode] = []
  /// Which node has the value of a node that was there before; nil if none has.
  private(set) var index: [Int?]
  /// The nodes whose values are asked for.
  private(set) var kept: Set<Int> = []
  /// The nodes whose values layers with weights read: they are to be checked (``noClass``).
  private(set) var checked: [Int] = []
  let given: Given

  /// - Parameters:
  ///   - source: The nodes to fuse.
  ///   - given: Nodes whose values are put in place from outside; inputs always are.
  ///   - kept: Nodes whose values are asked for.
  ///   - origin: Where given values come from.
  init(
    _ source: [IRNode], given: Set<Int>, kept: Set<Int>, from origin: Given = .images
  ) {
    self.given = origin
    index = Array(repeating: nil, count: source.count)
    let isNeeded = source.isNeeded(for: kept, given: given)
    var readers = [[Int]](repeating: [], count: source.count)
    for reader in source.indices where isNeeded[reader] && !given.contains(reader) {
      for input in source[reader].inputs { readers[input].append(reader) }
    }
    /// The only node that reads another, if the value is needed nowhere else.
    func soleReader(of index: Int) -> Int? {
      readers[index].count == 1 && !kept.contains(index) ? readers[index][0] : nil
    }
    var isDone = [Bool](repeating: false, count: source.count)
    for first in source.indices where isNeeded[first] && !isDone[first] {
      var last = first
      var node =
        given.contains(first)
        ? FusedNode(given: source[first].shape)
        : FusedNode(source[first], inputs: source[first].inputs.map { index[$0]! })
      if node.operation.takesEpilogue {
        while let next = soleReader(of: last), node.fuse(source[next]) {
          last = next
          isDone[last] = true
        }
      }
      if kept.contains(last) { self.kept.insert(nodes.count) }
      index[last] = nodes.count
      append(node)
    }
  }

  private mutating func append(_ node: FusedNode) {
    if node.operation.hasOwnChannels, let input = node.inputs.first, !checked.contains(input),
      !(given == .images && nodes[input].isGiven)
    {
      checked.append(input)
    }
    nodes.append(node)
  }

  /// The checked values that a node's depends on, as positions in ``checked``, ascending.
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

extension Operation {
  /// Whether nodes are fused into it.
  fileprivate var takesEpilogue: Bool {
    switch self {
    case .convolution, .dense: true
    case .input, .depthwiseConvolution, .separableConvolution, .pooling, .globalPooling,
      .batchNormalization, .layerNormalization, .rescaling, .flatten, .reshape, .zeroPadding,
      .activation, .add, .multiply, .maximum, .minimum, .concatenate, .rearrange, .resize,
      .binaryLogits, .trainingOnly:
      false
    }
  }
}

extension Fused: CustomStringConvertible {
  /// One line a node.
  var description: String {
    nodes.indices.map { index in
      let node = nodes[index]
      var text = "\(index): \(node.isGiven ? "given" : node.operation.text(reading: node.inputs))"
      let epilogue = "\(node.epilogue)"
      if !epilogue.isEmpty { text += ", " + epilogue }
      text += " -> \(node.shape)"
      if kept.contains(index) { text += ", kept" }
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
