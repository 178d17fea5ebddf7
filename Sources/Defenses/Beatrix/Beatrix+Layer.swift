internal import DefenseKit

extension Beatrix {
  /// The most bytes of the ranges of all classes.
  static let maximumBytes = 1 << 30

  /// Returns the layer to examine and its number of channels.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model without a convolution, and
  ///   `badOption` for a named layer without a feature map or for ranges that take over 1 GiB.
  func layer(of model: Model) throws(PluginError) -> (name: String, channels: Int) {
    let graph = model.graph
    guard let name = options.layer ?? graph.lastStageInput else {
      throw PluginError(
        .unsuitableModel,
        "correlates the channels of a feature map, but \(model.name) has no convolution",
        about: .plugin(Self.name))
    }
    guard let index = graph.index(of: name), index > 0, graph.nodes[index].shape.count == 3 else {
      let names = graph.cutNodes.filter { $0 > 0 && graph.nodes[$0].shape.count == 3 }
        .map { graph.nodes[$0].name }
      throw PluginError(
        option: "layer", of: Self.name,
        "takes an inner layer whose result is [height, width, channels], not '\(name)' "
          + "(layers: \(names.joined(separator: ", ")))")
    }
    let channels = graph.nodes[index].channels
    let gram = GramMatrices(channels: channels, orders: options.orders)
    let bytes = Double(gram.count) * 8 * Double(model.classCount)
    guard bytes <= Double(Self.maximumBytes) else {
      throw PluginError(
        .badOption,
        "would take \(Int(bytes / 0x1p20)) MiB for the ranges of \(model.classCount) classes, and "
          + "1024 are the limit: '\(name)' has \(channels) channels", about: .plugin(Self.name),
        remedies: [
          .lower("orders", of: Self.name),
          .set("layer", of: Self.name, to: ["one of fewer channels"]),
        ])
    }
    return (name, channels)
  }
}
