import InferenceGraph

/// What a data set says about itself, checked against what its file can hold.
struct HDF5DatasetInfo: Sendable {
  /// The class of its elements.
  enum ElementClass: UInt8, Sendable { case integer, float, other }

  /// The type that its bytes can be used as without conversion, if it is one of the executor's.
  enum RawType: UInt8, Sendable { case none, uint8, float32, float64 }

  /// How its elements lie in the file.
  enum Storage: Sendable {
    /// In one piece from this byte of the file on.
    case contiguous(offset: Int)
    /// In chunks, perhaps compressed, within the data set's header, or in other data sets.
    case inPieces
  }

  /// Its path in the file.
  let path: String
  /// The extent of every axis.
  let shape: [Int]
  /// The class of its elements.
  let elementClass: ElementClass
  /// The size of an element in the file, in bytes.
  let elementSize: Int
  /// The type that its bytes can be used as without conversion, if it is one of the executor's.
  let rawType: ElementType?
  /// How its elements lie in the file.
  let storage: Storage

  /// The number of elements.
  var count: Int { shape.reduce(1, *) }

  /// What unpacks to this and to many times what is stored is a bomb.
  static let largestUnpacked = 64 << 20
  /// Pictures of few colours shrink a hundredfold; deflate shrinks zeros 1032-fold.
  static let largestRatio = 250
  /// A chunk is unpacked as a whole.
  static let largestChunk = 256 << 20

  /// Checks what the parser of a file of `fileSize` bytes claims about a data set.
  ///
  /// - Parameter others: The bytes of all data sets that are not put together from others.
  /// - Throws: ``Refusal`` with the rule.
  init(
    _ claim: HDF5Catalogue.Dataset, path: String, fileSize: Int, others: Int = 0
  ) throws(Refusal) {
    func refuse(_ rule: Finding.Rule, _ reason: String) -> Refusal {
      Refusal(finding: Finding(rule, at: path, "its data set '\(abbreviated(path))' \(reason)"))
    }
    guard claim.extents.count <= 32, claim.elementSize > 0 else {
      throw refuse(.damaged, "has no proper shape")
    }
    guard let bytes = Self.byteCount(claim.extents, claim.elementSize) else {
      throw refuse(.shapeBomb, "claims a size that no file has")
    }
    guard claim.stored <= UInt64(fileSize) else {
      throw refuse(.shapeBomb, "claims \(claim.stored) bytes of a file of \(fileSize)")
    }
    let stored = Int(claim.stored)
    let tooMuch = "claims \(bytes) bytes, more than the file holds; copy it again"
    switch claim.layout {
    case .contiguous:
      if bytes == 0 {
        storage = .contiguous(offset: 0)
      } else {
        guard let offset = claim.offset, offset <= UInt64(fileSize),
          bytes <= fileSize - Int(offset)
        else { throw refuse(.shapeBomb, tooMuch) }
        storage = .contiguous(offset: Int(offset))
      }
    case .chunked:
      guard claim.chunk.count == claim.extents.count, !claim.chunk.contains(0) else {
        throw refuse(.damaged, "has no proper chunks")
      }
      guard let chunk = Self.byteCount(claim.chunk, claim.elementSize), chunk <= Self.largestChunk
      else { throw refuse(.shapeBomb, "has chunks of more than \(Self.largestChunk >> 20) MiB") }
      // Deflate shrinks at most 1032-fold; more than that is not in the file.
      let most = stored.multipliedReportingOverflow(by: claim.isFiltered ? 1100 : 1)
      guard most.overflow || bytes <= most.partialValue else { throw refuse(.shapeBomb, tooMuch) }
      guard bytes <= Self.largestUnpacked || bytes / Self.largestRatio <= stored else {
        throw refuse(
          .compressionBomb,
          "unpacks from \(stored) to \(bytes) bytes; if that is right, store it uncompressed")
      }
      storage = .inPieces
    case .compact:
      guard bytes <= stored else { throw refuse(.shapeBomb, tooMuch) }
      storage = .inPieces
    case .virtual:
      // All of a file can be unpacked to no more than deflate makes of it.
      guard bytes <= others, bytes / 1100 <= fileSize else {
        throw refuse(
          .shapeBomb, "claims \(bytes) bytes, more than all that it can be put together from")
      }
      storage = .inPieces
    }
    elementClass = claim.elementClass
    // The file's bytes are little-endian and so must be the machine's.
    let type: ElementType? =
      switch claim.rawType {
      case .none: nil
      case .uint8: .uint8
      case .float32: .float32
      case .float64: .float64
      }
    rawType = type.flatMap { $0.size == Int(claim.elementSize) && 1.littleEndian == 1 ? $0 : nil }
    self.path = path
    shape = claim.extents.map { Int($0) }
    elementSize = Int(claim.elementSize)
  }

  /// The size in bytes; nil where it overflows or an extent is out of range.
  static func byteCount(_ extents: [UInt64], _ elementSize: UInt64) -> Int? {
    guard elementSize < 1 << 40 else { return nil }
    var bytes = Int(elementSize)
    var isEmpty = false
    for extent in extents {
      guard extent <= 1 << 40 else { return nil }
      if extent == 0 { isEmpty = true }
      let (product, overflow) = bytes.multipliedReportingOverflow(by: max(Int(extent), 1))
      guard !overflow, product < 1 << 50 else { return nil }
      bytes = product
    }
    return isEmpty ? 0 : bytes
  }
}

/// A finding that has a file refused.
struct Refusal: Error {
  let finding: Finding
}
