/// A value of a pickle; those within it are indices of ``PickleMachine/values``.
enum PickleValue {
  case none
  /// Something that does not matter for weights: a long number, an object.
  case opaque
  case fraction(Double)
  case boolean(Bool)
  case integer(Int)
  /// The range of the text's UTF-8 in the pickle.
  case text(Range<Int>)
  case name(PickleName)
  /// What a call of a name makes: the index of the arguments, and of the state if it has one, among
  /// the machine's ``PickleMachine/contents``.
  case object(PickleName, Int)
  /// A class or function that weights do not need: the index of its title among the machine's
  /// ``PickleMachine/foreign``.
  case foreign(Int)
  case tuple([Int])
  /// The index of a list's items among the machine's ``PickleMachine/contents``.
  case list(Int)
  /// The index of a dictionary's keys and values among the machine's ``PickleMachine/contents``.
  case dictionary(Int)
  indirect case storage(PickleStorage)
  indirect case tensor(PickleTensor)
}

/// A reference to the elements that several tensors may share.
struct PickleStorage: Hashable {
  var type: ONNXElementType
  /// The range in the pickle of what the file calls it.
  var key: Range<Int>
  /// The number of elements.
  var count: Int
}

/// A part of a storage as a tensor.
struct PickleTensor: Hashable {
  var storage: PickleStorage
  /// The first element.
  var offset: Int
  var shape: [Int]
  var strides: [Int]
}

/// A global name that a state dict or a pickle of arrays may have. It is only compared; nothing is looked up or called.
enum PickleName: Hashable {
  case orderedDictionary
  case rebuildTensor
  case rebuildParameter
  case size
  /// The class of a storage with elements of a type.
  case storage(ONNXElementType)
  /// The function that makes an array of NumPy, which then gets its state.
  case reconstruct
  /// The function that makes an array of NumPy from its elements.
  case fromBuffer
  /// The function that makes a scalar of NumPy from its bytes.
  case scalar
  /// The function that makes bytes from text.
  case encode
  /// The class of NumPy's element types.
  case elementType
  /// Something without meaning for weights, for example a device.
  case inert

  /// Recognizes a name; nil for all others.
  init?(module: String, name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor"):
      self = .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
    case ("torch", "Size"): self = .size
    case ("torch.storage", "UntypedStorage"): self = .storage(.uint8)
    case ("numpy", "dtype"): self = .elementType
    case ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"):
      self = .reconstruct
    case ("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer"):
      self = .fromBuffer
    case ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"):
      self = .scalar
    case ("_codecs", "encode"): self = .encode
    case ("torch", "device"), ("numpy", "ndarray"), ("argparse", "Namespace"),
      ("collections", "defaultdict"):
      self = .inert
    case ("torch", _) where Self.types.contains(name): self = .inert
    case ("torch", _), ("torch.cuda", _):
      guard let type = Self.storages[name] else { return nil }
      self = .storage(type)
    default: return nil
    }
  }

  /// Whether objects that a call makes keep its arguments.
  var keepsArguments: Bool {
    [.reconstruct, .fromBuffer, .elementType, .scalar, .encode].contains(self)
  }

  private static let storages: [String: ONNXElementType] = [
    "FloatStorage": .float, "DoubleStorage": .double, "HalfStorage": .float16,
    "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32,
    "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
  ]

  /// The names of element types, which are constants.
  private static let types: Set<String> = [
    "float16", "float32", "float64", "bfloat16", "uint8", "int8", "int16", "int32", "int64", "bool",
  ]
}
