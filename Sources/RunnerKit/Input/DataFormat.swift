internal import DefenseKit

/// How to read the data sets of a run, according to options or a plan.
struct DataFormat: Codable, Sendable, Hashable {
  /// The order of an image's axes, if their shape leaves it open.
  var layout: ImageLayout?
  /// The names of images and labels, `IMAGES,LABELS`, by option without dashes; "" stands for all
  /// other options.
  var keys: [String: String] = [:]
  /// How folders of images name classes; nil: sorted.
  var labels: ClassNaming?
  /// How image files become images of the network's size.
  var fitting = ImageFitting()
  /// Whether triggered images are in folders by the numbers of the classes that they show, whatever
  /// ``labels`` says.
  var isRecord = false
  /// The attacker's class, for triggered images whose labels are the classes that they show.
  var target: Int?
  /// What tells the groups of clean and test images apart: `label` or the name of a data set; nil
  /// if they are not grouped.
  var group: String?

  /// Returns the names in an option's file; nil for the standard ones.
  func keys(of option: String) -> DataKeys? {
    (keys[option] ?? keys[""]).flatMap { DataKeys($0) }
  }

  /// Returns the part to read of data that has training and test images.
  func part(of option: String) -> DataPart {
    switch DataRole(rawValue: option) {
    case .clean, .train: .train
    case .poisoned, .test, nil: .test
    }
  }

  /// Opens the data set of an option.
  ///
  /// - Parameters:
  ///   - text: Its file, or a range of it; see ``DataPlace``.
  ///   - option: The option that names the data set, without dashes.
  ///   - imageShape: The required shape of its images.
  ///   - classCount: The number of classes.
  ///   - consumer: The owner of shape and classes in messages: "model", for example.
  ///   - requiresLabels: Whether a file without labels is refused.
  ///   - sandbox: How to parse the file.
  func load(
    _ text: String, as option: String, imageShape: [Int], classCount: Int,
    consumer: String = "model", requiresLabels: Bool = true, sandbox: Sandbox
  ) throws(FileError) -> DataSet {
    let role = DataRole(rawValue: option)
    let place = DataPlace(text)
    let isGrouped = role == .clean || role == .test
    return try DataSet.load(
      place.path, for: imageShape, classCount: classCount, layout: layout, keys: keys(of: option),
      part: part(of: option), naming: role == .poisoned && isRecord ? .numeric : labels ?? .sorted,
      fitting: fitting, range: place.range,
      target: role == .poisoned ? target : nil,
      group: isGrouped ? group.flatMap { DataGroup($0) } : nil,
      isGroupOptional: role == .test,
      consumer: consumer, requiresLabels: requiresLabels, sandbox: sandbox)
  }
}

extension ImageLayout: Codable {}
extension ClassNaming: Codable {}
