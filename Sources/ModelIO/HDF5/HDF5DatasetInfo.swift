import CHDF5
import InferenceGraph

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
      let most =
        H5Pget_nfilters(creation.id) > 0
        ? stored.multipliedReportingOverflow(by: 1100) : (stored, false)
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

  private static let largestCache = 128 << 20

  /// The cache that keeps all chunks touched by `rows` rows, within reason.
  func chunkCacheSize(_ chunk: [Int], rows: Int) -> Int {
    guard let first = chunk.first, count > 0 else { return 1 << 20 }
    let chunkBytes = chunk.reduce(elementSize, *)
    // A hostile file may make any of these products overflow.
    var bytes = chunkBytes
    let across = zip(shape, chunk).dropFirst().map { ($0 + $1 - 1) / $1 }
    for factor in across + [rows / first + 2] {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: factor)
      if overflow { return Self.largestCache }
      bytes = product
    }
    return min(max(bytes, 1 << 20), Self.largestCache)
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
