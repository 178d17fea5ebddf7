import CHDF5

/// An open data set, from which libhdf5 reads rows.
final class HDF5Rows {
  private let handle: HDF5Handle<HDF5DatasetKind>
  private let extents: [hsize_t]

  /// Opens the data set with a chunk cache large enough for one read of `rows` rows, so that each
  /// chunk is unpacked once.
  init?(file: hid_t, place: HDF5Walk.Place, rows: Int) {
    // The cache is set at opening, but its size depends on the chunks, so the data set is opened
    // twice. The first handle is closed before: two open handles would share its cache.
    guard let group = HDF5Handle<HDF5GroupKind>(H5Oopen_by_addr(file, place.group)),
      let shape = Self.shape(place.name, in: group.id),
      let access = HDF5Handle<HDF5PropertyKind>(H5Pcreate(dk_dataset_access())),
      H5Pset_chunk_cache(access.id, 12_421, shape.cacheSize(rows: hsize_t(rows)), 1) >= 0,
      let handle = HDF5Handle<HDF5DatasetKind>(unsafe H5Dopen2(group.id, place.name, access.id))
    else { return nil }
    self.handle = handle
    extents = shape.extents
  }

  /// Reads rows, or the single element of a data set without axes; see ``HDF5Reader/read``.
  @unsafe func read(
    _ rows: Range<Int>, as type: HDF5DatasetInfo.RawType,
    deliver: (UnsafeRawBufferPointer) -> Bool
  ) -> Bool {
    let (memoryType, size) =
      switch type {
      case .uint8: (dk_u8(), 1)
      case .float32: (dk_native_float(), 4)
      case .float64: (dk_native_double(), 8)
      case .none: (hid_t(-1), 1)
      }
    let rowSize = extents.dropFirst().reduce(size) { $0 * Int($1) }
    guard memoryType >= 0, rowSize > 0, rows.lowerBound >= 0,
      rows.upperBound <= Int(extents.first ?? 1)
    else { return false }
    let step = max(1, Self.pieceSize / rowSize)
    var buffer = [UInt8](repeating: 0, count: min(step, rows.count) * rowSize)
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
      let part = start..<min(start + step, rows.upperBound)
      guard select(part, memoryType, &buffer) else { return false }
      // The buffer is used during the call only.
      let continues = unsafe buffer.withUnsafeBytes {
        unsafe deliver(UnsafeRawBufferPointer(rebasing: $0[..<(part.count * rowSize)]))
      }
      guard continues else { return false }
    }
    return true
  }

  private static let pieceSize = 1 << 20

  private func select(_ rows: Range<Int>, _ type: hid_t, _ buffer: inout [UInt8]) -> Bool {
    guard let space = HDF5Handle<HDF5SpaceKind>(H5Dget_space(handle.id)) else { return false }
    if extents.isEmpty {
      return unsafe H5Dread(handle.id, type, dk_all(), dk_all(), dk_default(), &buffer) >= 0
    }
    let start = [hsize_t(rows.lowerBound)] + extents.dropFirst().map { _ in 0 }
    let count = [hsize_t(rows.count)] + extents.dropFirst()
    guard unsafe H5Sselect_hyperslab(space.id, H5S_SELECT_SET, start, nil, count, nil) >= 0,
      let memory = HDF5Handle<HDF5SpaceKind>(
        unsafe H5Screate_simple(Int32(count.count), count, nil))
    else { return false }
    return unsafe H5Dread(handle.id, type, memory.id, space.id, dk_default(), &buffer) >= 0
  }

  // MARK: The cache

  private struct Shape {
    let extents: [hsize_t]
    /// Empty unless the layout is chunked.
    let chunk: [hsize_t]
    let elementSize: Int

    private static let largestCache = 128 << 20

    /// Returns the size in bytes of the chunks that `rows` rows touch: at least 1 MiB and one
    /// chunk, at most the larger of one chunk and 128 MiB.
    func cacheSize(rows: hsize_t) -> Int {
      guard let first = chunk.first, !extents.contains(0), !chunk.contains(0) else {
        return 1 << 20
      }
      let limit = max(Self.largestCache, chunk.reduce(elementSize) { $0 * Int($1) })
      let across = zip(extents, chunk).dropFirst().map { ($0 - 1) / $1 + 1 }
      var bytes = hsize_t(elementSize)
      for factor in chunk + across + [rows / first + 2] {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: factor)
        if overflow { return limit }
        bytes = product
      }
      return min(max(Int(clamping: bytes), 1 << 20), limit)
    }
  }

  private static func shape(_ name: String, in group: hid_t) -> Shape? {
    guard let dataset = HDF5Handle<HDF5DatasetKind>(unsafe H5Dopen2(group, name, dk_default())),
      let space = HDF5Handle<HDF5SpaceKind>(H5Dget_space(dataset.id)),
      let creation = HDF5Handle<HDF5PropertyKind>(H5Dget_create_plist(dataset.id)),
      let type = HDF5Handle<HDF5TypeKind>(H5Dget_type(dataset.id))
    else { return nil }
    let rank = Int(H5Sget_simple_extent_ndims(space.id))
    guard (0...32).contains(rank) else { return nil }
    var extents = [hsize_t](repeating: 0, count: rank)
    unsafe H5Sget_simple_extent_dims(space.id, &extents, nil)
    var chunk: [hsize_t] = []
    if rank > 0, H5Pget_layout(creation.id) == H5D_CHUNKED {
      chunk = [hsize_t](repeating: 1, count: rank)
      guard unsafe H5Pget_chunk(creation.id, Int32(rank), &chunk) == Int32(rank) else {
        return nil
      }
    }
    return Shape(extents: extents, chunk: chunk, elementSize: H5Tget_size(type.id))
  }
}
