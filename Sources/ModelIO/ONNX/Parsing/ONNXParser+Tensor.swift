extension ONNXParser {
  /// Parses a tensor. Elements that lie in the file as they are in memory stay there.
  mutating func tensor(_ range: Range<Int>, _ bytes: RawSpan) throws(ONNXRefusal) -> ONNXTensor {
    var result = ONNXTensor()
    var raw: Range<Int>?
    /// Packed floats: one range of the file.
    var packed: [(size: Int, range: Range<Int>)] = []
    var numbers: [UInt64] = []
    var entries: [String: String] = [:]
    var isExternal = false
    var reader = ONNXFieldReader(.tensor, range)
    while let field = try reader.next(in: bytes, extras: &extras) {
      switch field.number {
      case 1:
        result.shape += try self.numbers(of: field, size: nil, bytes).map(Int64.init(bitPattern:))
        guard result.shape.count <= ONNXCatalogue.maximumRank else {
          throw ONNXRefusal(.onnxSize, "has a tensor of more than 64 axes")
        }
      case 2: result.type = Int32(clamping: try field.integer)
      case 4, 10:
        let size = field.number == 4 ? 4 : 8
        if case .bytes(let range) = field.value, packed.isEmpty, numbers.isEmpty {
          packed.append((size, range))
        } else {
          for (size, range) in packed {
            let first = WireField(number: field.number, value: .bytes(range))
            numbers += try self.numbers(of: first, size: size, bytes)
          }
          packed = []
          numbers += try self.numbers(of: field, size: size, bytes)
        }
      case 5, 7, 11: numbers += try self.numbers(of: field, size: nil, bytes)
      case 8: result.name = try text(field, bytes)
      case 9: raw = try field.range
      case 13:
        path.append(try reader.place(of: field))
        let (key, value) = try entry(try field.range, bytes)
        path.removeLast()
        guard entries.updateValue(value, forKey: key) == nil else {
          throw ONNXRefusal(
            .onnxDuplicateField, at: result.name,
            "has a tensor with two values of '\(abbreviated(key))' for its place in another file")
        }
      case 14: isExternal = try field.integer != 0
      default: break
      }
    }
    let kinds = [raw != nil, !packed.isEmpty || !numbers.isEmpty, isExternal]
    guard kinds.count(where: { $0 }) <= 1 else {
      throw ONNXRefusal(
        .onnxDuplicateField, at: result.name,
        "has a tensor whose values are in two places, so that readers can see different networks")
    }
    if isExternal {
      result.storage = try external(entries, of: result)
    } else if let range = raw ?? packed.first?.range {
      result.storage = .file(offset: range.lowerBound, count: range.count)
    } else {
      let size = ONNXElementType(rawValue: result.type)?.size ?? 8
      var writer = MessageWriter()
      for number in numbers {
        switch size {
        case 1: writer.write(UInt8(truncatingIfNeeded: number))
        case 2: writer.write(UInt16(truncatingIfNeeded: number))
        case 4: writer.write(UInt32(truncatingIfNeeded: number))
        default: writer.write(number)
        }
      }
      result.storage = .decoded(writer.bytes)
    }
    return result
  }

  private mutating func entry(
    _ range: Range<Int>, _ bytes: RawSpan
  ) throws(ONNXRefusal) -> (key: String, value: String) {
    var (key, value) = ("", "")
    var place: ONNXPlace?
    var reader = ONNXFieldReader(.entry, range)
    while let field = try reader.next(in: bytes, extras: &extras) {
      if field.number == 1 {
        key = try text(field, bytes)
      } else {
        value = try text(field, bytes)
        place = try reader.place(of: field)
      }
    }
    if key == "location", let place {
      note(ONNXCatalogue.Location(file: value, place: place))
    }
    return (key, value)
  }

  private func external(
    _ entries: [String: String], of tensor: ONNXTensor
  ) throws(ONNXRefusal) -> ONNXTensor.Storage {
    func number(_ key: String) -> Int? {
      entries[key].flatMap { text in
        // `Int` also takes signs, which no writer puts there.
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
      }
    }
    guard let location = entries["location"], entries["offset"] == nil || number("offset") != nil,
      entries["length"] == nil || number("length") != nil
    else {
      throw ONNXRefusal(
        .onnxExternal, at: tensor.name,
        "has a tensor in another file without a valid place in it; export the model again")
    }
    return .external(location: location, offset: number("offset") ?? 0, count: number("length"))
  }
}
