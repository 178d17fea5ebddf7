/// Rules about the configuration of a network.
extension Finding.Rule {
  /// Code in the configuration.
  public static let kerasLambda = Self(
    "keras-lambda", .error, technique: "AML.T0018.002",
    "The configuration holds code: a Lambda layer, or a function's body, compiled or not.")
  /// Binary data in a text.
  public static let kerasBlob = Self(
    "keras-blob", .error, technique: "AML.T0018.002",
    "A text in the configuration is a pickle, a program or an archive.")
  /// A layer that runs code of another framework.
  public static let kerasForeignCode = Self(
    "keras-foreign-code", .error, technique: "AML.T0011.000",
    "A layer wraps the code of another framework, which loading it would run.")
  /// A layer that reads a file.
  public static let kerasFile = Self(
    "keras-file", .error, technique: "AML.T0037",
    "A layer names a file, which loading it would open.")
  /// A module that does not consist of model parts.
  public static let kerasModule = Self(
    "keras-module", .error, technique: "AML.T0011.000",
    "A module is named that holds no parts of models; Keras would import it and call into it.")
  /// A custom class or function.
  public static let kerasCustomObject = Self(
    "keras-custom-object", .error, technique: "AML.T0018.001",
    "A class or function is not one of Keras's, so that code from elsewhere decides what it does.")
  /// A layer class that Keras does not have.
  public static let kerasUnknownLayer = Self(
    "keras-unknown-layer", .error, technique: "AML.T0018.001",
    "A layer's class is not one of Keras's layers.")
  /// A valid Keras model that this package cannot run.
  public static let kerasUnsupported = Self(
    "keras-unsupported", .note, technique: "AML.T0010.003",
    "The model is of a kind that is not supported, or uses a layer of Keras's own that is not.")
  /// A custom loss, metric or optimizer.
  public static let kerasTraining = Self(
    "keras-training", .note, technique: "AML.T0010.003",
    "The training configuration names a loss, metric or optimizer that is not one of Keras's; it is "
      + "not used here.")
  /// A duplicate key in a JSON object.
  public static let kerasDuplicateKey = Self(
    "keras-duplicate-key", .error, technique: "AML.T0074",
    "A key is twice in one JSON object, so that one reader sees another network than the next.")
  /// A configuration and weights that do not fit together.
  public static let kerasConfig = Self(
    "keras-config", .error, technique: "AML.T0076",
    "The configuration and the weights do not make a model: they are damaged, of another network, or "
      + "no Keras model's.")
  /// Contradictions that two readers would resolve differently.
  public static let kerasAmbiguous = Self(
    "keras-ambiguous", .error, technique: "AML.T0074",
    "The file says something twice and not the same, or in a form that readers take differently, so "
      + "that one sees another network than the next.")
  /// Layers that Keras computes in another precision.
  public static let kerasPrecision = Self(
    "keras-precision", .note, technique: "AML.T0010.003",
    "Layers compute in another precision in Keras than here, where all is computed in 32 bits.")
  /// Objects in the file that do not belong to a Keras model.
  public static let kerasExtra = Self(
    "keras-extra", .warning, technique: "AML.T0018.002",
    "The file holds something beside the model, which no Keras writes.")
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
    "Weights are larger than training makes them, as those that force a class are.")
  /// Weights that are large compared with the rest of their layer, which also occurs in honest
  /// networks.
  public static let weightsLarge = Self(
    "weights-large", .note, technique: "AML.T0018.000",
    "Weights are far larger than the others of their layer, as training makes some.")
  /// Duplicate channels.
  public static let weightsDuplicated = Self(
    "weights-duplicated", .warning, technique: "AML.T0018.000",
    "Channels of a layer are exact copies of each other, which training does not give.")
  /// Layers that do not reach the output.
  public static let graphUnreachable = Self(
    "graph-unreachable", .warning, technique: "AML.T0018.001",
    "A layer is described whose result the output does not depend on.")
  /// Layers that do not depend on the image.
  public static let graphConstantBranch = Self(
    "graph-constant-branch", .warning, technique: "AML.T0018.001",
    "A branch gives the same for every image and yet leads to the output.")
  /// A network that needs too much memory.
  public static let graphSize = Self(
    "graph-size", .error, technique: "AML.T0029",
    "Running the network takes more memory than any real classifier.")
}
