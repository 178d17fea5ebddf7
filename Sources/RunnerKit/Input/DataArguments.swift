internal import ArgumentParser
internal import DefenseKit

/// Arguments for reading data sets.
struct DataArguments: ParsableArguments, Sendable {
  @Option(help: "Order of an image's axes in the data sets, if the shape does not determine it.")
  var layout: ImageLayout?

  @OptionGroup var naming: KeysArguments

  /// Checks the values; the commands call it.
  ///
  /// - Parameter roles: The command's options that name data sets, without dashes.
  func check(roles: [String]) throws { try naming.check(roles: roles) }

  var format: DataFormat { DataFormat(layout: layout, keys: naming.texts) }
}
