/// Writes a zip archive of stored members, without times: equal members give equal bytes.
enum ZipWriter {
  /// The largest size of an archive in bytes; larger ones need another form.
  static let maximumSize = Int(UInt32.max) - 1

  /// Returns the size of an archive in bytes.
  static func size(_ members: [(name: String, bytes: [UInt8])]) -> Int {
    members.reduce(22) { $0 + 76 + 2 * $1.name.utf8.count + $1.bytes.count }
  }

  /// Writes an archive, of at most ``maximumSize`` bytes.
  ///
  /// - Parameter append: Receives one piece after another.
  static func write<Failure: Error>(
    _ members: [(name: String, bytes: [UInt8])], append: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(size(members) <= maximumSize, "\(size(members)) bytes")
    var directory = MessageWriter()
    var place = 0
    for (name, bytes) in members {
      // The bytes are only read.
      let sum = unsafe bytes.withUnsafeBytes { unsafe Inflater.checksum($0) }
      var common = MessageWriter()
      // Version 2.0, no flags, stored, midnight of January 1, 1980.
      for number: UInt16 in [20, 0, 0, 0, 0x21] { common.write(number) }
      for number in [sum, UInt32(bytes.count), UInt32(bytes.count)] { common.write(number) }
      common.write(UInt16(name.utf8.count))
      common.write(UInt16(0))
      var header = MessageWriter()
      header.write(UInt32(0x0403_4B50))
      header.append(common.bytes + Array(name.utf8))
      try append(header.bytes)
      try append(bytes)
      directory.write(UInt32(0x0201_4B50))
      directory.write(UInt16(20))
      directory.append(common.bytes)
      // No comment, first disk, no attributes.
      directory.append([UInt8](repeating: 0, count: 10))
      directory.write(UInt32(place))
      directory.append(Array(name.utf8))
      place += header.bytes.count + bytes.count
    }
    var end = MessageWriter()
    end.write(UInt32(0x0605_4B50))
    end.write(UInt32(0))
    for _ in 0..<2 { end.write(UInt16(members.count)) }
    end.write(UInt32(directory.bytes.count))
    end.write(UInt32(place))
    end.write(UInt16(0))
    try append(directory.bytes + end.bytes)
  }
}
