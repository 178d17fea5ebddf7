/// A graph that cannot be built, edited or run, with the node at fault.
public struct GraphError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The name of the node at fault.
  public let node: String
  /// What is wrong with it.
  public let message: String
  /// Whether nothing is wrong but that it takes more memory than any real classifier.
  public let isTooLarge: Bool
  /// Whether nothing is wrong but that the system gives too little memory now.
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

  /// The whole message.
  public var description: String { "layer '\(node)': \(message)" }
}
