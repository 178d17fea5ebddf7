/// Rules about files of weights: PyTorch checkpoints and safetensors.
extension Finding.Rule {
  /// A class or function that is not part of a state dict.
  public static let pickleGlobal = Self(
    "pickle-global", .error, technique: "AML.T0011.000",
    "The pickle names a class or function that weights do not need; loading it elsewhere would "
      + "import it, and may call it.")
  /// A pickle opcode that `torch.save` does not write.
  public static let pickleOpcode = Self(
    "pickle-opcode", .error, technique: "AML.T0011.000",
    "The pickle has an instruction that torch.save does not write.")
  /// A call with arguments that are not those of `torch.save`.
  public static let pickleCall = Self(
    "pickle-call", .error, technique: "AML.T0011.000",
    "The pickle calls something in another way than torch.save does.")
  /// An unreadable pickle.
  public static let pickleDamaged = Self(
    "pickle-damaged", .error, technique: "AML.T0076",
    "The checkpoint is damaged, truncated, or hand-made.")
  /// A checkpoint with more parts than any network.
  public static let pickleSize = Self(
    "pickle-size", .error, technique: "AML.T0029",
    "The checkpoint declares more parts than any honest one.")
  /// A tensor whose elements are not in its storage.
  public static let tensorPlace = Self(
    "tensor-place", .error, technique: "AML.T0029",
    "A tensor's elements lie outside its storage, or several of them in one place.")
  /// Contents that are not one set of weights.
  public static let stateDict = Self(
    "state-dict", .error, technique: "AML.T0076",
    "The file does not hold one set of weights by name, or not those of the network.")
  /// An unreadable safetensors file.
  public static let safetensorsDamaged = Self(
    "safetensors-damaged", .error, technique: "AML.T0076",
    "The file is not valid safetensors: damaged, truncated, or hand-made.")
}
