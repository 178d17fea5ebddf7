/// A classifier as a value: a graph with weights, and the metadata of its file.
///
/// Repairing a model returns another one; nothing changes in place. Copies share all weights that
/// were not edited.
public struct Model: Sendable {
  /// The network.
  public var graph: Graph

  /// What happens to a data set's values before they enter the network.
  public var preprocessing: Preprocessing

  /// The model's name in its file's configuration.
  public var name: String

  /// The file that the model was loaded from; nil for a model made in memory.
  public var source: Source?

  /// The file that describes the network, if ``source`` holds only weights.
  public var architecture: Source?

  /// The name of the output with the scores, if the file has several.
  public var outputLayer: String?

  /// Remarks for the user about how the file was read, one line each.
  public var notes: [String] = []

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
  public init(
    graph: Graph, preprocessing: Preprocessing = Preprocessing(), name: String = "model",
    source: Source? = nil
  ) {
    self.graph = graph
    self.preprocessing = preprocessing
    self.name = name
    self.source = source
  }

  /// The number of classes, N. A detector's answer "flagged" is class N, counted from 0.
  public var classCount: Int { graph.outputShape.reduce(1, *) }

  /// Checks ``preprocessing`` for the network's images.
  ///
  /// - Throws: ``GraphError`` that names the input.
  package func checkPreprocessing() throws(GraphError) {
    if let problem = preprocessing.problem(for: graph.inputShape) {
      throw GraphError(node: graph.nodes[0].name, "its preprocessing does not fit: \(problem)")
    }
  }
}
