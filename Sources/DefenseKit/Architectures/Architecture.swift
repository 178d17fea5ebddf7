public import InferenceGraph
public import ModelIO

/// The layers of a network without weights, for training from scratch.
///
/// The architectures in ``all`` adapt to the images and the classes; one read from a file is fixed.
///
/// ```swift
/// let model = try Architecture(named: "small-cnn").model(
///   imageShape: [28, 28, 1], classCount: 10, inputScale: 1 / 255, seed: 1)
/// ```
public struct Architecture: Sendable {
  /// The name in kebab-case, or the name of the file.
  public let name: String
  /// One sentence for listings.
  public let summary: String
  /// The usual shape of the images, `[height, width, channels]`.
  public let imageShape: [Int]
  /// The number of classes, if the architecture fixes it; else nil.
  public let classCount: Int?
  /// The SHA-256 of the file that the architecture was read from; nil without a file.
  public let sha256: String?
  private let make: @Sendable (_ builder: inout ArchitectureBuilder, Int) throws(GraphError) -> Void
  /// The minimum height and width of an image.
  private let least: Int
  /// The network of an architecture from a file; else nil.
  private let fixed: Model?

  init(
    _ name: String, _ summary: String, imageShape: [Int], least: Int,
    make: @escaping @Sendable (inout ArchitectureBuilder, Int) throws(GraphError) -> Void
  ) {
    self.name = name
    self.summary = summary
    self.imageShape = imageShape
    self.make = make
    self.least = least
    classCount = nil
    sha256 = nil
    fixed = nil
  }

  /// All named architectures.
  public static let all: [Architecture] = [
    deepID, smallCNN, smallNormalizedCNN, vgg, preactResNet,
  ]

  /// Creates a named architecture.
  ///
  /// - Throws: ``PluginError`` with code `badOption`, whose message lists the names and suggests
  ///   the nearest.
  public init(named name: String) throws(PluginError) {
    guard let found = Self.all.first(where: { $0.name == name }) else {
      throw PluginError(
        .badOption,
        "takes a known name, not '\(name)'"
          + hint(for: name, among: Self.all.map(\.name), as: "architectures"),
        about: .option("architecture"), remedies: [.advice("give a Keras .h5 or JSON file")])
    }
    self = found
  }

  /// Reads an architecture from a Keras file, whose weights are ignored, or a JSON file
  /// (`model.to_json()`).
  ///
  /// - Throws: `FileError` if the file does not exist or is rejected.
  public init(file path: String, sandbox: Sandbox = .auto) throws(FileError) {
    let model = try KerasModel.architecture(path, sandbox: sandbox)
    name = path.split(separator: "/").last.map(String.init) ?? path
    summary = "The network '\(model.name)' of a Keras file."
    imageShape = model.graph.inputShape
    classCount = model.classCount
    sha256 = try ModelIO.sha256(ofFile: path)
    fixed = model
    least = 1
    make = { (_, _) throws(GraphError) in }
  }

  /// Creates a named architecture or reads one from a file: a text that contains `/` or ends in
  /// `.h5`, `.hdf5`, `.keras` or `.json` is a path.
  ///
  /// - Throws: The errors of ``init(named:)`` and ``init(file:sandbox:)``.
  public init(nameOrFile text: String, sandbox: Sandbox = .auto) throws {
    let endings = [".h5", ".hdf5", ".keras", ".json"]
    if text.contains("/") || endings.contains(where: { text.lowercased().hasSuffix($0) }) {
      try self.init(file: text, sandbox: sandbox)
    } else {
      try self.init(named: text)
    }
  }

  /// Whether the architecture comes from a file and scales the images itself, by a `Rescaling` or a
  /// `Normalization` before the first layer with weights.
  ///
  /// The networks that ``model(imageShape:classCount:inputScale:seed:)`` makes of named
  /// architectures with a scale do so once they are saved to a file.
  public var scalesImages: Bool {
    fixed?.graph.nodes.prefix { $0.operation.weights.isEmpty }.contains { node in
      if case .rescaling = node.operation { true } else { false }
    } ?? false
  }

  /// The default factor for training on images of bytes: 1 if ``scalesImages`` is true, else
  /// 1/255.
  public var byteScale: Float { scalesImages ? 1 : 1 / 255 }

  /// Returns the network without weights: all kernels are zero.
  ///
  /// - Parameters:
  ///   - imageShape: The shape of an image, `[height, width, channels]`.
  ///   - classCount: The number of classes, at least 2.
  /// - Throws: `GraphError` for images that are too small or, for an architecture from a file,
  ///   another image shape or number of classes than the file's.
  public func graph(imageShape: [Int], classCount: Int) throws(GraphError) -> Graph {
    try graph(imageShape: imageShape, classCount: classCount, inputScale: 1)
  }

  /// Returns the network with random initial weights.
  ///
  /// - Parameters:
  ///   - imageShape: The shape of an image, `[height, width, channels]`.
  ///   - classCount: The number of classes, at least 2.
  ///   - inputScale: The factor for the images' values, for example 1/255 for bytes. A named
  ///     architecture gets a layer `rescaling` for a factor other than 1, since a Keras file can
  ///     only store it as a layer. For an architecture from a file, it becomes the scale of
  ///     the model's preprocessing.
  ///   - seed: Equal seeds give equal weights.
  /// - Throws: Like ``graph(imageShape:classCount:)``.
  public func model(
    imageShape: [Int], classCount: Int, inputScale: Float = 1, seed: UInt64
  ) throws(GraphError) -> Model {
    let graph = try graph(imageShape: imageShape, classCount: classCount, inputScale: inputScale)
    return Model(
      graph: graph.initialized(seed: seed),
      preprocessing: Preprocessing(scale: fixed == nil ? 1 : inputScale),
      name: fixed?.name ?? name.replacing("-", with: "_"))
  }

  private func graph(
    imageShape: [Int], classCount: Int, inputScale: Float
  ) throws(GraphError) -> Graph {
    func fail(_ node: String, _ message: String) -> GraphError {
      GraphError(node: node, "\(message); choose another architecture or other images")
    }
    if let fixed {
      guard fixed.graph.inputShape == imageShape else {
        throw fail(
          fixed.graph.nodes[0].name,
          "\(name) takes images of shape \(fixed.graph.inputShape), but these have \(imageShape)")
      }
      guard fixed.classCount == classCount else {
        throw fail(
          fixed.graph.nodes[fixed.graph.output].name,
          "\(name) has \(fixed.classCount) classes, but the images have \(classCount)")
      }
      return fixed.graph
    }
    guard imageShape.count == 3 else {
      throw fail("input", "\(name) takes images [height, width, channels], not \(imageShape)")
    }
    guard imageShape[0] >= least, imageShape[1] >= least else {
      throw fail(
        "input",
        "\(name) takes images of at least \(least)x\(least) pixels; these have "
          + "\(imageShape[0])x\(imageShape[1])")
    }
    guard classCount >= 2 else {
      throw fail("output", "\(classCount) classes are too few; a classifier has at least 2")
    }
    var builder = try ArchitectureBuilder(imageShape)
    if inputScale != 1 {
      try builder.add("rescaling", .rescaling(Rescaling(scale: [inputScale])))
    }
    try make(&builder, classCount)
    return builder.graph
  }
}
