public import InferenceGraph

extension KerasModel {
  /// The version in whose form files are written; all later ones read it.
  static let writtenVersion = "2.15.0"

  /// Writes a model as a Keras `.h5` file that stock Keras loads, without any custom object.
  ///
  /// Every layer keeps its name (`/`, which Keras forbids, becomes `_`); layers that do not reach
  /// the output are left out. Activations that stock Keras cannot take inside a layer, such as
  /// capped or leaky rectifiers, follow as layers of their own. A hard sigmoid, which means different
  /// things in Keras 2 and 3, is written as a `Rescaling` and a `ReLU` capped at 1; image
  /// augmentation, whose settings are not kept, as a linear activation. Two classes that stand for
  /// one sigmoid unit are that unit again (`Graph.joiningSigmoid`). The input scale is not part of a
  /// Keras file. Equal models give equal bytes.
  ///
  /// The file appears whole or not at all.
  ///
  /// - Throws: ``FileError`` if it cannot be written, or if `path` is the file that the model came
  ///   from, which is never overwritten.
  public static func save(_ model: Model, to path: String) throws(FileError) {
    let export: KerasExport
    do {
      export = try KerasExport(model.graph)
    } catch {
      throw FileError(.cannotWrite, path: path, "the model cannot be a Keras file: \(error)")
    }
    if let source = model.source, let present = try? sha256(ofFile: path), present == source.sha256
    {
      throw FileError(
        .cannotWrite, path: path, "is the model that was read, which is kept; give another name")
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
