/// A classifier as a value: a graph with weights, and the metadata of its file.
///
/// Repairing a model returns another one; nothing changes in place. Copies share all weights that
/// were not edited.
public struct Model: Sendable {
  /// The network.
  public var graph: Graph

  /// The factor that a data set's values are multiplied by before they enter the network.
  ///
  /// It belongs to the model: some are trained on 0...255, others on 0...1 (scale 1/255).
  public var inputScale: Float

  /// The model's name in its file's configuration.
  public var name: String

  /// The file that the model was loaded from; nil for a model made in memory.
  public var source: Source?

  /// What the reader of its file remembers for writing repaired copies in the same form; nil if
  /// there is none. Copies of the model keep it.
  package var origin: (any ModelOrigin)?

  /// A model file: its name and the SHA-256 of its bytes.
  public struct Source: Sendable, Hashable {
    /// The file's name without its folder.
    public let file: String
    /// The SHA-256 of its bytes, 64 hexadecimal digits.
    public let sha256: String

    /// Creates a source.
    public init(file: String, sha256: String) {
      self.file = file
      self.sha256 = sha256
    }
  }

  /// Creates a model.
  public init(graph: Graph, inputScale: Float = 1, name: String = "model", source: Source? = nil) {
    self.graph = graph
    self.inputScale = inputScale
    self.name = name
    self.source = source
  }

  /// The number of classes, N. A detector's answer "flagged" is class N, counted from 0.
  public var classCount: Int { graph.outputShape.reduce(1, *) }
}
