package import InferenceGraph

/// A file of ours: named arrays of 32-bit floats, and settings as text, in HDF5.
///
/// It is read like any foreign file.
package struct ArrayFile: Sendable {
  /// A setting: a name without `=`, and a value.
  package typealias Setting = (name: String, value: String)

  /// The attribute of the root that holds the settings.
  static let attribute = "defensekit"
  private static let version = "1"

  /// What the file is, such as "trigger".
  package let kind: String
  /// The settings in order.
  package let settings: [Setting]
  /// The arrays in order.
  package let arrays: [(name: String, tensor: Tensor)]

  /// Puts a file together.
  package init(kind: String, settings: [Setting], arrays: [(name: String, tensor: Tensor)]) {
    self.kind = kind
    self.settings = settings
    self.arrays = arrays
  }

  /// The value of the first setting with this name.
  package func setting(_ name: String) -> String? { settings.first { $0.name == name }?.value }

  /// The array with this name.
  package func array(_ name: String) -> Tensor? { arrays.first { $0.name == name }?.tensor }

  /// Writes the file, whole or not at all; equal contents give equal bytes.
  package func save(to path: String) throws(FileError) {
    let file = try HDF5Writer(path: path)
    try file.write(
      ["kind=\(kind)", "version=\(Self.version)"] + settings.map { "\($0.name)=\($0.value)" },
      attribute: Self.attribute, in: "/")
    for (name, tensor) in arrays { try file.write(tensor, to: name) }
    try AtomicFile.write(try file.image(), to: path)
  }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - kind: What it must be.
  ///   - names: The arrays that are read, those of them that are there.
  ///   - largestCount: The most elements that such an array has.
  ///   - sandbox: How it is parsed.
  /// - Throws: ``FileError`` if it is no such file, or an array is too large or holds NaN or infinity.
  package static func load(
    _ path: String, kind: String, arrays names: [String], largestCount: Int, sandbox: Sandbox
  ) throws(FileError) -> ArrayFile {
    let file = try HDF5File(path, sandbox: sandbox)
    let settings = (file.strings(attribute) ?? []).map { line -> Setting in
      let sides = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(sides[0]), sides.count == 2 ? String(sides[1]) : "")
    }
    func value(_ name: String) -> String? { settings.first { $0.name == name }?.value }
    guard value("kind") == kind else {
      let other: String? =
        if file.hasGroup("model_weights") {
          "model"
        } else if file.datasetIfPresent("data") != nil {
          "data set"
        } else {
          value("kind").map { abbreviated($0) }
        }
      throw file.failure(
        "is no \(kind) file of this program\(other.map { ", but looks like a \($0)" } ?? ""); give "
          + "one that it has written")
    }
    guard value("version") == version else {
      throw file.failure("was written by a later version of this program; use that")
    }
    var arrays: [(name: String, tensor: Tensor)] = []
    for name in names {
      guard let dataset = file.datasetIfPresent(name) else { continue }
      guard dataset.info.elementClass != .other, dataset.info.count <= largestCount else {
        throw file.failure(
          "its data set '\(name)' holds no numbers, or too many; \(advice(kind))")
      }
      let tensor = Tensor(shape: dataset.info.shape, values: try dataset.floats())
      if let position = tensor.firstNonFinite {
        throw file.failure(
          "its data set '\(name)' is \(tensor.values[position]) at position \(position); "
            + advice(kind))
      }
      arrays.append((name, tensor))
    }
    return ArrayFile(
      kind: kind, settings: settings.filter { !["kind", "version"].contains($0.name) },
      arrays: arrays)
  }

  /// What to do about a damaged file.
  package static func advice(_ kind: String) -> String { "make the \(kind) again" }
}
