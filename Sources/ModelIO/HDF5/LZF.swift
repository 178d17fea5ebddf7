import CHDF5

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The packing of LibLZF (Lehmann), which h5py offers as a filter of HDF5.
enum LZF {
  /// The filter's number in HDF5's registry.
  static let number: H5Z_filter_t = 32000

  /// Unpacks bytes.
  ///
  /// - Parameter limit: The most bytes that they may unpack to.
  /// - Returns: The bytes; nil if these are no such packing, or of more.
  static func unpacked(_ packed: [UInt8], limit: Int) -> [UInt8]? {
    var result = [UInt8](repeating: 0, count: limit)
    var (from, to) = (0, 0)
    while from < packed.count {
      let control = Int(packed[from])
      from += 1
      if control < 32 {
        // So many bytes follow as they are.
        let count = control + 1
        guard count <= packed.count - from, count <= limit - to else { return nil }
        for offset in 0..<count { result[to + offset] = packed[from + offset] }
        from += count
        to += count
      } else {
        // A copy of bytes before, which may overlap with itself.
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

  /// Has libhdf5 unpack with this; false if it won't. Called under the library's lock.
  static func register() -> Bool {
    var filter = unsafe H5Z_class2_t()
    // The version of the structure.
    unsafe filter.version = 1
    unsafe filter.id = number
    unsafe filter.decoder_present = 1
    // libhdf5 keeps a copy of the structure, but not of the name.
    unsafe filter.name = UnsafePointer(strdup("lzf"))
    unsafe filter.filter = { flags, count, values, size, capacity, buffer in
      // A result of 0 is a failure. The third of h5py's values is the size of a chunk, and libhdf5 takes
      // for granted that it gets as much.
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
      // libhdf5 frees with free(3) what takes the place of its own buffer.
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
