extension ONNXCopy {
  /// Writes the copy.
  ///
  /// - Throws: ``FileError`` if the file cannot be read, or the copy cannot be written.
  func write(from file: FileDescriptor, to path: String) throws(FileError) {
    try AtomicFile.write(to: path) { descriptor in
      for piece in pieces {
        switch piece {
        case .new(let bytes): try Descriptor.write(bytes, to: descriptor)
        case .old(let range):
          for part in range.parts(of: Self.bufferSize) {
            try Descriptor.write(try file.bytes(in: part), to: descriptor)
          }
        case .elements(let elements, let range):
          let size = elements.type.size
          for part in range.parts(of: Self.bufferSize) {
            let first = (part.lowerBound - range.lowerBound) / size
            let bytes = elements.bytes(
              of: first..<first + part.count / size, old: try file.bytes(in: part))
            try Descriptor.write(bytes, to: descriptor)
          }
        }
      }
    }
  }

  /// The number of bytes that are copied at a time, a multiple of every element's size.
  static let bufferSize = 1 << 20
}

extension Range<Int> {
  /// Returns the range in parts of `size`; the last may be shorter.
  func parts(of size: Int) -> [Range<Int>] {
    stride(from: lowerBound, to: upperBound, by: size).map {
      $0..<Swift.min($0 + size, upperBound)
    }
  }
}
