/// Writes the pickle of a checkpoint, of protocol 2, as `torch.load` takes it with
/// `weights_only=True`.
struct TorchPickle {
  private let skeleton: StateSkeleton
  /// The tensors: their storages' keys, types and shapes.
  private let tensors: [(key: String, type: ONNXElementType, shape: [Int])]
  private(set) var bytes: [UInt8] = [0x80, 2]
  /// How many times each value occurs.
  private var uses: [Int]
  private var memo: [Int: Int] = [:]

  /// Writes a pickle.
  ///
  /// - Parameter tensors: The tensors by the numbers in `skeleton`, of types that have a
  ///   ``name(of:)``; each begins its storage and is in row-major order.
  init(
    _ skeleton: StateSkeleton, tensors: [(key: String, type: ONNXElementType, shape: [Int])]
  ) {
    self.skeleton = skeleton
    self.tensors = tensors
    uses = Array(repeating: 0, count: skeleton.nodes.count)
    for node in skeleton.nodes { for part in node.parts { uses[part] += 1 } }
    write(skeleton.nodes.count - 1)
    append(".")
  }

  /// Returns the name of the type that PyTorch's storages of it begin with; nil if there is none.
  static func name(of type: ONNXElementType) -> String? {
    switch type {
    case .float: "Float"
    case .double: "Double"
    case .float16: "Half"
    case .bfloat16: "BFloat16"
    case .int64: "Long"
    case .int32: "Int"
    case .int16: "Short"
    case .int8: "Char"
    case .uint8: "Byte"
    case .bool: "Bool"
    case .uint16, .uint32, .uint64: nil
    }
  }

  private mutating func append(_ text: String) { bytes += Array(text.utf8) }

  private mutating func append(_ value: some FixedWidthInteger) {
    for offset in 0..<value.bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * offset)))
    }
  }

  /// Notes a value that occurs again.
  private mutating func remember(_ index: Int) {
    guard uses[index] > 1 else { return }
    let number = memo.count
    memo[index] = number
    if number < 256 {
      append("q")
      append(UInt8(number))
    } else {
      append("r")
      append(UInt32(number))
    }
  }

  private mutating func write(_ index: Int) {
    if let number = memo[index] {
      if number < 256 {
        append("h")
        append(UInt8(number))
      } else {
        append("j")
        append(UInt32(number))
      }
      return
    }
    switch skeleton.nodes[index] {
    case .none: append("N")
    case .boolean(let flag): bytes.append(flag ? 0x88 : 0x89)
    case .integer(let number): write(integer: number)
    case .fraction(let bits):
      append("G")
      append(bits.byteSwapped)
    case .text(let text):
      write(text)
      remember(index)
    case .tuple(let items):
      writeTuple(count: items.count) { $0.write(items[$1]) }
      remember(index)
    case .list(let items):
      append("]")
      remember(index)
      if !items.isEmpty {
        append("(")
        for item in items { write(item) }
        append("e")
      }
    case .dictionary(let items, let isOrdered, let attributes):
      if isOrdered { writeOrdered() } else { append("}") }
      remember(index)
      if !items.isEmpty {
        append("(")
        for item in items { write(item) }
        append("u")
      }
      if let attributes {
        write(attributes)
        append("b")
      }
    case .tensor(let number):
      write(tensors[number])
      remember(index)
    }
  }

  private mutating func write(integer: Int) {
    switch integer {
    case 0..<256:
      append("K")
      append(UInt8(integer))
    case 256..<65_536:
      append("M")
      append(UInt16(integer))
    case Int(Int32.min)...Int(Int32.max):
      append("J")
      append(Int32(integer))
    default:
      bytes += [0x8A, 8]
      append(Int64(integer))
    }
  }

  private mutating func write(_ text: String) {
    append("X")
    append(UInt32(text.utf8.count))
    append(text)
  }

  private mutating func writeOrdered() {
    append("ccollections\nOrderedDict\n)R")
  }

  private mutating func writeTuple(count: Int, item: (inout Self, Int) -> Void) {
    if count == 0 { return append(")") }
    if count > 3 { append("(") }
    for index in 0..<count { item(&self, index) }
    if count > 3 { append("t") } else { bytes.append(0x84 + UInt8(count)) }
  }

  private mutating func write(_ tensor: (key: String, type: ONNXElementType, shape: [Int])) {
    append("ctorch._utils\n_rebuild_tensor_v2\n((")
    write("storage")
    append("ctorch\n\(Self.name(of: tensor.type) ?? "Byte")Storage\n")
    write(tensor.key)
    write("cpu")
    write(integer: StateTensor.count(of: tensor.shape) ?? 0)
    append("tQ")
    write(integer: 0)
    for numbers in [tensor.shape, StateTensor.rowMajor(tensor.shape)] {
      writeTuple(count: numbers.count) { $0.write(integer: numbers[$1]) }
    }
    // No gradient, no hooks.
    bytes.append(0x89)
    writeOrdered()
    append("tR")
  }
}
