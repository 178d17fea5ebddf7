/// Writes a zip archive of stored members piece by piece, without times; the sizes follow the members,
/// as PyTorch writes them.
struct ZipStream {
  private var place = 0
  private var count = 0
  private var directory = MessageWriter()
  private let append: ([UInt8]) throws -> Void

  /// The largest size of an archive in bytes; larger ones need another form.
  static let maximumSize = Int(UInt32.max) - 1
  /// The multiple of bytes at which members begin, as PyTorch maps them.
  private static let alignment = 64
  /// The largest number of bytes of an archive besides its members, for each.
  static let overhead = 256

  /// - Parameter append: Receives one piece after another.
  init(append: @escaping ([UInt8]) throws -> Void) { self.append = append }

  /// Adds a member.
  ///
  /// - Parameters:
  ///   - name: Its name, in ASCII.
  ///   - body: Calls its argument with one piece after another.
  mutating func add(_ name: String, body: (([UInt8]) throws -> Void) throws -> Void) throws {
    let start = place
    let headerSize = 30 + name.utf8.count
    // A field of the header, of at least 4 bytes, fills it up.
    let filling =
      Self.alignment - 1 - (start + headerSize + 4 + Self.alignment - 1) % Self.alignment
    var header = MessageWriter()
    header.write(UInt32(0x0403_4B50))
    // Version 2.0, sizes behind the member and names in UTF-8, stored, midnight of January 1, 1980.
    for number: UInt16 in [20, 0x808, 0, 0, 0x21] { header.write(number) }
    for _ in 0..<3 { header.write(UInt32(0)) }
    header.write(UInt16(name.utf8.count))
    header.write(UInt16(4 + filling))
    header.append(Array(name.utf8))
    header.append(Array("FB".utf8))
    header.write(UInt16(filling))
    header.append(Array(repeating: UInt8(ascii: "Z"), count: filling))
    try append(header.bytes)
    var (size, sum): (Int, UInt32) = (0, 0)
    try body { piece in
      // The piece is only read.
      sum = unsafe piece.withUnsafeBytes { unsafe Inflater.checksum($0, after: sum) }
      size += piece.count
      try append(piece)
    }
    var numbers = MessageWriter()
    for number in [sum, UInt32(size), UInt32(size)] { numbers.write(number) }
    var descriptor = MessageWriter()
    descriptor.write(UInt32(0x0807_4B50))
    descriptor.append(numbers.bytes)
    try append(descriptor.bytes)
    directory.write(UInt32(0x0201_4B50))
    for number: UInt16 in [20, 20, 0x808, 0, 0, 0x21] { directory.write(number) }
    directory.append(numbers.bytes)
    directory.write(UInt16(name.utf8.count))
    // No further fields, no comment, first disk, no attributes.
    directory.append([UInt8](repeating: 0, count: 12))
    directory.write(UInt32(start))
    directory.append(Array(name.utf8))
    place += header.bytes.count + size + descriptor.bytes.count
    count += 1
  }

  /// Ends the archive.
  func finish() throws {
    var end = MessageWriter()
    end.write(UInt32(0x0605_4B50))
    end.write(UInt32(0))
    for _ in 0..<2 { end.write(UInt16(count)) }
    end.write(UInt32(directory.bytes.count))
    end.write(UInt32(place))
    end.write(UInt16(0))
    try append(directory.bytes + end.bytes)
  }
}
