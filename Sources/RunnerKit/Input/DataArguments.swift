internal import ArgumentParser
internal import DefenseKit

/// Arguments for reading data sets.
struct DataArguments: ParsableArguments, Sendable {
  @Option(help: "Order of an image's axes in the data sets, if the shape does not determine it.")
  var layout: ImageLayout?

  @Option(help: "How folders of images name classes: sorted as text, or by their numbers.")
  var labels: ClassNaming?

  @Option(
    help: ArgumentHelp(
      "Resize image files, as Pillow does: the shorter side, or height x width, such as 32x32.",
      valueName: "size"))
  var resize: ResizeSize?

  @Option(
    help: ArgumentHelp(
      "Crop image files to their centre, after --resize: 224 or height x width.",
      valueName: "size"))
  var crop: CropSize?

  @OptionGroup var naming: KeysArguments

  /// Checks the values; the commands call it.
  ///
  /// - Parameters:
  ///   - roles: The data sets that the command's options name.
  ///   - others: Further options that name data sets, without dashes.
  func check(_ roles: [DataRole], besides others: [String] = []) throws {
    try naming.check(options: others + roles.map(\.rawValue))
  }

  var format: DataFormat {
    DataFormat(
      layout: layout, keys: naming.texts, labels: labels,
      fitting: ImageFitting(resize: resize?.value, crop: crop?.value))
  }
}
