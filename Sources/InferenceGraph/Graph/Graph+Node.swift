extension Graph {
  /// A node of a graph: an operation, the nodes that it reads, and the shape of its result.
  ///
  /// A node is a layer of the model file and keeps its name. Like a Keras layer it can apply an
  /// activation to its operation's result.
  public struct Node: Sendable, Hashable {
    /// Unique in the graph; the layer's name in the file.
    public let name: String
    /// The operation that the node computes.
    public package(set) var operation: Graph.Operation
    /// The indices of the nodes it reads, all smaller than its own.
    public let inputs: [Int]
    /// The function applied to the operation's result.
    public let activation: Activation
    /// The shape of the result without the batch axis: `[height, width, channels]` or `[features]`.
    public let shape: [Int]

    /// The extent of the last axis.
    public var channels: Int { shape.last ?? 1 }

    /// The number of elements of the result for one image.
    public var elementCount: Int { shape.reduce(1, *) }
  }
}
