/// A .npy file: images without labels.
struct NumpyFile: DataContainer {
  private let content: FileDescriptor

  /// Wraps an open file.
  init(_ content: FileDescriptor) { self.content = content }

  var path: String { content.path }
  var noun: String { "array" }
  var hasNames: Bool { false }

  func usualKeys(_ part: DataPart?) -> [DataKeys] { [.standard] }

  var numberArrays: [any StoredArray] { [] }

  func array(_ name: String) throws(FileError) -> (any StoredArray)? {
    guard name == DataKeys.standard.images else { return nil }
    return try NumpyArray(name, in: .file(content))
  }

  func contents() -> String {
    let (old, _) = FileKind.names(path)
    let new = old.hasSuffix(".npy") ? "\(old.dropLast(4)).npz" : "NEW.npz"
    return "(it is one array); put images and labels into one file: `python3 -c \"import numpy; "
      + "numpy.savez('\(new)', data=numpy.load('\(old)'), label=numpy.load('LABELS.npy'))\"`"
  }
}
