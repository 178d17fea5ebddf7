import InferenceGraph

extension Graph {
  /// Returns why the graph's result is not that of a classifier; nil if it is.
  ///
  /// - Parameter sigmoid: A sigmoid function in the words of the model's framework.
  func outputFault(appending sigmoid: String) -> String? {
    let shape = outputShape
    if shape.count == 1, shape[0] >= 2 { return nil }
    let advice =
      shape == [1] ? "; if it is a logit, append \(sigmoid) to the model and save it again" : ""
    return "the model's output has shape \(shape); a classifier ends in one vector of at least 2 "
      + "class scores, or in one sigmoid unit\(advice)"
  }
}

extension Model.Source {
  /// The source of a model in an open file.
  ///
  /// - Throws: ``FileError`` if the file cannot be read.
  init(of content: FileDescriptor) throws(FileError) {
    let path = content.path
    self.init(
      file: path.split(separator: "/").last.map(String.init) ?? path,
      sha256: try ModelIO.sha256(of: content))
  }
}
