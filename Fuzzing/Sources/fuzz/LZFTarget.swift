@testable import ModelIO

/// What h5py's filter packs; the first two bytes are the limit of what it may unpack to.
enum LZFTarget: FuzzTarget {
  static var seeds: [[UInt8]] {
    [
      [0, 3, 2, 97, 98, 99],
      [0, 12, 2, 97, 98, 99, 0xE0, 0, 2],
      [1, 16, 0, 7, 0xE0, 255, 0],
      [0, 4, 0, 7, 0x20, 1],
    ]
  }

  static func parse(_ bytes: [UInt8]) {
    guard bytes.count >= 2 else { return }
    let limit = Int(bytes[0]) << 8 | Int(bytes[1])
    guard let unpacked = LZF.unpacked(Array(bytes[2...]), limit: limit) else { return }
    precondition(unpacked.count <= min(limit, 264 * bytes.count))
  }
}
