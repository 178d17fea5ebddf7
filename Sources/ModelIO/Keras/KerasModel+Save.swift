public import InferenceGraph

extension KerasModel {
  /// The Keras version in whose form files are written; all later ones read it.
  static let writtenVersion = "2.15.0"

  /// Writes a model as a Keras file that stock Keras loads, without custom objects: in Keras's own
  /// format if the name ends in `.keras`, otherwise as HDF5.
  ///
  /// Every layer keeps its name, except that `_` replaces `/`, which Keras 3 forbids. Layers that
  /// the output does not depend on are omitted. An activation that stock Keras does not accept
  /// inside a layer, for example a capped or leaky rectifier, becomes a layer of its own. A hard
  /// sigmoid, which differs between Keras 2 and 3, is written as a `Rescaling` and a `ReLU` capped
  /// at 1. Image augmentation, whose settings are not stored, is written as a linear activation.
  /// Two classes that represent a single sigmoid unit become that unit again
  /// (`Graph.joiningSigmoid`). The input scale is not part of a Keras file. Equal models give equal
  /// bytes.
  ///
  /// The file is written atomically.
  ///
  /// - Throws: ``FileError`` if the model cannot be expressed in stock Keras, the file cannot be
  ///   written, or the file at `path` is the one that the model came from, which is never
  ///   overwritten.
  public static func save(_ model: Model, to path: String) throws(FileError) {
    let export: KerasExport
    do {
      export = try KerasExport(model.graph)
    } catch {
      throw FileError(
        .cannotWrite, path: path, "the model cannot be saved as a Keras file: \(error)")
    }
    try model.source?.check(path)
    if path.hasSuffix(".keras") {
      return try write(export, name: model.name, toArchive: path)
    }
    let writer = try HDF5Writer(path: path)
    try write(export, name: model.name, to: writer)
    try AtomicFile.write(try writer.image(), to: path)
  }

  private static func write(
    _ export: KerasExport, name: String, to file: borrowing HDF5Writer
  ) throws(FileError) {
    try file.write(export.config(name: name).pythonText, attribute: "model_config")
    try file.makeGroup("model_weights")
    for group in ["/", "/model_weights"] {
      try file.write("tensorflow", attribute: "backend", in: group)
      try file.write(writtenVersion, attribute: "keras_version", in: group)
    }
    try file.write(
      export.layers.map(\.name), attribute: "layer_names", in: "/model_weights")
    for layer in export.layers {
      let group = "/model_weights/\(layer.name)"
      try file.makeGroup(layer.weights.isEmpty ? group : "\(group)/\(layer.name)")
      let names = layer.weights.map { "\(layer.name)/\($0.name):0" }
      try file.write(names, attribute: "weight_names", in: group)
      for (name, weight) in zip(names, layer.weights) {
        try file.write(weight.tensor, to: "\(group)/\(name)")
      }
    }
  }
}
