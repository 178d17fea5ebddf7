/// A graph that cannot be built, edited or run, with the node at fault.
public struct GraphError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The name of the node at fault.
  public let node: String
  /// What is wrong with it.
  public let message: String

  /// Creates an error.
  public init(node: String, _ message: String) {
    self.node = node
    self.message = message
  }

  /// The whole message.
  public var description: String { "layer '\(node)': \(message)" }
}
