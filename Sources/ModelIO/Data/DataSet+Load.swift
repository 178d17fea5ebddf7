public import InferenceGraph

extension DataSet {
  /// Opens an HDF5 or NumPy file, or a folder, with images and their classes.
  ///
  /// Images are integers or floats of rank 4, channels first or last, or of rank 3 with one
  /// channel; they are not read yet. In a MATLAB file, which stores the last axis first, the images
  /// are along MATLAB's last axis. Labels are classes, counted from 0, of shape (N) or with axes of
  /// extent 1, or one row of (N, classes) per image: one-hot, or class probabilities with one
  /// largest value.
  ///
  /// A folder has PNG, JPEG and PPM files of one size, or of any size with `fitting`: in a folder
  /// for each class, or without labels. All of them are decoded at once, into memory.
  ///
  /// The file may also hold a second set of labels, `true_label`, and `poisoned`: 1 for each image
  /// of a training set that carries a trigger, 0 for each other.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - inputShape: The shape of the model's input, `[height, width, channels]`, which decides the
  ///     layout.
  ///   - classCount: The number of the model's classes.
  ///   - layout: The layout, for shapes that fit both.
  ///   - keys: The names of the images and labels in the file; nil: `data`, and `label` or
  ///     `labels`; in a NumPy archive also `x` and `y`, `images` and `labels`, those of the part,
  ///     such as `x_test` and `y_test` or `test_images` and `test_labels`, and `arr_0` and `arr_1`,
  ///     the first pair that is there. A note says which, unless it is the first.
  ///   - group: What tells the groups of the images apart; nil: they are not grouped.
  ///   - isGroupOptional: Whether the file may lack the groups, which a note then says.
  ///   - consumer: The word for the owner of shape and classes in messages, for example "model" or
  ///     "trigger".
  ///   - requiresLabels: Whether a file without labels is refused. Otherwise all its labels are 0,
  ///     and ``isLabelled`` is false; with `keys`, or grouped by label, it needs them anyway.
  ///   - part: The part to prefer if the file has training and test images; nil: the test images.
  ///   - naming: How the folders of a folder of images name classes.
  ///   - fitting: How image files become images of the input's size.
  ///   - range: The indices of the images to take; nil: all.
  ///   - target: The attacker's class, for triggered images whose labels are the classes that they
  ///     show; nil if the labels are the attacker's.
  ///   - sandbox: Whether a sealed process parses the file.
  /// - Throws: ``FileError``; if a data set is missing, the message lists pairs that would fit.
  public static func load(
    _ path: String, for inputShape: [Int], classCount: Int, layout: ImageLayout? = nil,
    keys: DataKeys? = nil, part: DataPart? = nil, naming: ClassNaming = .sorted,
    fitting: ImageFitting = ImageFitting(), range: Range<Int>? = nil, target: Int? = nil,
    group: DataGroup? = nil,
    isGroupOptional: Bool = false,
    consumer: String = "model", requiresLabels: Bool = true, sandbox: Sandbox = .auto
  ) throws(FileError) -> DataSet {
    let data = try DataFile(
      path, keys: keys, part: part, naming: naming, resizing: fitting,
      fitting: (inputShape, classCount), consumer: consumer,
      requiresLabels: requiresLabels && target == nil || group == .label, sandbox: sandbox)
    let (file, images) = (data.file, data.images)
    let count = images.shape[0]
    let range = range ?? 0..<count
    guard range.upperBound <= count else {
      throw FileError(
        .usage, path: path,
        "has \(count) images, but \(range.lowerBound)-\(range.upperBound) are asked for")
    }
    let chosen = try self.layout(of: images.shape, for: inputShape, layout, consumer, in: file)
    var notes = data.notes
    func read(_ labels: LabelSet) throws(FileError) -> [Int32] {
      let (classes, areSoft) = try labels.read(classCount: classCount, consumer)
      if areSoft {
        notes.append(
          "\(path): \(file.its(labels.dataset)) has shares of classes; each image "
            + "counts as the class with the largest share")
      }
      return classes
    }
    var labels = try data.labels.map(read) ?? Array(repeating: 0, count: count)
    let groups = try group?.values(in: file, labels: labels, isOptional: isGroupOptional)
    if let group, groups == nil {
      notes.append(
        "\(path): has no \(file.noun) '\(abbreviated("\(group)"))'; nothing is counted by group")
    }
    var trueLabels: [Int32]?
    for name in ["true_label", "true_labels"] {
      guard let found = try file.array(name) else { continue }
      trueLabels = try read(LabelSet(found, of: file, count: count))
    }
    if let target {
      guard trueLabels == nil else {
        throw FileError(
          .usage, path: path, "has true classes beside the attacker's", remedies: [.omit("target")])
      }
      guard (0..<classCount).contains(target) else {
        throw FileError(
          .usage, path: path,
          "leads to class \(target), but the \(consumer)'s classes are 0 to \(classCount - 1)")
      }
      if data.labels != nil { trueLabels = labels }
      labels = Array(repeating: Int32(target), count: count)
    }
    var isPoisoned: [Bool]?
    if let found = try file.array("poisoned"), found.shape == [count] {
      let values = try found.doubles()
      // A data set of this name with other values means something else.
      if values.allSatisfy({ $0 == 0 || $0 == 1 }) { isPoisoned = values.map { $0 == 1 } }
    }
    var result = DataSet(
      dataset: images, path: path, range: range, imageShape: inputShape, layout: chosen,
      isTransposed: file.isMATLAB && inputShape.count == 3, labels: labels, trueLabels: trueLabels,
      isPoisoned: isPoisoned, groups: groups, notes: notes)
    result.isLabelled = data.labels != nil || target != nil
    return result
  }

  /// Returns the layout in which images of the file's shape fit the model.
  private static func layout(
    of shape: [Int], for inputShape: [Int], _ wanted: ImageLayout?, _ consumer: String,
    in file: any DataContainer
  ) throws(FileError) -> ImageLayout {
    let image = Array(shape.dropFirst())
    // The input shape in the axis order of the file.
    var input = inputShape
    if file.isMATLAB, input.count == 3 { input.swapAt(0, 1) }
    var last = image == input
    var first = false
    if input.count == 3 {
      first = image == [input[2], input[0], input[1]]
      // Without an axis of channels both layouts are the same.
      if input[2] == 1, image == Array(input.dropLast()) {
        (first, last) = (wanted == .nchw, wanted != .nchw)
      }
    }
    switch (wanted, first, last) {
    case (.nchw, true, _), (nil, true, false): return .nchw
    case (.nhwc, _, true), (nil, false, true): return .nhwc
    case (nil, true, true):
      throw FileError(
        .usage, path: file.path,
        "its images, \(described(image)), fit the \(consumer) with channels first and "
          + "with channels last",
        remedies: [.set("layout", to: ["nchw", "nhwc"])])
    case (.some(let wanted), _, _) where first || last:
      throw FileError(
        .usage, path: file.path,
        "its images, \(described(image)), do not fit the \(consumer)'s input, \(described(inputShape)), "
          + "with the layout \(wanted.rawValue)", remedies: [.omit("layout")])
    default:
      if file.isMATLAB {
        throw file.failure(
          "its images are \(described(image.reversed())) in MATLAB, if its last axis counts them, but "
            + "the \(consumer) takes \(described(inputShape)) (height x width x channels); give data "
            + "made for this \(consumer), turned with 'permute' if need be")
      }
      throw file.failure(
        "its images are \(described(image)), but the \(consumer) takes \(described(inputShape)) "
          + "(height x width x channels); give data made for this \(consumer)")
    }
  }
}
