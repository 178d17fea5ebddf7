/// Rules about files of weights: PyTorch checkpoints and safetensors.
extension Finding.Rule {
  /// An unreadable pickle.
  public static let pickleDamaged = Self(
    "pickle-damaged", .error, technique: "AML.T0076",
    "The checkpoint is damaged, truncated, or hand-made.")
  /// A pickle opcode that `torch.save` does not write.
  public static let pickleOpcode = Self(
    "pickle-opcode", .error, technique: "AML.T0011.000",
    "The pickle has an instruction that torch.save does not write for weights.")
  /// A call of a class or function that is not part of a state dict.
  public static let pickleCall = Self(
    "pickle-call", .error, technique: "AML.T0011.000",
    "Loading the pickle with Python calls a class or function that weights do not need.")
  /// A class or function that is not part of a state dict.
  public static let pickleGlobal = Self(
    "pickle-global", .warning, technique: "AML.T0011.000",
    "The pickle names a class or function that weights do not need; loading it with Python imports "
      + "its module.")
  /// A checkpoint with more parts than any network.
  public static let pickleSize = Self(
    "pickle-size", .error, technique: "AML.T0029",
    "The checkpoint declares more parts than any honest one.")
  /// A zip archive that readers can see differently.
  public static let zipArchive = Self(
    "zip-archive", .error, technique: "AML.T0074",
    "The checkpoint's zip archive is damaged, or made so that readers can see different weights.")
  /// A tensor whose elements are not in its storage.
  public static let tensorPlace = Self(
    "tensor-place", .error, technique: "AML.T0029",
    "A tensor's elements are not all in its part of the file, or several of them in one place.")
  /// An unreadable safetensors file.
  public static let safetensorsDamaged = Self(
    "safetensors-damaged", .error, technique: "AML.T0076",
    "The file is not valid safetensors: damaged, truncated, or hand-made.")
  /// Contents that are not one set of weights.
  public static let stateDict = Self(
    "state-dict", .error, technique: "AML.T0076",
    "The file does not hold one set of weights by name, or not the network's.")
  /// A valid file of PyTorch that this package cannot read.
  public static let stateUnsupported = Self(
    "state-unsupported", .note, technique: "AML.T0010.003",
    "The kind of checkpoint, or the type of its numbers, is not supported.")
  /// Contents beside the weights.
  public static let stateExtra = Self(
    "state-extra", .warning, technique: "AML.T0018.002",
    "The checkpoint holds something besides weights that is not read.")
}
