/// One step of a graph: an operation, the nodes it reads, and the shape of what it gives.
///
/// A node is a layer of the model file and keeps its name. Like a Keras layer it may apply an
/// activation to its operation's result.
public struct Node: Sendable, Hashable {
  /// Unique in the graph; the layer's name in the file.
  public let name: String
  /// What it computes.
  public package(set) var operation: Operation
  /// The indices of the nodes it reads, all smaller than its own.
  public let inputs: [Int]
  /// Applied to the operation's result.
  public let activation: Activation
  /// The shape of the result without the batch axis: `[height, width, channels]` or `[features]`.
  public let shape: [Int]

  /// The extent of the last axis.
  public var channels: Int { shape.last ?? 1 }

  /// The number of elements an image's result has.
  public var elementCount: Int { shape.reduce(1, *) }
}
