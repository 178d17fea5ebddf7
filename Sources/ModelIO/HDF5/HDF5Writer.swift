import CHDF5
import InferenceGraph

/// Creates an HDF5 file in memory.
///
/// The bytes depend on the contents only: no times are recorded. The file is not written to disk
/// directly, because after a failed write to a full disk libhdf5 keeps the file open and crashes
/// later.
struct HDF5Writer: ~Copyable {
  private let path: String
  private let file: HDF5Handle<HDF5FileKind>

  /// Creates an empty file.
  ///
  /// - Parameter path: The future path of the file, for errors.
  init(path: String) throws(FileError) {
    let id: hid_t = HDF5Library.locked {
      guard let creation = Self.properties(dk_file_create()),
        let access = HDF5Handle<HDF5PropertyKind>(H5Pcreate(dk_file_access())),
        H5Pset_fapl_core(access.id, 1 << 20, false) >= 0
      else { return -1 }
      // libhdf5 identifies files in memory by their names.
      let name = "defensekit-\(UInt64.random(in: .min ... .max))"
      return unsafe H5Fcreate(name, dk_exclusive(), creation.id, access.id)
    }
    guard let file = HDF5Handle<HDF5FileKind>(id) else {
      throw FileError(.cannotWrite, path: path, "libhdf5 cannot create a file in memory")
    }
    self.path = path
    self.file = file
  }

  /// Creates a group and its missing parents.
  func makeGroup(_ path: String) throws(FileError) {
    let root = file.id
    let succeeded = HDF5Library.locked { () -> Bool in
      guard let creation = Self.properties(dk_group_create()) else { return false }
      var place = ""
      for component in path.split(separator: "/") {
        place += "/" + component
        if unsafe H5Lexists(root, place, dk_default()) > 0 { continue }
        guard
          HDF5Handle<HDF5GroupKind>(
            unsafe H5Gcreate2(root, place, dk_default(), creation.id, dk_default())) != nil
        else { return false }
      }
      return true
    }
    try check(succeeded)
  }

  /// Writes a scalar string attribute.
  func write(_ text: String, attribute: String, in group: String = "/") throws(FileError) {
    try write([text], isScalar: true, attribute, group)
  }

  /// Writes an attribute with a list of strings, split into numbered ones above 4000 strings.
  func write(_ texts: [String], attribute: String, in group: String) throws(FileError) {
    // An attribute holds 64 KiB, and each string takes 16 bytes of it. Keras splits longer lists in
    // the same way.
    let limit = 4000
    guard texts.count > limit else {
      return try write(texts, isScalar: false, attribute, group)
    }
    for (number, start) in stride(from: 0, to: texts.count, by: limit).enumerated() {
      let part = Array(texts[start..<min(start + limit, texts.count)])
      try write(part, isScalar: false, "\(attribute)\(number)", group)
    }
  }

  /// Writes a data set of 32-bit floats, compressed if it is large and mostly zeros.
  func write(_ tensor: Tensor, to path: String) throws(FileError) {
    let succeeded = unsafe tensor.values.withUnsafeBytes {
      unsafe write(
        $0, path, shape: tensor.shape, elementSize: 4, isDeflated: Self.isSparse(tensor),
        type: (dk_ieee_f32le(), dk_native_float()))
    }
    try check(succeeded)
  }

  /// Writes a data set of unsigned bytes; their number must be the product of `shape`.
  func write(_ bytes: [UInt8], shape: [Int], to path: String) throws(FileError) {
    precondition(bytes.count == shape.reduce(1, *), "\(bytes.count) bytes for \(shape)")
    let succeeded = unsafe bytes.withUnsafeBytes {
      unsafe write($0, path, shape: shape, elementSize: 1, type: (dk_u8(), dk_u8()))
    }
    try check(succeeded)
  }

  /// Writes a one-dimensional data set of 32-bit integers.
  func write(_ integers: [Int32], to path: String) throws(FileError) {
    let succeeded = unsafe integers.withUnsafeBytes {
      unsafe write(
        $0, path, shape: [integers.count], elementSize: 4, type: (dk_i32le(), dk_native_i32()))
    }
    try check(succeeded)
  }

  /// Writes a data set; returns false if libhdf5 fails.
  ///
  /// - Parameter type: The element type in the file and in memory.
  private func write(
    _ elements: UnsafeRawBufferPointer, _ path: String, shape: [Int], elementSize: Int,
    isDeflated: Bool = false, type: (file: hid_t, memory: hid_t)
  ) -> Bool {
    let dimensions = shape.map { hsize_t($0) }
    let root = file.id
    return HDF5Library.locked { () -> Bool in
      guard
        let space = HDF5Handle<HDF5SpaceKind>(
          unsafe H5Screate_simple(Int32(dimensions.count), dimensions, nil)),
        let creation = Self.properties(dk_dataset_create())
      else { return false }
      if isDeflated {
        // A chunk holds about 1 MiB of whole rows.
        let row = shape.dropFirst().reduce(elementSize, *)
        var chunk = dimensions
        chunk[0] = hsize_t(max(1, min(shape[0], (1 << 20) / row)))
        guard unsafe H5Pset_chunk(creation.id, Int32(chunk.count), chunk) >= 0,
          H5Pset_shuffle(creation.id) >= 0, H5Pset_deflate(creation.id, 6) >= 0
        else { return false }
      }
      guard
        let dataset = HDF5Handle<HDF5DatasetKind>(
          unsafe H5Dcreate2(
            root, path, type.file, space.id, dk_default(), creation.id, dk_default()))
      else { return false }
      if shape.contains(0) { return true }
      // The call only reads the elements.
      return unsafe H5Dwrite(
        dataset.id, type.memory, dk_all(), dk_all(), dk_default(), elements.baseAddress) >= 0
    }
  }

  /// Returns the file's bytes.
  func image() throws(FileError) -> [UInt8] {
    let id = file.id
    let bytes = HDF5Library.locked { () -> [UInt8]? in
      guard H5Fflush(id, H5F_SCOPE_GLOBAL) >= 0 else { return nil }
      // The call without a buffer returns the size.
      let size = H5Fget_file_image(id, nil, 0)
      guard size > 0 else { return nil }
      var bytes = [UInt8](repeating: 0, count: size)
      return unsafe H5Fget_file_image(id, &bytes, size) == size ? bytes : nil
    }
    try check(bytes != nil)
    return bytes ?? []
  }

  private func write(
    _ texts: [String], isScalar: Bool, _ name: String, _ group: String
  ) throws(FileError) {
    let root = file.id
    let succeeded = HDF5Library.locked { () -> Bool in
      let count = hsize_t(texts.count)
      // Variable-length ASCII, like every version of Keras. Other bytes pass through unchanged, as
      // they do there.
      guard let type = HDF5Handle<HDF5TypeKind>(H5Tcopy(dk_c_string())),
        H5Tset_size(type.id, dk_variable()) >= 0,
        let space = HDF5Handle<HDF5SpaceKind>(
          isScalar ? H5Screate(H5S_SCALAR) : unsafe H5Screate_simple(1, [count], nil)),
        let owner = HDF5Handle<HDF5GroupKind>(unsafe H5Gopen2(root, group, dk_default())),
        let attribute = HDF5Handle<HDF5AttributeKind>(
          unsafe H5Acreate2(owner.id, name, type.id, space.id, dk_default(), dk_default()))
      else { return false }
      if texts.isEmpty { return true }
      // libhdf5 expects an array of C strings: all texts in one buffer, and the start of each.
      var bytes: [CChar] = []
      var starts: [Int] = []
      for text in texts {
        starts.append(bytes.count)
        bytes += text.utf8.map { CChar(bitPattern: $0) } + [0]
      }
      return unsafe bytes.withUnsafeBufferPointer { buffer in
        let pointers = unsafe starts.map { unsafe buffer.baseAddress! + $0 }
        return unsafe H5Awrite(attribute.id, type.id, pointers) >= 0
      }
    }
    try check(succeeded)
  }

  /// Returns whether at least three quarters of a tensor of 4096 or more elements are zero, so that
  /// deflate pays off.
  private static func isSparse(_ tensor: Tensor) -> Bool {
    guard tensor.count >= 4096, !tensor.shape.isEmpty else { return false }
    return tensor.values.count { $0 == 0 } >= tensor.count / 4 * 3
  }

  /// Returns a property list for objects without recorded times.
  private static func properties(_ kind: hid_t) -> HDF5Handle<HDF5PropertyKind>? {
    guard let list = HDF5Handle<HDF5PropertyKind>(H5Pcreate(kind)),
      H5Pset_obj_track_times(list.id, false) >= 0
    else { return nil }
    return list
  }

  private func check(_ succeeded: Bool) throws(FileError) {
    guard succeeded else {
      throw FileError(
        .writeFailed, path: path, "libhdf5 cannot create the file; is the memory full?")
    }
  }
}
