/// A value of a pickle; those within it are indices of ``PickleMachine/values``.
enum PickleValue {
  case none
  /// Something that does not matter for weights: a fraction, a long number, an inert object.
  case opaque
  case boolean(Bool)
  case integer(Int)
  /// The range of the text's UTF-8 in the pickle.
  case text(Range<Int>)
  case name(PickleName)
  case tuple([Int])
  case list([Int])
  /// Keys and values in turn.
  case dictionary([Int])
  case storage(PickleStorage)
  case tensor(PickleTensor)
}

/// A reference to the elements that several tensors may share.
struct PickleStorage: Sendable, Hashable {
  var type: ONNXElementType
  /// What the file calls it.
  var key: String
  /// The number of elements.
  var count: Int
}

/// A part of a storage as a tensor.
struct PickleTensor: Sendable, Hashable {
  var storage: PickleStorage
  /// The first element.
  var offset: Int
  var shape: [Int]
  var strides: [Int]
}

/// A global name that a state dict may have. It is only compared; nothing is looked up or called.
enum PickleName: Sendable, Hashable {
  case orderedDictionary
  case rebuildTensor
  case rebuildParameter
  case size
  /// The class of a storage with elements of a type.
  case storage(ONNXElementType)
  /// Something without meaning for weights, for example the class of a scalar of NumPy.
  case inert

  /// Recognises a name; nil for all others.
  init?(module: String, name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor"):
      self = .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
    case ("torch", "Size"): self = .size
    case ("torch", "device"), ("numpy.core.multiarray", "scalar"),
      ("numpy._core.multiarray", "scalar"), ("numpy", "dtype"), ("_codecs", "encode"):
      self = .inert
    case ("torch", _), ("torch.cuda", _):
      guard let type = Self.storages[name] else { return nil }
      self = .storage(type)
    default: return nil
    }
  }

  private static let storages: [String: ONNXElementType] = [
    "FloatStorage": .float, "DoubleStorage": .double, "HalfStorage": .float16,
    "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32,
    "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
  ]
}
