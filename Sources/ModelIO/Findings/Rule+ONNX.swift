/// Rules about ONNX files.
extension Finding.Rule {
  /// An unreadable ONNX file.
  public static let onnxDamaged = Self(
    "onnx-damaged", .error, technique: "AML.T0076",
    "The file is not a valid ONNX model: damaged, truncated, or hand-made.")
  /// A field that readers resolve differently.
  public static let onnxDuplicateField = Self(
    "onnx-duplicate-field", .error, technique: "AML.T0074",
    "A message has a field twice, so that readers can see different networks.")
  /// Weights in another file that is not a plain file beside the model.
  public static let onnxExternal = Self(
    "onnx-external", .error, technique: "AML.T0037",
    "A tensor takes its values from a file that is not a plain file in the model's folder.")
  /// Too many parts or weights.
  public static let onnxSize = Self(
    "onnx-size", .error, technique: "AML.T0029",
    "The file declares more parts or weights than it has room for, or than any image classifier "
      + "has.")
  /// An operator that ONNX does not define.
  public static let onnxDomain = Self(
    "onnx-domain", .error, technique: "AML.T0018.001",
    "An operator is not one of ONNX; code from elsewhere decides what it does.")
  /// A valid ONNX model that this package cannot run.
  public static let onnxUnsupported = Self(
    "onnx-unsupported", .note, technique: "AML.T0010.003",
    "The kind of model, or an operator in it, is not supported.")
  /// Nodes and tensors that do not form a network.
  public static let onnxGraph = Self(
    "onnx-graph", .error, technique: "AML.T0076",
    "Nodes and tensors do not form a network: damaged, or not from an exporter.")
  /// Weights of another precision.
  public static let onnxPrecision = Self(
    "onnx-precision", .note, technique: "AML.T0010.003",
    "Weights are stored in another precision; here everything is computed in 32 bits.")
  /// Contents beside the network.
  public static let onnxExtra = Self(
    "onnx-extra", .warning, technique: "AML.T0018.002",
    "The file holds something besides the network that is not read.")
}
