/// A classifier as a value: its graph with weights, and what its file says about it.
///
/// Repairing a model returns another one; nothing is changed in place. Copies share the weights
/// that were not edited.
public struct Model: Sendable {
  /// The network.
  public var graph: Graph

  /// The factor by which a data set's values are multiplied before they enter the network.
  ///
  /// It belongs to the model: some are trained on 0...255, others on 0...1 (scale 1/255).
  public var inputScale: Float

  /// The model's name, as its file's configuration gives it.
  public var name: String

  /// The file the model came from.
  public var source: Source?

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

  /// The number of classes, N; a detector's verdict "backdoored" is class N, counted from 0.
  public var classCount: Int { graph.outputShape.reduce(1, *) }
}
