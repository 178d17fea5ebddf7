extension FileKind {
  /// The message for a file of this kind in place of a Keras `.h5` model, with advice; nil for HDF5
  /// and for unknown files, which may be damaged HDF5.
  var insteadOfModel: String? {
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
    case .pickle, .tflite, .savedModel, .savedModelGraph:
      "is \(words); only Keras .h5 models, ONNX models and weights of PyTorch are read"
    case .numpyArchive, .numpyArray, .matlab5, .idx, .jpeg, .folder:
      "is \(words), which holds no model; give a model that Keras saved as .h5"
    }
  }
}
