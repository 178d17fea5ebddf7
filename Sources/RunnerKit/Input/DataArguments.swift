internal import ArgumentParser
internal import DefenseKit

/// Arguments for reading data sets.
struct DataArguments: ParsableArguments, Sendable {
  @Option(help: "The order of an image's axes in the data sets, if their shape leaves it open.")
  var layout: ImageLayout?

  @OptionGroup var naming: KeysArguments

  /// Checks the values; the commands call it.
  ///
  /// - Parameter roles: The command's options that name data sets, without dashes.
  func check(roles: [String]) throws { try naming.check(roles: roles) }

  var format: DataFormat { DataFormat(layout: layout, keys: naming.texts) }
}
