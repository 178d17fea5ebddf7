import CZlib

/// Unpacks deflated bytes (RFC 1951) with zlib, in a sealed process if the system has one.
enum Inflater {
  /// The largest number of bytes in a piece.
  static let pieceSize = 256 << 10

  /// Unpacks the first `count` bytes.
  ///
  /// - Parameter deliver: Receives one piece after another, and returns whether to continue.
  /// - Returns: Whether all could be unpacked.
  @unsafe static func unpack(
    _ packed: UnsafeRawBufferPointer, count: Int, deliver: (UnsafeRawBufferPointer) -> Bool
  ) -> Bool {
    var stream = unsafe z_stream()
    // No header: negative bits.
    guard
      unsafe inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return false }
    defer { unsafe inflateEnd(&stream) }
    var piece = [UInt8](repeating: 0, count: min(pieceSize, max(1, count)))
    var (taken, done) = (0, 0)
    while done < count {
      // zlib reads from the packed bytes and writes into the piece, within the counts given.
      let (status, made) = unsafe piece.withUnsafeMutableBytes { buffer -> (Int32, Int) in
        let wanted = min(buffer.count, count - done)
        let given = min(packed.count - taken, 1 << 30)
        unsafe stream.next_in = packed.baseAddress.map {
          unsafe UnsafeMutablePointer(
            mutating: ($0 + taken).assumingMemoryBound(to: UInt8.self))
        }
        unsafe stream.avail_in = UInt32(given)
        unsafe stream.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.avail_out = UInt32(wanted)
        let status = unsafe inflate(&stream, Z_NO_FLUSH)
        taken += given - Int(unsafe stream.avail_in)
        return (status, wanted - Int(unsafe stream.avail_out))
      }
      done += made
      guard made > 0,
        unsafe piece.withUnsafeBytes({ unsafe deliver(.init(rebasing: $0[..<made])) })
      else { return false }
      guard status == Z_OK || (status == Z_STREAM_END && done == count) else { return false }
    }
    return true
  }

  /// Returns the CRC-32 of bytes that follow others with the given CRC-32.
  @unsafe static func checksum(_ bytes: UnsafeRawBufferPointer, after start: UInt32 = 0) -> UInt32 {
    var value = uLong(start)
    for first in stride(from: 0, to: bytes.count, by: 1 << 30) {
      let count = min(bytes.count - first, 1 << 30)
      // zlib reads `count` bytes during the call only.
      value = unsafe crc32(
        value, bytes.baseAddress.map { unsafe ($0 + first).assumingMemoryBound(to: UInt8.self) },
        UInt32(count))
    }
    return UInt32(truncatingIfNeeded: value)
  }
}
