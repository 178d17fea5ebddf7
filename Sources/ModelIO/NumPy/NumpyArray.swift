import InferenceGraph
import Synchronization

/// An array of NumPy open for reading: a .npy file, a member of a .npz archive, or in a pickle.
///
/// Elements that lie in the file in the order of their indices are read from there; packed arrays
/// and those of Fortran order are held in memory from the first read on.
final class NumpyArray: StoredArray {
  /// Where header and elements are.
  enum Source: Sendable {
    /// A file, or the part of one with the elements alone.
    case file(FileDescriptor)
    /// A member of an archive.
    case member(ZipMember, ZipArchive)
  }

  let path: String
  private let header: NumpyHeader
  private let source: Source
  /// The elements in the order of their indices, if they had to be unpacked or reordered.
  private let elements = Mutex<[UInt8]?>(nil)

  /// Reads the header of an array.
  ///
  /// - Parameters:
  ///   - name: Its name in messages.
  ///   - source: Where it is.
  /// - Throws: ``FileError`` if it is damaged or holds Python objects.
  init(_ name: String, in source: Source) throws(FileError) {
    path = name
    self.source = source
    let start: [UInt8]
    let size: Int
    switch source {
    case .file(let content):
      size = content.size
      start = try content.bytes(at: 0, count: min(size, NumpyHeader.prefixSize))
    case .member(let member, let archive):
      size = member.size
      start = try archive.bytes(of: member, limit: NumpyHeader.prefixSize)
    }
    do throws(NumpyHeader.Failure) {
      header = try NumpyHeader(start, size: size)
    } catch {
      let array = "its array '\(abbreviated(name))'"
      switch error {
      case .objects:
        throw FileError(
          .badData, path: source.content.path,
          "\(array) holds Python objects, which run code when they are loaded; save numbers, as "
            + "in `numpy.stack(x).astype('uint8')`")
      case .damaged(let problem):
        throw FileError(.badData, path: source.content.path, "\(array) \(problem)")
      }
    }
  }

  /// Wraps the elements in a part of a file.
  ///
  /// - Parameters:
  ///   - name: Its name in messages.
  ///   - header: Their type and shape.
  ///   - part: The elements.
  init(_ name: String, _ header: NumpyHeader, in part: FileDescriptor) {
    path = name
    self.header = header
    source = .file(part)
  }

  var shape: [Int] { header.shape }
  var elementClass: HDF5DatasetInfo.ElementClass { header.type?.elementClass ?? .other }
  var elementSize: Int { header.elementSize }
  var rawType: ElementType? { header.type?.rawType }

  func sha256() throws(FileError) -> String {
    try ModelIO.sha256(of: source.content.whole ?? source.content)
  }

  /// Compares the elements of numbers with the checksum of their member.
  ///
  /// - Throws: ``FileError`` if they differ, or packed ones cannot be unpacked.
  func check() throws(FileError) {
    guard case .member(let member, let archive) = source, header.type != nil else { return }
    if directOffset == nil { _ = try loaded() } else { try archive.check(member) }
  }

  func read(
    rows: Range<Int>, as type: ElementType, into buffer: UnsafeMutableRawBufferPointer
  ) throws(FileError) {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= shape.first ?? 1, "\(rows) of \(shape)")
    let bytes = rows.count * rowCount * type.size
    precondition(buffer.count >= bytes, "a buffer of \(buffer.count) bytes for \(bytes)")
    if bytes == 0 { return }
    guard let stored = header.type else {
      throw FileError(
        .badData, path: source.content.path,
        "its array '\(abbreviated(path))' does not hold numbers")
    }
    let rowSize = rowCount * stored.size
    let wanted = rows.lowerBound * rowSize..<rows.upperBound * rowSize
    guard let offset = directOffset else {
      let all = try loaded()
      // The elements of the rows, which are only read; the buffer is large enough for all.
      return unsafe all.withUnsafeBytes {
        unsafe stored.convert(.init(rebasing: $0[wanted]), to: type, into: buffer)
      }
    }
    if type == stored.rawType {
      // The part of the buffer that is filled.
      return unsafe try source.content.read(
        at: offset + wanted.lowerBound, into: .init(rebasing: buffer[..<bytes]))
    }
    let step = max(1, Self.pieceSize / stored.size) * stored.size
    for start in stride(from: wanted.lowerBound, to: wanted.upperBound, by: step) {
      let piece = try source.content.bytes(
        at: offset + start, count: min(step, wanted.upperBound - start))
      let place = (start - wanted.lowerBound) / stored.size * type.size
      // The piece is only read, and as many elements follow in the buffer.
      unsafe piece.withUnsafeBytes {
        unsafe stored.convert($0, to: type, into: .init(rebasing: buffer[place..<bytes]))
      }
    }
  }

  /// The number of bytes converted at a time.
  private static let pieceSize = 1 << 20

  /// The place of the elements in the file, if they can be read from there.
  private var directOffset: Int? {
    if header.isTransposed { return nil }
    switch source {
    case .file: return header.count
    case .member(let member, _): return member.isDeflated ? nil : member.offset + header.count
    }
  }

  /// Returns all elements in the order of their indices, and keeps them.
  private func loaded() throws(FileError) -> [UInt8] {
    try elements.withLock { elements throws(FileError) in
      if let elements { return elements }
      var all: [UInt8]
      switch source {
      case .file(let content):
        try content.checkMemory(2 * content.size, "its array")
        all = try content.bytes(at: 0, count: content.size)
      case .member(let member, let archive):
        try archive.content.checkMemory(2 * member.size, "its array '\(abbreviated(path))'")
        all = try archive.bytes(of: member)
      }
      all.removeFirst(header.count)
      let ordered = header.reordered(all)
      elements = ordered
      return ordered
    }
  }
}

extension NumpyArray.Source {
  /// The file.
  fileprivate var content: FileDescriptor {
    switch self {
    case .file(let content): content
    case .member(_, let archive): archive.content
    }
  }
}
