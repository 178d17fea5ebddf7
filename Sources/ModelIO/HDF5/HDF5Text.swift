import CHDF5

/// Reads text attributes.
enum HDF5Text {
  /// Reads an attribute of a group.
  ///
  /// Supports fixed and variable lengths, ASCII and UTF-8, scalars and arrays; an empty array of
  /// any type gives no texts.
  ///
  /// - Parameter limit: The largest size of the texts in bytes.
  /// - Returns: The texts, or nil within the tuple if the attribute is not text; nil if it cannot
  ///   be read.
  static func read(_ name: String, of group: hid_t, limit: Int) -> (value: [String]?, Void)? {
    guard
      let attribute = HDF5Handle<HDF5AttributeKind>(unsafe H5Aopen(group, name, dk_default())),
      let space = HDF5Handle<HDF5SpaceKind>(H5Aget_space(attribute.id)),
      let type = HDF5Handle<HDF5TypeKind>(H5Aget_type(attribute.id))
    else { return nil }
    let count = Int(H5Sget_simple_extent_npoints(space.id))
    if count == 0 { return ([], ()) }
    guard H5Tget_class(type.id) == H5T_STRING else { return (nil, ()) }
    let texts =
      H5Tis_variable_str(type.id) > 0
      ? variable(attribute.id, type.id, space.id, count, limit)
      : fixed(attribute.id, type.id, count, limit)
    return texts.map { ($0, ()) }
  }

  private static func fixed(
    _ attribute: hid_t, _ type: hid_t, _ count: Int, _ limit: Int
  ) -> [String]? {
    let length = H5Tget_size(type)
    let (bytes, overflow) = count.multipliedReportingOverflow(by: length)
    guard length > 0, count > 0, !overflow, bytes <= limit else { return nil }
    var buffer = [UInt8](repeating: 0, count: bytes)
    guard unsafe H5Aread(attribute, type, &buffer) >= 0 else { return nil }
    let padding = H5Tget_strpad(type) == H5T_STR_SPACEPAD ? UInt8(ascii: " ") : 0
    return (0..<count).map { index in
      var text = buffer[index * length..<(index + 1) * length]
      if padding == 0 { text = text.prefix { $0 != 0 } }
      while text.last == padding { text.removeLast() }
      return String(decoding: text, as: UTF8.self)
    }
  }

  private static func variable(
    _ attribute: hid_t, _ type: hid_t, _ space: hid_t, _ count: Int, _ limit: Int
  ) -> [String]? {
    // Each element takes 16 bytes in the file, so an honest count is below `limit / 8`.
    guard count > 0, count <= limit / 8 else { return nil }
    var pointers = unsafe [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    guard unsafe H5Aread(attribute, type, &pointers) >= 0 else { return nil }
    // libhdf5 allocated the strings; they are copied before it frees them.
    defer { _ = unsafe H5Dvlen_reclaim(type, space, dk_default(), &pointers) }
    // Many elements may refer to one text in the file.
    var (left, texts) = (limit, [String]())
    for index in 0..<count {
      let text = unsafe pointers[index].map { unsafe String(cString: $0) } ?? ""
      left -= text.utf8.count
      guard left >= 0 else { return nil }
      texts.append(text)
    }
    return texts
  }
}
