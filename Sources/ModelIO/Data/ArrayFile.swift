package import InferenceGraph

/// An HDF5 file that this package writes: named arrays of 32-bit floats, and settings as text.
///
/// It is read with the same checks as any other file.
package struct ArrayFile: Sendable {
  /// A name without `=`, and a value.
  package typealias Setting = (name: String, value: String)

  /// The attribute of the root that holds the settings.
  static let attribute = "defensekit"
  private static let version = "1"

  /// The kind of file, for example "trigger".
  package let kind: String
  /// The settings, in file order, without the kind and the version.
  package let settings: [Setting]
  /// The arrays, in the order of writing or of the names requested.
  package let arrays: [(name: String, tensor: Tensor)]

  /// Creates the contents of a file.
  package init(kind: String, settings: [Setting], arrays: [(name: String, tensor: Tensor)]) {
    self.kind = kind
    self.settings = settings
    self.arrays = arrays
  }

  /// Returns the value of the first setting with this name.
  package func setting(_ name: String) -> String? { settings.first { $0.name == name }?.value }

  /// Returns the array with this name.
  package func array(_ name: String) -> Tensor? { arrays.first { $0.name == name }?.tensor }

  /// Writes the file atomically; equal contents give equal bytes.
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
  ///   - kind: The expected kind.
  ///   - names: The arrays to read; missing ones are skipped.
  ///   - largestCount: The largest number of elements allowed in an array.
  ///   - sandbox: Whether a sealed process parses the file.
  /// - Throws: ``FileError`` if the file is of another kind or version, or an array is too large or
  ///   holds NaN or infinity.
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
        "is not a \(kind) file of this program\(other.map { ", but looks like a \($0)" } ?? ""); "
          + "give one that it wrote")
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

  /// Returns what to do about a damaged file.
  package static func advice(_ kind: String) -> String { "make the \(kind) again" }
}
