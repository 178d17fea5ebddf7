extension FileKind {
  /// The expected form of a data file, for messages.
  static let dataForm = "an HDF5 file with the images in 'data' and their classes in 'label'"

  /// Returns advice if a file of this kind was passed as labelled images; nil if it may be a data
  /// file.
  func adviceOnData(_ path: String) -> String? {
    let give = "give \(Self.dataForm)"
    let (old, new) = Self.names(path)
    switch self {
    case .hdf5, .numpyArchive, .numpyArray, .pickle, .folder, .other: return nil
    case .empty: return "is empty; \(give)"
    case .gitLFSPointer: return "is \(words); run `git lfs pull`"
    case .idx:
      return "is \(words): images or labels alone; put both into one file: "
        + Self.python(
          "import h5py, numpy; h5py.File('\(new)', 'w').update(data=numpy.fromfile('\(old)', 'u1')"
            + "[16:].reshape(-1, 28, 28), label=numpy.fromfile('LABELS', 'u1')[8:])")
    case .gzip: return "is \(words); unpack it with `gzip -dc \(old) > NEW`, and give what is in it"
    case .tar: return "is \(words); unpack it with `tar -xf \(old)`, and give what is in it"
    case .zip: return "is \(words); unpack it with `unzip \(old)`, and give what is in it"
    case .matlab5: return "is \(words), which is no HDF5; save it with '-v7.3' in MATLAB"
    case .png, .jpeg: return "is \(words), not a data set; \(give)"
    case .torchArchive, .torchLegacy, .safetensors, .json: return "is \(words), not HDF5; \(give)"
    case .kerasArchive, .torchProgram, .onnx, .tflite, .savedModel, .savedModelGraph:
      return "is \(words), a model and no data set; \(give)"
    }
  }

  /// Returns the rest of a sentence about a pickle that is not read: how to convert it.
  static func pickleAdvice(_ path: String) -> String {
    let (old, new) = names(path)
    return "; loading it runs what is in it; if you trust it, convert it; a batch of CIFAR-10 like "
      + "this: "
      + python(
        "import h5py, pickle; d = pickle.load(open('\(old)', 'rb'), encoding='latin1'); "
          + "h5py.File('\(new)', 'w').update(data=d['data'].reshape(-1, 3, 32, 32), "
          + "label=d['labels'])")
  }

  private static func python(_ code: String) -> String { "`python3 -c \"\(code)\"`" }

  /// Returns the names of a file and of its conversion for use between quotes in a shell command,
  /// or placeholders if the name has characters that would need escaping.
  static func names(_ path: String) -> (old: String, new: String) {
    let isPlain = path.utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || "/._-+=,:@%".utf8.contains(byte)
    }
    guard isPlain else { return ("OLD", "NEW.h5") }
    let folder = path.lastIndex(of: "/") ?? path.startIndex
    let stem = path[folder...].lastIndex(of: ".").map { path[..<$0] } ?? path[...]
    return (path, path.hasSuffix(".h5") ? "\(stem)-new.h5" : "\(stem).h5")
  }
}
