extension FileKind {
  /// Returns how to convert a model of TensorFlow, with the name of tf2onnx's option for it.
  static func conversion(of path: String, _ option: String) -> String {
    let (old, new) = names(path)
    let stem = new.hasSuffix(".h5") ? String(new.dropLast(3)) : "NEW"
    return
      "convert it: `pip install tf2onnx` and `python3 -m tf2onnx.convert --\(option) \(old) --output "
      + "\(stem).onnx`"
  }

  /// The message for a file of this kind in place of a Keras `.h5` model, with advice; nil for HDF5
  /// and for unknown files, which may be damaged HDF5.
  func insteadOfModel(_ path: String) -> String? {
    switch self {
    case .hdf5, .other: nil
    case .empty: "is empty"
    case .gitLFSPointer: "is a Git LFS pointer, not the file itself; run `git lfs pull`"
    case .kerasArchive: "is \(words), not HDF5"
    case .json:
      "is JSON, not HDF5; it may be the architecture for a file of weights"
    case .png: "is a PNG image, neither a model nor a data set"
    case .gzip: "is packed with gzip; unpack it with `gunzip`"
    case .tar, .zip: "is \(words), not HDF5; unpack it and give the .h5 file in it"
    case .onnx: "is \(words), which does not hold a network of Keras"
    case .torchArchive, .torchLegacy, .torchProgram, .safetensors:
      "is \(words), which does not hold a network of Keras"
    case .tflite: "is \(words); \(Self.conversion(of: path, "tflite"))"
    case .savedModel: "is \(words); \(Self.conversion(of: path, "saved-model"))"
    case .savedModelGraph: "is \(words); give the folder that it is in, for its conversion"
    case .pickle:
      "is \(words); only models of Keras and ONNX, programs of torch.export and weights of PyTorch are "
        + "read"
    case .numpyArchive, .numpyArray, .matlab5, .idx, .jpeg, .folder:
      "is \(words), which holds no model; give a model that Keras saved as .h5"
    }
  }
}
