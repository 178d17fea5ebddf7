extension HDF5File: DataContainer {
  var noun: String { "data set" }

  func usualKeys(_ part: DataPart?) -> [DataKeys] {
    [.standard, DataKeys(images: DataKeys.standard.images, labels: "labels")]
  }

  var numberArrays: [any StoredArray] {
    datasets.filter { $0.info.elementClass != .other }.compactMap { datasetIfPresent($0.path) }
  }

  func array(_ name: String) throws(FileError) -> (any StoredArray)? { datasetIfPresent(name) }

  func contents() -> String {
    let names = names().prefix(5).joined(separator: ", ")
    let isModel = hasGroup("model_weights") ? "; is it a model?" : ""
    return "(it has: \(names.isEmpty ? "nothing" : abbreviated(names)))\(isModel)"
  }
}
