import InferenceGraph

/// The type, shape and storage of a data set, checked against the size of its file.
struct HDF5DatasetInfo: Sendable {
  /// The class of an element type; text counts as `other`.
  enum ElementClass: UInt8, Sendable { case integer, float, other }

  /// The type that the bytes have without conversion, if it is an element type.
  enum RawType: UInt8, Sendable { case none, uint8, float32, float64 }

  /// The location of the elements in the file.
  enum Storage: Sendable {
    /// Contiguous, starting at this byte of the file.
    case contiguous(offset: Int)
    /// Chunked (perhaps compressed), compact in the header, or virtual.
    case inPieces
  }

  /// Its path in the file.
  let path: String
  /// The extent of every axis.
  let shape: [Int]
  /// The class of the element type in the file.
  let elementClass: ElementClass
  /// The size of an element in the file, in bytes.
  let elementSize: Int
  /// The type that the bytes have without conversion, if it is an element type.
  let rawType: ElementType?
  /// The location of the elements in the file.
  let storage: Storage

  /// The number of elements.
  var count: Int { shape.reduce(1, *) }

  /// The size in bytes up to which any compression ratio is accepted.
  static let largestUnpacked = 64 << 20
  /// The largest ratio of unpacked to stored bytes above that size. Images of few colours compress
  /// a hundredfold; deflate compresses zeros 1032-fold.
  static let largestRatio = 250
  /// The largest chunk in bytes; libhdf5 unpacks a chunk as a whole.
  static let largestChunk = 256 << 20

  /// Checks the parser's claim about a data set in a file of `fileSize` bytes.
  ///
  /// - Parameter others: The unpacked bytes of all data sets that are not virtual.
  /// - Throws: ``Refusal`` with the finding.
  init(
    _ claim: HDF5Catalogue.Dataset, path: String, fileSize: Int, others: Int = 0
  ) throws(Refusal) {
    func refuse(_ rule: Finding.Rule, _ reason: String) -> Refusal {
      Refusal(finding: Finding(rule, at: path, "its data set '\(abbreviated(path))' \(reason)"))
    }
    guard claim.extents.count <= 32, claim.elementSize > 0 else {
      throw refuse(.damaged, "has no valid shape")
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
        throw refuse(.damaged, "has no valid chunks")
      }
      guard let chunk = Self.byteCount(claim.chunk, claim.elementSize), chunk <= Self.largestChunk
      else { throw refuse(.shapeBomb, "has chunks of more than \(Self.largestChunk >> 20) MiB") }
      // Deflate compresses at most 1032-fold.
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
      // The bound if the whole file were deflated zeros.
      guard bytes <= others, bytes / 1100 <= fileSize else {
        throw refuse(
          .shapeBomb, "claims \(bytes) bytes, more than its parts hold")
      }
      storage = .inPieces
    }
    elementClass = claim.elementClass
    // Raw types are little-endian; on other machines the parser converts.
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

  /// Returns the size in bytes; nil if it overflows or an extent is out of range.
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

/// The error for a finding because of which a file is refused.
struct Refusal: Error {
  let finding: Finding
}
