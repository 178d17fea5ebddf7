extension PickledArrays {
  /// The arrays of a pickle as its parser reports them, unverified. Elements of NumPy's arrays stay
  /// in the file.
  struct Catalogue: Equatable {
    /// An array or a list of numbers.
    struct Entry: Equatable {
      /// Its key.
      var name: String
      /// The elements.
      var content: Content
    }

    /// Where the elements are.
    enum Content: Equatable {
      /// In the file from a place on, of NumPy's type with this name.
      case stored(type: String, shape: [Int], isFortran: Bool, offset: Int)
      /// In a list.
      case integers([Int32])
    }

    /// The arrays, in the order of the pickle.
    var entries: [Entry] = []
    /// The names that are no arrays of numbers, at most ``maximumEntries``.
    var others: [String] = []
    /// Why there are no arrays, as the rest of a sentence about the file; nil if there are.
    var refusal: String?

    /// The largest number of arrays, and of other names.
    static let maximumEntries = 1 << 10
    /// The largest number of integers in all lists.
    static let maximumIntegers = 1 << 24
    /// The largest size of a serialized catalogue in bytes.
    static let maximumSize = 192 << 20
    /// The largest number of axes, which is NumPy's own.
    static let maximumRank = 64
  }
}

/// Serialization, for the way from the sealed process.
extension PickledArrays.Catalogue {
  /// The serialized catalogue.
  var message: [UInt8] {
    var writer = MessageWriter()
    writer.write(refusal ?? "")
    writer.write(UInt32(others.count))
    for name in others { writer.write(name) }
    writer.write(UInt32(entries.count))
    for entry in entries {
      writer.write(entry.name)
      switch entry.content {
      case .integers(let values):
        writer.write("")
        writer.write(values)
      case .stored(let type, let shape, let isFortran, let offset):
        writer.write(type)
        writer.write(shape.map { Int64($0) })
        writer.write(UInt8(isFortran ? 1 : 0))
        writer.write(Int64(offset))
      }
    }
    return writer.bytes
  }

  /// Parses a serialized catalogue.
  ///
  /// - Throws: ``MessageError`` if it is malformed, or exceeds the limits.
  init(message: [UInt8]) throws(MessageError) {
    var reader = MessageReader(message)
    let text = try reader.text()
    refusal = text.isEmpty ? nil : text
    for _ in 0..<(try reader.count(of: 4)) { others.append(try reader.text()) }
    for _ in 0..<(try reader.count(of: 12)) {
      let name = try reader.text()
      let type = try reader.text()
      guard !type.isEmpty else {
        entries.append(.init(name: name, content: .integers(try reader.integers(Int32.self))))
        continue
      }
      let shape = try reader.integers(Int64.self).map { Int($0) }
      let isFortran = try reader.read(UInt8.self) != 0
      let offset = Int(try reader.read(Int64.self))
      guard shape.count <= Self.maximumRank, shape.allSatisfy({ $0 >= 0 }), offset >= 0 else {
        throw MessageError()
      }
      entries.append(
        .init(
          name: name,
          content: .stored(type: type, shape: shape, isFortran: isFortran, offset: offset)))
    }
    guard reader.isAtEnd, entries.count <= Self.maximumEntries,
      others.count <= Self.maximumEntries
    else { throw MessageError() }
  }
}
