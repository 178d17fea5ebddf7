/// Rules about the configuration of a network.
extension Finding.Rule {
  /// Code in the configuration.
  public static let kerasLambda = Self(
    "keras-lambda", .error, technique: "AML.T0018.002",
    "The configuration holds code: a Lambda layer or the body of a function, compiled or not.")
  /// Binary data in a text.
  public static let kerasBlob = Self(
    "keras-blob", .error, technique: "AML.T0018.002",
    "A text in the configuration is a pickle, a program or an archive.")
  /// A layer that runs code of another framework.
  public static let kerasForeignCode = Self(
    "keras-foreign-code", .error, technique: "AML.T0011.000",
    "A layer wraps code of another framework, which loading the layer would run.")
  /// A layer that reads a file.
  public static let kerasFile = Self(
    "keras-file", .error, technique: "AML.T0037",
    "A layer names a file, which loading the layer would open.")
  /// A module that does not consist of model parts.
  public static let kerasModule = Self(
    "keras-module", .error, technique: "AML.T0011.000",
    "The configuration names a module without model parts, which Keras would import and call.")
  /// A custom class or function.
  public static let kerasCustomObject = Self(
    "keras-custom-object", .error, technique: "AML.T0018.001",
    "A class or function is not part of Keras; code from elsewhere decides what it does.")
  /// A layer class that Keras does not have.
  public static let kerasUnknownLayer = Self(
    "keras-unknown-layer", .error, technique: "AML.T0018.001",
    "A layer's class is not a layer of Keras.")
  /// A valid Keras model that this package cannot run.
  public static let kerasUnsupported = Self(
    "keras-unsupported", .note, technique: "AML.T0010.003",
    "The kind of model, or a Keras layer in it, is not supported.")
  /// A custom loss, metric or optimizer.
  public static let kerasTraining = Self(
    "keras-training", .note, technique: "AML.T0010.003",
    "The training configuration names a loss, metric or optimizer that is not part of Keras; it is "
      + "not used here.")
  /// A duplicate key in a JSON object.
  public static let kerasDuplicateKey = Self(
    "keras-duplicate-key", .error, technique: "AML.T0074",
    "A JSON object has a key twice, so that readers can see different networks.")
  /// A configuration and weights that do not fit together.
  public static let kerasConfig = Self(
    "keras-config", .error, technique: "AML.T0076",
    "Configuration and weights do not form a model: damaged, of different networks, or not from "
      + "Keras.")
  /// Contradictions that two readers would resolve differently.
  public static let kerasAmbiguous = Self(
    "keras-ambiguous", .error, technique: "AML.T0074",
    "The file contradicts itself, or readers interpret it differently, so that they can see "
      + "different networks.")
  /// Layers that Keras computes in another precision.
  public static let kerasPrecision = Self(
    "keras-precision", .note, technique: "AML.T0010.003",
    "Keras computes layers in another precision; here everything is computed in 32 bits.")
  /// Objects in the file that do not belong to a Keras model.
  public static let kerasExtra = Self(
    "keras-extra", .warning, technique: "AML.T0018.002",
    "The file holds something besides the model that Keras never writes.")
  /// A damaged or contradictory archive.
  public static let kerasArchive = Self(
    "keras-archive", .error, technique: "AML.T0074",
    "The .keras archive is damaged, or made so that readers can see different members.")
}

/// Rules about weights and connections of a network.
extension Finding.Rule {
  /// Weights that are NaN or infinite.
  public static let weightsNonfinite = Self(
    "weights-nonfinite", .error, technique: "AML.T0031",
    "Weights are NaN or infinite, which makes comparisons of scores meaningless.")
  /// Weights far beyond what training produces.
  public static let weightsExtreme = Self(
    "weights-extreme", .warning, technique: "AML.T0018.000",
    "Weights are larger than training makes them, as if to force a class.")
  /// Weights that are large compared with the rest of their layer, which also occurs in honest
  /// networks.
  public static let weightsLarge = Self(
    "weights-large", .note, technique: "AML.T0018.000",
    "Weights are far larger than others in their layer; some training does this.")
  /// Duplicate channels.
  public static let weightsDuplicated = Self(
    "weights-duplicated", .warning, technique: "AML.T0018.000",
    "Channels of a layer are exact copies of each other, which training does not produce.")
  /// Layers that do not reach the output.
  public static let graphUnreachable = Self(
    "graph-unreachable", .warning, technique: "AML.T0018.001",
    "The output does not depend on a described layer.")
  /// Layers that do not depend on the image.
  public static let graphConstantBranch = Self(
    "graph-constant-branch", .warning, technique: "AML.T0018.001",
    "A branch leads to the output but is the same for every image.")
  /// A network that needs too much memory.
  public static let graphSize = Self(
    "graph-size", .error, technique: "AML.T0029",
    "Running the network takes more memory than any real classifier.")
}
