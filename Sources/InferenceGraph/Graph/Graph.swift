/// A directed acyclic graph of named nodes with one input and one output: an image classifier.
///
/// Nodes are in topological order: each reads only nodes before it. A graph is a value; editing
/// returns another graph, which shares all weights that did not change.
public struct Graph: Sendable, Hashable {
  /// All nodes in topological order; the first is the input.
  public package(set) var nodes: [Node]

  /// The index of the node whose result is the graph's result.
  public internal(set) var output: Int

  /// Creates a graph with only an input.
  ///
  /// - Parameters:
  ///   - inputShape: The shape of one image, `[height, width, channels]`.
  ///   - inputName: The input layer's name.
  /// - Throws: ``GraphError`` if an extent is not from 1 to 2^24.
  public init(inputShape: [Int], inputName: String = "input") throws(GraphError) {
    guard !inputShape.isEmpty, inputShape.allSatisfy({ $0 > 0 && $0 <= 1 << 24 }) else {
      throw GraphError(
        node: inputName, "the input shape \(inputShape) has an extent that is not from 1 to 2^24")
    }
    try Graph.checkSize(inputShape, node: inputName)
    nodes = [
      Node(name: inputName, operation: .input, inputs: [], activation: .linear, shape: inputShape)
    ]
    output = 0
  }

  /// Appends a node, infers its shape, and makes it the graph's output.
  ///
  /// - Parameters:
  ///   - name: A name that no other node has.
  ///   - operation: The operation to compute.
  ///   - inputs: The indices of the nodes that it reads.
  ///   - activation: The function applied to the operation's result.
  /// - Returns: The node's index.
  /// - Throws: ``GraphError``, naming the node, if the operation cannot take these inputs.
  @discardableResult
  public mutating func append(
    _ name: String, _ operation: Graph.Operation, inputs: [Int], activation: Activation = .linear
  ) throws(GraphError) -> Int {
    guard index(of: name) == nil else {
      throw GraphError(node: name, "another node has this name")
    }
    for input in inputs where !nodes.indices.contains(input) {
      throw GraphError(node: name, "it reads node \(input), which does not exist yet")
    }
    let shape = try operation.inferredShape(
      inputs: inputs.map { nodes[$0].shape }, activation: activation, node: name)
    try Graph.checkSize(shape, node: name)
    nodes.append(
      Node(name: name, operation: operation, inputs: inputs, activation: activation, shape: shape))
    output = nodes.count - 1
    return output
  }

  /// The largest number of elements that a node's result may have for one image. Offsets within a
  /// block of images are 32-bit; real image classifiers stay far below.
  static let largestElementCount = 1 << 25

  private static func checkSize(_ shape: [Int], node: String) throws(GraphError) {
    var count = 1
    for extent in shape {
      let (product, overflows) = count.multipliedReportingOverflow(by: extent)
      guard !overflows, product <= largestElementCount else {
        throw GraphError(
          node: node,
          "its result of shape \(shape) is too large: at most 2^25 elements an image are supported",
          kind: .tooLarge)
      }
      count = product
    }
  }

  /// Makes another node the graph's output.
  public mutating func setOutput(_ index: Int) {
    precondition(nodes.indices.contains(index), "node \(index) of \(nodes.count)")
    output = index
  }

  /// The shape of one image.
  public var inputShape: [Int] { nodes[0].shape }

  /// The shape of the result for one image.
  public var outputShape: [Int] { nodes[output].shape }

  /// Returns the index of the node with this name; nil if there is none.
  public func index(of name: String) -> Int? { nodes.firstIndex { $0.name == name } }

  /// For each node, the nodes that read it, in order; a node that reads another twice occurs twice.
  public var consumers: [[Int]] {
    var result: [[Int]] = Array(repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { result[input].append(index) }
    }
    return result
  }

  /// The number of weights.
  public var parameterCount: Int {
    nodes.reduce(0) { $0 + $1.operation.weights.reduce(0) { $0 + $1.count } }
  }
}
