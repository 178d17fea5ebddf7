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
        "its data set \(place) keeps its values in another file, which is not opened: \(name)"
      case .externalLink: "\(place) is a link into another file, which is not opened: \(name)"
      case .userLink: "\(place) is a link that only a program's own code can follow"
      case .virtualDataset:
        "its data set \(place) is put together from others, which are not opened"
      case .filter:
        "its data set \(place) is packed with the filter \(detail), which no Keras file has; "
          + HDF5Filter.advice(detail)
      case .type: "\(place) holds neither numbers nor text, and is not read"
      case .cycle: "its group \(place) is reached in two ways"
      case .depth: "\(place) lies more than \(HDF5Catalogue.maximumDepth) groups deep"
      case .objectCount: "at \(place) it has more \(detail) than an honest file has room for"
      default:
        "\(place) cannot be read\(detail.isEmpty ? "" : " (\(detail))"); the file is damaged"
      }
    return Finding(rule, at: abbreviated(path), message)
  }
}
