import CHDF5
import InferenceGraph

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What a data set says about itself, checked against what its file can hold.
struct HDF5DatasetInfo: Sendable {
  /// The class of its elements.
  enum ElementClass: Sendable { case integer, float, other }

  /// How its elements lie in the file.
  enum Storage: Sendable {
    /// In one piece from this byte of the file on.
    case contiguous(offset: Int)
    /// In pieces of this shape, perhaps compressed.
    case chunked([Int])
    /// Within its header.
    case compact
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

  /// Reads the description of an open data set; called under the library's lock.
  init(_ id: hid_t, path: String, file: HDF5File) throws(FileError) {
    func refuse(_ reason: String) -> FileError { file.failure("its data set '\(path)' \(reason)") }
    guard let space = HDF5Handle<HDF5SpaceKind>(H5Dget_space(id)),
      let type = HDF5Handle<HDF5TypeKind>(H5Dget_type(id)),
      let creation = HDF5Handle<HDF5PropertyKind>(H5Dget_create_plist(id))
    else { throw refuse("cannot be read; the file is damaged") }
    let rank = Int(H5Sget_simple_extent_ndims(space.id))
    guard (0...32).contains(rank), H5Sget_simple_extent_type(space.id) != H5S_NULL else {
      throw refuse("has no shape")
    }
    var extents = [hsize_t](repeating: 0, count: rank)
    unsafe H5Sget_simple_extent_dims(space.id, &extents, nil)
    guard let bytes = Self.byteCount(extents, H5Tget_size(type.id)) else {
      throw refuse("claims a size that no file has")
    }
    guard H5Pget_external_count(creation.id) == 0 else {
      throw refuse("keeps its values in another file, which is not opened")
    }

    let stored = Int(clamping: H5Dget_storage_size(id))
    let layout = H5Pget_layout(creation.id)
    switch layout {
    case H5D_CONTIGUOUS:
      let offset = H5Dget_offset(id)
      if bytes == 0 {
        storage = .contiguous(offset: 0)
      } else {
        guard offset != dk_undefined_address(), offset <= UInt64(file.size),
          bytes <= file.size - Int(offset)
        else { throw refuse("claims \(bytes) bytes, more than the file holds; copy it again") }
        storage = .contiguous(offset: Int(offset))
      }
    case H5D_CHUNKED:
      var chunk = [hsize_t](repeating: 1, count: rank)
      guard unsafe H5Pget_chunk(creation.id, Int32(rank), &chunk) == Int32(rank),
        !chunk.contains(0), let chunkBytes = Self.byteCount(chunk, H5Tget_size(type.id))
      else { throw refuse("has no proper chunks; the file is damaged") }
      // Deflate shrinks at most 1032-fold; more than that is not in the file.
      let most = H5Pget_nfilters(creation.id) > 0 ? stored.multipliedReportingOverflow(by: 1100) : (stored, false)
      guard stored <= file.size, most.1 || (bytes <= most.0 && (bytes == 0 || chunkBytes <= most.0))
      else { throw refuse("claims \(bytes) bytes, more than the file holds") }
      storage = .chunked(chunk.map { Int($0) })
    case H5D_COMPACT:
      guard bytes <= stored else { throw refuse("claims more bytes than the file holds") }
      storage = .compact
    default:
      throw refuse("is put together from other data sets, which are not opened")
    }

    switch H5Tget_class(type.id) {
    case H5T_INTEGER: elementClass = .integer
    case H5T_FLOAT: elementClass = .float
    default: elementClass = .other
    }
    func equals(_ other: hid_t) -> Bool { H5Tequal(type.id, other) > 0 }
    // The file's bytes are little-endian and so must be the machine's.
    if 1.littleEndian != 1 {
      rawType = nil
    } else if equals(dk_u8()) {
      rawType = .uint8
    } else if equals(dk_ieee_f32le()) {
      rawType = .float32
    } else if equals(dk_ieee_f64le()) {
      rawType = .float64
    } else {
      rawType = nil
    }
    self.path = path
    shape = extents.map { Int($0) }
    elementSize = H5Tget_size(type.id)
  }

  /// The cache that keeps all chunks touched by `rows` rows, within reason.
  func chunkCacheSize(_ chunk: [Int], rows: Int) -> Int {
    guard let first = chunk.first, count > 0 else { return 1 << 20 }
    let chunkBytes = chunk.reduce(elementSize, *)
    let across = zip(shape, chunk).dropFirst().reduce(1) { $0 * (($1.0 + $1.1 - 1) / $1.1) }
    let (bytes, overflow) = (rows / first + 2).multipliedReportingOverflow(by: across * chunkBytes)
    return overflow ? 128 << 20 : min(max(bytes, 1 << 20), 128 << 20)
  }

  /// The size in bytes; nil where it overflows or an extent is out of range.
  private static func byteCount(_ extents: [hsize_t], _ elementSize: Int) -> Int? {
    var bytes = elementSize
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

/// A data set open for reading.
final class HDF5Dataset: Sendable {
  let info: HDF5DatasetInfo
  private let file: HDF5File
  private let handle: HDF5Handle<HDF5DatasetKind>
  private let descriptor: FileDescriptor?

  init(file: HDF5File, handle: consuming HDF5Handle<HDF5DatasetKind>, info: HDF5DatasetInfo) {
    self.file = file
    self.handle = handle
    self.info = info
    if case .contiguous = info.storage, info.rawType != nil {
      descriptor = try? FileDescriptor(file.path)
    } else {
      descriptor = nil
    }
  }

  /// The elements in one row: one index of the first axis.
  var rowCount: Int { info.shape.dropFirst().reduce(1, *) }

  /// Copies rows into `buffer` as elements of `type`, converted where the file has another.
  ///
  /// Elements that lie in one piece and need no conversion are read straight from the file, which
  /// several threads can do at once; everything else goes through libhdf5, one thread at a time.
  ///
  /// - Throws: ``FileError`` if the file cannot be read.
  func read(
    rows: Range<Int>, as type: ElementType, into buffer: UnsafeMutableRawBufferPointer
  ) throws(FileError) {
    let rank = info.shape.count
    precondition(rank > 0 && rows.lowerBound >= 0 && rows.upperBound <= info.shape[0], "\(rows)")
    let bytes = rows.count * rowCount * type.size
    precondition(buffer.count >= bytes, "a buffer of \(buffer.count) bytes for \(bytes)")
    if bytes == 0 { return }
    if let descriptor, type == info.rawType, case .contiguous(let offset) = info.storage {
      // The same buffer, cut to what is read.
      return unsafe try descriptor.read(
        at: offset + rows.lowerBound * rowCount * type.size,
        into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<bytes]))
    }
    let memoryType =
      switch type {
      case .uint8: dk_u8()
      case .float32: dk_native_float()
      case .float64: dk_native_double()
      }
    unsafe try readThroughLibrary(rows, memoryType, buffer)
  }

  /// Returns rows as 32-bit floats.
  func floats(rows: Range<Int>) throws(FileError) -> [Float] {
    var values = [Float](repeating: 0, count: rows.count * rowCount)
    // The array holds as many rows as are read; the error leaves by the result.
    let result: Result<Void, FileError> = unsafe values.withUnsafeMutableBytes { bytes in
      do throws(FileError) {
        return .success(unsafe try read(rows: rows, as: .float32, into: bytes))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    return values
  }

  /// Returns all elements as 32-bit floats.
  func floats() throws(FileError) -> [Float] {
    try all(dk_native_float(), zero: Float(0))
  }

  /// Returns all elements as 64-bit floats.
  func doubles() throws(FileError) -> [Double] {
    try all(dk_native_double(), zero: Double(0))
  }

  private func all<Element: BitwiseCopyable & Sendable>(
    _ memoryType: hid_t, zero: Element
  ) throws(FileError) -> [Element] {
    guard info.elementClass != .other else {
      throw file.failure("its data set '\(info.path)' does not hold numbers")
    }
    var values = [Element](repeating: zero, count: info.count)
    if values.isEmpty { return [] }
    let id = handle.id
    let status = HDF5Library.locked {
      unsafe H5Dread(id, memoryType, dk_all(), dk_all(), dk_default(), &values)
    }
    guard status >= 0 else { throw unreadable() }
    return values
  }

  private func readThroughLibrary(
    _ rows: Range<Int>, _ memoryType: hid_t, _ buffer: UnsafeMutableRawBufferPointer
  ) throws(FileError) {
    let start = [hsize_t(rows.lowerBound)] + info.shape.dropFirst().map { _ in 0 }
    let count = [hsize_t(rows.count)] + info.shape.dropFirst().map { hsize_t($0) }
    let id = handle.id
    // The pointer is used during this call alone; its address crosses the closure's boundary.
    let address = UInt(bitPattern: buffer.baseAddress)
    let status: herr_t = HDF5Library.locked {
      guard let space = HDF5Handle<HDF5SpaceKind>(H5Dget_space(id)),
        unsafe H5Sselect_hyperslab(space.id, H5S_SELECT_SET, start, nil, count, nil) >= 0,
        let memory = HDF5Handle<HDF5SpaceKind>(
          unsafe H5Screate_simple(Int32(count.count), count, nil))
      else { return -1 }
      return unsafe H5Dread(
        id, memoryType, memory.id, space.id, dk_default(),
        UnsafeMutableRawPointer(bitPattern: address))
    }
    guard status >= 0 else { throw unreadable() }
  }

  private func unreadable() -> FileError {
    file.failure(
      "its data set '\(info.path)' cannot be read: it is damaged, or packed with a filter that is "
        + "not built in; copy it again or repack it with `h5repack -f GZIP=4`")
  }
}
