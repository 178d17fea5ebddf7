/// The format of an image file by its first bytes, regardless of its name.
enum ImageFormat: Sendable, Hashable, CaseIterable {
  case png
  case jpeg
  /// Binary PPM or PGM (Netpbm).
  case netpbm

  /// Determines the format; nil for any other file.
  init?(_ start: some Sequence<UInt8>) {
    if start.starts(with: PNGHeader.signature) {
      self = .png
    } else if start.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if start.starts(with: Array("P5".utf8)) || start.starts(with: Array("P6".utf8)) {
      self = .netpbm
    } else {
      return nil
    }
  }

  /// The extensions of the files that are taken for images in a folder, in lower case.
  static let extensions = ["jpeg", "jpg", "pgm", "png", "ppm"]

  /// The formats in messages.
  static let names = "PNG, JPEG or PPM"

  /// The name in messages.
  var name: String {
    switch self {
    case .png: "PNG"
    case .jpeg: "JPEG"
    case .netpbm: "PPM"
    }
  }

  /// The name of the library that decodes the format.
  var library: String {
    switch self {
    case .png: "libpng"
    case .jpeg: "libjpeg"
    case .netpbm: "the PPM reader"
    }
  }

  /// Returns what a file is that has none of the formats, as the end of a sentence about it.
  static func otherKind(_ start: [UInt8]) -> String {
    func starts(_ text: String) -> Bool { start.starts(with: Array(text.utf8)) }
    if start.isEmpty { return "is empty" }
    if starts("version https://git-lfs") {
      return "is a Git LFS pointer, not the file itself; run `git lfs pull`"
    }
    if start.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      return "is an HDF5 file, not an image; give it as a data set, or an image here"
    }
    let others: [(String, [UInt8])] = [
      ("GIF", Array("GIF8".utf8)), ("BMP", Array("BM".utf8)), ("WebP", Array("RIFF".utf8)),
      ("TIFF", [0x49, 0x49, 0x2A, 0]), ("TIFF", [0x4D, 0x4D, 0, 0x2A]),
    ]
    if let other = others.first(where: { start.starts(with: $0.1) }) {
      return "is a \(other.0) image, not \(names); convert it"
    }
    return "is not a \(names) image; check it or copy it again"
  }
}
