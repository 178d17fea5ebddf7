import Foundation
import InferenceGraph
import ModelIO

/// An ONNX file up to the graph, weights included, and a copy of it with other weights.
enum ONNXTarget: FuzzTarget {
  /// A convolution with a bias, a rectifier, and a dense layer without.
  private static let network =
    "CAgSADrsAgpCCgF4CgF3CgFiEgFjGgRjb252IgRDb252KhUKDGtlcm5lbF9zaGFwZUADQAOgAQcqEQoEcGFkc0AB"
    + "QAFAAUABoAEHCgwKAWMSAXIiBFJlbHUKDwoBchIBZiIHRmxhdHRlbgoVCgFmCgFrEgF5GgRsYXN0IgRHZW1tEgNu"
    + "ZXQqVwgCCAEIAwgDEAFCAXdKSAAAID8AAIA+AAAAAAAAAL8AAAC/AACAvwAAYL8AAIC/AABAvwAAID8AAIA+AABA"
    + "PwAAAAAAAAA+AABgPwAAwD4AAIA+AAAAACoRCAIQAUIBYkoIAAAAAAAAQD8qSwgICAIQAUIBa0pAAAAAvwAAID8A"
    + "AIA+AACAvwAAgL4AACA/AAAAAAAAgL8AAAA/AADAPgAAID8AAEC/AABgvwAAID8AAIC/AAAAAFocCgF4EhcKFQgB"
    + "EhEKAxIBbgoCCAEKAggCCgIIAmIUCgF5Eg8KDQgBEgkKAxIBbgoCCAJCBAoAEA0="

  static var seeds: [[UInt8]] { [Array(Data(base64Encoded: network) ?? Data())] }

  static var words: [String] {
    [
      "Add", "AveragePool", "BatchNormalization", "Cast", "Clip", "Concat", "Constant", "Div",
      "Dropout", "Expand", "Gather", "Gelu", "GlobalAveragePool", "HardSwish", "Identity", "MatMul",
      "MaxPool", "Mul", "Pad", "PRelu", "ReduceMean", "Reshape", "Shape", "Slice", "Softmax", "Sub",
      "Transpose", "Unsqueeze", "group", "dilations", "strides", "auto_pad", "ceil_mode", "axis",
      "axes", "value", "location", "offset", "length", "com.microsoft",
    ]
  }

  private static let path =
    FileManager.default.temporaryDirectory.appending(path: "fuzz-\(getpid()).onnx").path

  private static let copy = path + ".copy"

  static func parse(_ bytes: [UInt8]) {
    guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else { return }
    guard var model = try? ModelFile.load(path, sandbox: .off) else { return }
    for layer in model.graph.prunableLayers {
      if let masked = try? model.graph.masking([0], of: layer) { model.graph = masked }
    }
    do {
      try ModelFile.save(model, to: copy)
    } catch {
      return
    }
    // A copy of what is read is read.
    do {
      _ = try ModelFile.load(copy, sandbox: .off)
    } catch {
      fatalError("\(error)")
    }
  }
}
