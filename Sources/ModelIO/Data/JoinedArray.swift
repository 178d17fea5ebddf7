import InferenceGraph

/// Arrays one after another along the first axis, as one.
struct JoinedArray: StoredArray {
  private let parts: [any StoredArray]
  let path: String

  /// Joins at least one array; all have equal types, and equal shapes but for the first axis.
  init(_ parts: [any StoredArray], path: String) {
    self.parts = parts
    self.path = path
  }

  var shape: [Int] { [parts.reduce(0) { $0 + $1.shape[0] }] + parts[0].shape.dropFirst() }
  var elementClass: HDF5DatasetInfo.ElementClass { parts[0].elementClass }
  var elementSize: Int { parts[0].elementSize }
  var rawType: ElementType? { parts[0].rawType }

  func check() throws(FileError) { for part in parts { try part.check() } }

  func read(
    rows: Range<Int>, as type: ElementType, into buffer: UnsafeMutableRawBufferPointer
  ) throws(FileError) {
    let size = rowCount * type.size
    precondition(buffer.count >= rows.count * size, "a buffer of \(buffer.count) for \(rows)")
    var first = 0
    for part in parts {
      let own = rows.clamped(to: first..<first + part.shape[0])
      if !own.isEmpty {
        let place = (own.lowerBound - rows.lowerBound) * size
        // The rows of this part have room in the buffer, which is checked.
        unsafe try part.read(
          rows: own.lowerBound - first..<own.upperBound - first, as: type,
          into: .init(rebasing: buffer[place..<place + own.count * size]))
      }
      first += part.shape[0]
    }
  }

  /// Returns the SHA-256 of the only part, or of the hashes of all parts.
  func sha256() throws(FileError) -> String {
    var hashes: [String] = []
    for part in parts { hashes.append(try part.sha256()) }
    return Self.joined(hashes)
  }

  /// Returns the only hash, or that of all hashes.
  static func joined(_ hashes: [String]) -> String {
    hashes.count == 1 ? hashes[0] : ModelIO.sha256(of: Array(hashes.joined().utf8))
  }
}
