internal import ArgumentParser
internal import DefenseKit

/// The argument for the groups of clean and test images.
struct GroupArgument: ParsableArguments, Sendable {
  @Option(
    help: ArgumentHelp(
      "Split --clean by group, and count --test by it: label, or the name of a data set with one "
        + "integer for each image.",
      valueName: "label|name"))
  var group: DataGroup?
}
