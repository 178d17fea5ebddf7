/// A graph that cannot be built, edited or run; names the node at fault.
public struct GraphError: DescribedError, Hashable {
  /// The kind of fault.
  public enum Kind: Sendable, Hashable {
    /// A network that is not supported, or not consistent.
    case unsupported
    /// A size beyond that of any real classifier.
    case tooLarge
  }

  /// The kind of fault.
  public let kind: Kind
  /// The name of the node at fault.
  public let node: String
  /// What is wrong with it.
  public let problem: String

  /// Creates an error.
  public init(node: String, _ problem: String, kind: Kind = .unsupported) {
    self.kind = kind
    self.node = node
    self.problem = problem
  }

  /// The node.
  public var subject: ErrorSubject? { .layer(node) }
  /// Empty.
  public var remedies: [Remedy] { [] }
}
