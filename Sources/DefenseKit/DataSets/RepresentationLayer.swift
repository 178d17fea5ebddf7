public import InferenceGraph

/// The layer whose values represent an image to a data-set detector.
public struct RepresentationLayer: Sendable {
  /// The layer's name.
  public let name: String
  /// The number of its values for one image.
  public let size: Int
  private let model: Model
  private let plugin: String

  /// The representations of all images of one label.
  public struct Group: Sendable {
    /// The label.
    public let label: Int32
    /// The positions of the images with a finite representation, in the order of their content.
    public let images: [Int]
    /// The representations of these images, `[images][size]`.
    public let rows: [Float]
    /// The positions of the images whose representation is NaN or infinite.
    public let broken: [Int]

    /// The number of all images of the label.
    public var count: Int { images.count + broken.count }
  }

  /// Finds the layer.
  ///
  /// - Parameters:
  ///   - name: The value of the plugin's option `layer`; nil for the layer that the classifier head
  ///     reads.
  ///   - model: The model.
  ///   - plugin: The plugin's name, for errors and warnings.
  /// - Throws: ``PluginError`` with code `badOption` for a layer that does not exist, and with code
  ///   `unsuitableModel` for a model without a layer before the classifier.
  public init(_ name: String?, of model: Model, for plugin: String) throws(PluginError) {
    guard let wanted = name ?? model.graph.representation,
      let node = model.graph.nodes.first(where: { $0.name == wanted })
    else {
      if let name {
        throw PluginError(
          option: "layer", of: plugin,
          "takes a layer of the model, not '\(name)'; inspect the model for the names")
      }
      throw PluginError(
        .unsuitableModel,
        "reads the layer before the classifier, but \(model.name) has none",
        about: .plugin(plugin), remedies: [.advice("name a layer as \(plugin).layer")])
    }
    (self.name, size) = (wanted, node.elementCount)
    self.model = model
    self.plugin = plugin
  }

  /// Calls `body` with the representations of each label in turn, in ascending order.
  ///
  /// Warns of images whose representation is not finite. The order of the images does not depend on
  /// the order of the set.
  ///
  /// - Throws: ``PluginError`` with code `badOption` for a layer with too many values; the
  ///   execution's errors; those of `body`.
  public func forEachLabel(
    of training: TrainingData, in context: RunContext, _ body: (Group) throws -> Void
  ) throws {
    try forEachLabel(
      training.source, training.labels, training.contentOrder(), training.name, in: context, body)
  }

  /// Calls `body` with the representations of each label of clean images in turn, in ascending
  /// order.
  ///
  /// - Throws: As for training data.
  public func forEachLabel(
    of clean: CleanData, in context: RunContext, _ body: (Group) throws -> Void
  ) throws {
    try forEachLabel(
      clean.source, clean.labels, clean.contentOrder(), clean.name, in: context, body)
  }

  private func forEachLabel(
    _ source: any SampleSource, _ labels: [Int32], _ order: [Int], _ set: String,
    in context: RunContext, _ body: (Group) throws -> Void
  ) throws {
    let executor = try Executor([model], observing: [(0, name)], options: context.execution)
    var positions: [Int32: [Int]] = [:]
    for position in order { positions[labels[position], default: []].append(position) }
    var broken = 0
    try context.phase("representations", images: labels.count) { progress in
      var done = 0
      for label in positions.keys.sorted() {
        try context.checkCancellation()
        let images = positions[label] ?? []
        guard images.count <= Self.maximumValues / size else {
          throw PluginError(
            option: "layer", of: plugin,
            "takes a later layer: '\(name)' has \(size) values for each image, too many for "
              + "the \(images.count) images of label \(label)")
        }
        let before = done
        var rows = try executor.observations(of: Subset(of: source, images)) {
          progress(before + $0)
        }[0]
        let isFinite = images.indices.map { row in
          rows[row * size..<(row + 1) * size].allSatisfy(\.isFinite)
        }
        let finite = images.indices.filter { isFinite[$0] }
        if finite.count < images.count {
          rows = finite.flatMap { rows[$0 * size..<($0 + 1) * size] }
        }
        broken += images.count - finite.count
        try body(
          Group(
            label: label, images: finite.map { images[$0] }, rows: rows,
            broken: images.indices.filter { !isFinite[$0] }.map { images[$0] }))
        done += images.count
      }
    }
    if broken > 0 {
      context.warn(
        "\(plugin): the representations of \(broken) of \(labels.count) images of \(set) are NaN "
          + "or infinite; these images get no score")
    }
    context.count(run: Double(labels.count), alone: Double(labels.count))
  }

  /// The maximum number of values of all images of one label, 4 GiB.
  private static let maximumValues = 1 << 30
}
