extension HDF5Catalogue.Observation {
  /// Creates the observation of a virtual data set.
  init(virtual path: String) {
    self.init(rule: .virtualDataset, path: path, detail: "")
  }

  /// The observation as a finding, with a message.
  var finding: Finding {
    let place = "'\(abbreviated(path))'"
    let detail = abbreviated(detail)
    let name = "'\(detail)'"
    let message =
      switch rule {
      case .externalStorage:
        "its data set \(place) takes its values from another file, which is not opened: \(name)"
      case .externalLink: "\(place) is a link into another file, which is not opened: \(name)"
      case .userLink: "\(place) is a link that only custom code can follow"
      case .virtualDataset:
        "its data set \(place) is composed of other data sets, which are not opened"
      case .filter:
        "its data set \(place) uses the filter \(detail), which no Keras file has; "
          + HDF5Filter.advice(detail)
      case .type: "\(place) holds neither numbers nor text, and is not read"
      case .cycle: "two paths lead to its group \(place)"
      case .depth: "\(place) is nested more than \(HDF5Catalogue.maximumDepth) groups deep"
      case .objectCount: "at \(place) it has more \(detail) than an honest file has room for"
      default:
        "\(place) cannot be read\(detail.isEmpty ? "" : " (\(detail))"); the file is damaged"
      }
    return Finding(rule, at: abbreviated(path), message)
  }
}
