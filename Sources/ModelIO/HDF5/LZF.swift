import CHDF5

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The LibLZF compression (Lehmann), which h5py offers as an HDF5 filter.
enum LZF {
  /// The filter's number in HDF5's registry.
  static let number: H5Z_filter_t = 32000

  /// Decompresses bytes.
  ///
  /// - Parameter limit: The largest size of the result in bytes.
  /// - Returns: The bytes; nil if `packed` is malformed or unpacks to more.
  static func unpacked(_ packed: [UInt8], limit: Int) -> [UInt8]? {
    var result = [UInt8](repeating: 0, count: limit)
    var (from, to) = (0, 0)
    while from < packed.count {
      let control = Int(packed[from])
      from += 1
      if control < 32 {
        // A literal run.
        let count = control + 1
        guard count <= packed.count - from, count <= limit - to else { return nil }
        for offset in 0..<count { result[to + offset] = packed[from + offset] }
        from += count
        to += count
      } else {
        // A back reference, which may overlap with its own result.
        var count = control >> 5 + 2
        if count == 9 {
          guard from < packed.count else { return nil }
          count += Int(packed[from])
          from += 1
        }
        guard from < packed.count else { return nil }
        let distance = (control & 31) << 8 + Int(packed[from]) + 1
        from += 1
        guard distance <= to, count <= limit - to else { return nil }
        for place in to..<to + count { result[place] = result[place - distance] }
        to += count
      }
    }
    result.removeLast(limit - to)
    return result
  }

  /// Registers the filter with libhdf5; returns false if that fails. Callers must hold the
  /// library's lock.
  static func register() -> Bool {
    var filter = unsafe H5Z_class2_t()
    // The version of the structure.
    unsafe filter.version = 1
    unsafe filter.id = number
    unsafe filter.decoder_present = 1
    // libhdf5 keeps a copy of the structure, but not of the name.
    unsafe filter.name = UnsafePointer(strdup("lzf"))
    unsafe filter.filter = { flags, count, values, size, capacity, buffer in
      // A result of 0 means failure. h5py stores the size of a chunk as the third value, and
      // libhdf5 assumes that the result has this size.
      guard flags & UInt32(H5Z_FLAG_REVERSE) != 0, let buffer = unsafe buffer,
        let start = unsafe buffer.pointee, let capacity = unsafe capacity, count > 2,
        let chunk = unsafe values.map({ unsafe Int($0[2]) }),
        (1...HDF5DatasetInfo.largestChunk).contains(chunk)
      else { return 0 }
      // libhdf5 lends `size` packed bytes for the call.
      let packed = unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: size))
      guard let unpacked = LZF.unpacked(packed, limit: chunk), unpacked.count == chunk,
        let result = unsafe malloc(chunk)
      else { return 0 }
      // libhdf5 later frees the buffer that replaces its own with free(3).
      unsafe unpacked.withUnsafeBytes {
        unsafe result.copyMemory(from: $0.baseAddress!, byteCount: chunk)
      }
      unsafe free(start)
      unsafe buffer.pointee = result
      unsafe capacity.pointee = chunk
      return chunk
    }
    return unsafe H5Zregister(&filter) >= 0
  }
}
