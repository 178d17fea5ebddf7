extension KerasReader {
  /// Returns findings about data sets in a file of Keras's weights format that belong to no layer.
  ///
  /// - Parameter weights: The weights that belong to layers.
  static func extras(in file: HDF5File, besides weights: KerasWeights) -> [Finding] {
    // `extras(in:)` examines files with lists of layers.
    if file.namesIfListed(as: "layer_names", in: "") != nil || file.hasGroup("model_weights") {
      return []
    }
    let places = weights.places
    return file.datasets.lazy.map(\.path)
      .filter { !places.contains($0) && !isState($0) }
      .prefix(KerasAudit.maximumCount).map {
        let name = abbreviated($0)
        return Finding(
          .kerasExtra, at: name, "it holds '\(name)', which is not part of a Keras model")
      }
  }

  /// Returns whether Keras keeps something else than a weight at a path: the state of the optimizer,
  /// of metrics, or of random generators.
  private static func isState(_ path: String) -> Bool {
    let parts = path.split(separator: "/").map(String.init)
    if ["optimizer", "metrics", "_loss_tracker", "_compile_metrics"].contains(parts[0]) {
      return true
    }
    return parts.contains { part in
      if ["seed_generator", "random_generator"].contains(part) { return true }
      // Layers of one class are numbered.
      let name = part.split(separator: "_")
      let isNumbered = name.last.map { Int($0) != nil } ?? false
      return randomLayers.contains(isNumbered ? name.dropLast().joined(separator: "_") : part)
    }
  }

  private static let randomLayers = Set(
    KerasIdentity.classNames.map(KerasWeightMatching.snakeCase))
}
