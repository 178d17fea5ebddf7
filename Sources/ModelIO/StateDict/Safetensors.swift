/// The safetensors format: the length of a JSON header, the header, and the tensors' elements.
enum Safetensors {
  /// The largest size of a header in bytes.
  static let maximumHeader = 32 << 20

  /// Returns the tensors, in the order of their places.
  ///
  /// - Throws: ``StateRefusal`` if the header is not valid, or the tensors do not fill the file
  ///   exactly; ``FileError`` if it cannot be read.
  static func tensors(in content: StateContent) throws -> [StateTensor] {
    let length = try content.number(at: 0)
    guard length <= UInt64(maximumHeader), Int(length) <= content.size - 8 else {
      throw damaged("its header is longer than the file, or than that of any network")
    }
    let start = 8 + Int(length)
    guard
      let text = String(
        validating: try content.bytes(at: 8, count: Int(length)), as: UTF8.self)
    else { throw damaged("its header is not UTF-8") }
    let header: JSON
    do throws(JSONError) {
      header = try JSONParser.parse(text)
    } catch {
      throw damaged("its header is not JSON: \(error)")
    }
    guard let members = header.members else { throw damaged("its header is not an object") }
    guard members.count <= StateCatalogue.maximumTensors else {
      throw StateRefusal(.pickleSize, "has more than \(StateCatalogue.maximumTensors) tensors")
    }
    var tensors: [(tensor: StateTensor, end: Int)] = []
    for member in members {
      if member.key == metadata {
        guard member.value.members?.allSatisfy({ $0.value.string != nil }) ?? false else {
          throw damaged("its metadata are not texts")
        }
        continue
      }
      tensors.append(try tensor(member, start: start, size: content.size))
    }
    tensors.sort { ($0.tensor.offset, $0.end) < ($1.tensor.offset, $1.end) }
    var place = start
    for (tensor, end) in tensors {
      guard tensor.offset == place else {
        throw damaged("tensor '\(abbreviated(tensor.name))' overlaps another, or leaves a gap")
      }
      place = end
    }
    guard place == content.size else { throw damaged("it has bytes that belong to no tensor") }
    guard !tensors.isEmpty else { throw StateRefusal(.stateDict, "holds no weights") }
    return tensors.map(\.tensor)
  }

  /// The key of what is no tensor.
  static let metadata = "__metadata__"

  /// Returns the format's name of a type.
  static func name(of type: ONNXElementType) -> String {
    types.first { $0.value == type }?.key ?? "U8"
  }

  private static let types: [String: ONNXElementType] = [
    "F64": .double, "F32": .float, "F16": .float16, "BF16": .bfloat16, "I64": .int64,
    "I32": .int32, "I16": .int16, "I8": .int8, "U64": .uint64, "U32": .uint32, "U16": .uint16,
    "U8": .uint8, "BOOL": .bool,
  ]

  private static func tensor(
    _ member: JSON.Member, start: Int, size: Int
  ) throws(StateRefusal) -> (tensor: StateTensor, end: Int) {
    let title = abbreviated(member.key)
    guard member.key.utf8.count <= StateCatalogue.maximumNameLength,
      let fields = member.value.members, fields.count == 3, let name = fields["dtype"]?.string,
      let shape = fields["shape"]?.ints, shape.count <= StateTensor.maximumRank,
      let offsets = fields["data_offsets"]?.ints, offsets.count == 2
    else { throw damaged("the description of '\(title)' is not that of a tensor") }
    guard let type = types[name] else {
      throw StateRefusal(
        .stateUnsupported, at: title,
        "tensor '\(title)' has elements of type '\(abbreviated(name))', which is not supported; "
          + "save the weights as 32-bit floats")
    }
    let room = size - start
    guard let count = StateTensor.count(of: shape), offsets[0] >= 0, offsets[0] <= offsets[1],
      offsets[1] <= room, offsets[1] - offsets[0] == count * type.size
    else {
      throw damaged("tensor '\(title)' has another size than its shape says")
    }
    let tensor = StateTensor(
      name: member.key, type: type, shape: shape, strides: StateTensor.rowMajor(shape),
      offset: start + offsets[0])
    return (tensor, start + offsets[1])
  }

  private static func damaged(_ reason: String) -> StateRefusal {
    StateRefusal(.safetensorsDamaged, "is not valid safetensors: \(reason); save it again")
  }
}
