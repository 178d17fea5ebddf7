import CHDF5
import InferenceGraph

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
