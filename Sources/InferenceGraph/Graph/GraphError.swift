/// A graph that cannot be built, edited or run; names the node at fault.
public struct GraphError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The name of the node at fault.
  public let node: String
  /// What is wrong with it.
  public let message: String
  /// Whether the only fault is a size beyond that of any real classifier.
  public let isTooLarge: Bool
  /// Whether the only fault is that the system has too little memory at present.
  public let lacksMemory: Bool

  /// Creates an error.
  public init(
    node: String, _ message: String, isTooLarge: Bool = false, lacksMemory: Bool = false
  ) {
    self.lacksMemory = lacksMemory
    self.node = node
    self.message = message
    self.isTooLarge = isTooLarge
  }

  /// The message with the node's name.
  public var description: String { "layer '\(node)': \(message)" }
}
