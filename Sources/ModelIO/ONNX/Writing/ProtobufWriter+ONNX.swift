extension ProtobufWriter {
  /// Writes the fields of a tensor with raw elements.
  mutating func writeTensor(
    _ name: String, _ shape: [Int], _ values: [Float], _ type: ONNXElementType = .float
  ) {
    for extent in shape { write(1, integer: extent) }
    write(2, integer: Int(type.rawValue))
    write(8, name)
    var raw: [UInt8] = []
    raw.reserveCapacity(values.count * type.size)
    for value in values {
      let bits = type.bits(of: value)
      for offset in 0..<type.size {
        raw.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * offset)))
      }
    }
    write(9, raw)
  }

  /// Writes the fields of an input or output of a network; an extent of nil is the number of images.
  mutating func writeValue(_ name: String, type: ONNXElementType, shape: [Int?]) {
    write(1, name)
    write(2) { value in
      value.write(1) { tensor in
        tensor.write(1, integer: Int(type.rawValue))
        tensor.write(2) { extents in
          for extent in shape {
            extents.write(1) { dimension in
              if let extent { dimension.write(1, integer: extent) } else { dimension.write(2, "n") }
            }
          }
        }
      }
    }
  }
}
