public import InferenceGraph

/// The formats in which models are written.
public enum ModelFormat: String, Sendable, Hashable, CaseIterable {
  /// A Keras file: in Keras's own format (`.keras`) for a model that was read from such a file,
  /// otherwise HDF5 (`.h5`).
  case keras
  /// An ONNX file.
  case onnx
  /// Weights by name in the safetensors format.
  case safetensors
  /// Weights by name as a checkpoint of PyTorch (`.pt`), which `torch.load` opens with
  /// `weights_only=True`.
  case pt

  /// The ends of files' names, without the dot.
  public var fileExtensions: [String] {
    switch self {
    case .keras: ["h5", "keras", "hdf5"]
    case .onnx: ["onnx"]
    case .safetensors: ["safetensors"]
    case .pt: ["pt", "pth", "th", "tar", "ckpt"]
    }
  }

  /// Whether files hold weights without the layers that use them.
  public var holdsOnlyWeights: Bool { self == .safetensors || self == .pt }

  /// Returns the format that the end of a file's name stands for; nil for other names.
  public static func format(ofFile path: String) -> ModelFormat? {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let dot = name.lastIndex(of: ".") else { return nil }
    let end = name[name.index(after: dot)...].lowercased()
    return allCases.first { $0.fileExtensions.contains(end) }
  }
}

extension ModelFile {
  /// Returns the format of the file that a model was read from; Keras for a model made in memory, and
  /// for a program of `torch.export`.
  public static func format(of model: Model) -> ModelFormat {
    switch model.origin {
    case is ONNXOrigin: return .onnx
    case let origin as StateOrigin:
      switch origin.form {
      case .safetensors: return .safetensors
      case .checkpoint: return .pt
      case .program: return .keras
      }
    default: return .keras
    }
  }

  /// Returns the end of the name of a model's file, without the dot.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - format: The format; nil for that of the model's file.
  public static func fileExtension(
    of model: Model, as format: ModelFormat? = nil
  ) -> String {
    let isArchive = model.origin is KerasArchiveOrigin
    switch format ?? self.format(of: model) {
    case .keras: return isArchive ? "keras" : "h5"
    case .onnx: return "onnx"
    case .safetensors: return "safetensors"
    case .pt: return model.source?.file.lowercased().hasSuffix(".pth") ?? false ? "pth" : "pt"
    }
  }

  /// Checks that a model can be written, before its weights change.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - format: The format; nil for that of the model's file.
  ///   - isCompact: Whether channels will be removed.
  /// - Throws: ``FileError`` with the reason and what to do.
  public static func checkWriting(
    _ model: Model, as format: ModelFormat? = nil, isCompact: Bool = false
  ) throws(FileError) {
    let path = model.source?.file ?? model.name
    if isCompact, (format ?? self.format(of: model)).holdsOnlyWeights {
      throw FileError(
        .cannotWrite, path: path,
        "would be written as weights of fewer channels, which no longer fit the network's code",
        remedies: [.set("format", to: [ModelFormat.onnx.rawValue]), .omit("compact")])
    }
    switch format ?? self.format(of: model) {
    case .keras:
      do {
        _ = try KerasExport(model.graph)
      } catch {
        throw FileError(
          .cannotWrite, path: path, "cannot be written as a Keras file: \(error)",
          remedies: [.set("format", to: [ModelFormat.onnx.rawValue])])
      }
    case .onnx:
      if let obstacle = (model.origin as? ONNXOrigin)?.obstacle {
        throw FileError(
          .cannotWrite, path: path, "cannot be written back as ONNX: \(obstacle)",
          remedies: [.set("format", to: [ModelFormat.keras.rawValue])])
      }
      _ = try export(model, to: path)
    case .safetensors, .pt: try checkWeights(of: model, at: path)
    }
  }

  /// Writes a model.
  ///
  /// A model read from an ONNX file is written as a copy of that file, in which only the elements of
  /// changed weights differ; 16-bit floats are rounded. Tensors in other files are copied to
  /// `NAME.data` beside the copy. A tensor that several operators read stays, and an operator whose
  /// weights changed gets one of its own.
  ///
  /// Weights go by name without their network: those of a model that was read from a file of weights
  /// by the names in it, those of an ONNX model by the names of its tensors. A model of a safetensors
  /// file is written as a copy of that file, in which only the elements of changed weights differ; a
  /// checkpoint of PyTorch as a new one of the same keys, order and types, without objects of classes.
  ///
  /// A Keras file is in Keras's own format if `path` ends in `.keras`, otherwise HDF5.
  ///
  /// A model of another format, or with another network than its file, is written as a new ONNX file
  /// of opset 17 (20 for GELU and Mish), with the file's input name and order of axes, or those of
  /// its `architecture`. A model that was not read from ONNX takes images channels last.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - format: The format; nil for that of the model's file.
  ///   - path: The file to write. It is written atomically.
  /// - Throws: ``FileError`` if the model has no form in the format, the file cannot be written, or
  ///   it is the one that the model came from, which is never overwritten.
  public static func save(
    _ model: Model, as format: ModelFormat? = nil, to path: String
  ) throws(FileError) {
    switch format ?? self.format(of: model) {
    case .keras: try KerasModel.save(model, to: path)
    case .onnx:
      if let origin = model.origin as? ONNXOrigin, origin.obstacle == nil,
        origin.network.matches(model.graph)
      {
        return try origin.write(model.graph, to: path)
      }
      let export = try export(model, to: path)
      try model.source?.check(path)
      try AtomicFile.write(to: path) { descriptor in
        for piece in export.pieces(name: model.name) {
          switch piece {
          case .bytes(let bytes): try Descriptor.write(bytes, to: descriptor)
          case .elements(let constant): try Descriptor.write(constant.bytes, to: descriptor)
          }
        }
      }
    case .safetensors: try saveWeights(of: model, as: .safetensors, to: path)
    case .pt: try saveWeights(of: model, as: .pt, to: path)
    }
  }

  private static func export(_ model: Model, to path: String) throws(FileError) -> ONNXExport {
    let network =
      (model.origin as? ONNXOrigin)?.network ?? (model.origin as? StateOrigin)?.network
    let isSame = network?.graph.outputShape == model.graph.outputShape
    let export: ONNXExport
    do {
      export = try ONNXExport(
        model.graph, input: network?.input, output: isSame ? network?.output : nil,
        isChannelsFirst: network?.isChannelsFirst ?? false)
    } catch {
      throw FileError(
        .cannotWrite, path: path, "the model cannot be written as an ONNX file: \(error)",
        remedies: [.set("format", to: [ModelFormat.keras.rawValue])])
    }
    // Protocol Buffers have no larger messages; the rest of the file is far under 64 MiB.
    guard export.weightSize <= Int(Int32.max) - 64 << 20 else {
      throw FileError(
        .cannotWrite, path: path, "the model is too large for one ONNX file, of at most 2 GiB",
        remedies: [.set("format", to: [ModelFormat.keras.rawValue])])
    }
    return export
  }
}

extension Model.Source {
  /// Throws if the file at a path is the one that the model came from.
  func check(_ path: String) throws(FileError) {
    if let present = try? ModelIO.sha256(ofFile: path), present == sha256 {
      throw FileError(
        .cannotWrite, path: path, "is the model that was read; give another name")
    }
  }
}
