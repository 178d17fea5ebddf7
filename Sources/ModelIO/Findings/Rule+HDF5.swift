/// Rules about the HDF5 container, independent of its contents.
extension Finding.Rule {
  /// A crash of the parser in its own process.
  public static let parserCrash = Self(
    "parser-crash", .error, technique: "AML.T0011.000",
    "The library that parses the file crashes, as a file made to attack its readers would have it.")
  /// A parser that exceeds its time or memory.
  public static let parserLimit = Self(
    "parser-limit", .error, technique: "AML.T0029",
    "Reading the file takes more time or memory than any honest file needs.")
  /// An invalid answer from the parser's process.
  public static let parserAnswer = Self(
    "parser-answer", .error, technique: "AML.T0011.000",
    "The process that reads the file sent something that does not fit the file: it may have been taken over."
  )
  /// A file of another kind.
  public static let fileKind = Self(
    "file-kind", .note, technique: "AML.T0010.003",
    "The file is of another kind than a Keras .h5 model.")
  /// An unreadable structure.
  public static let damaged = Self(
    "h5-damaged", .error, technique: "AML.T0076",
    "The file is not proper HDF5: it is damaged, cut short, or made by hand.")
  /// A data set with values in another file.
  public static let externalStorage = Self(
    "h5-external-storage", .error, technique: "AML.T0037",
    "A data set's values are bytes of another file: any file that the reader can open.")
  /// A link into another file.
  public static let externalLink = Self(
    "h5-external-link", .error, technique: "AML.T0037", "A link leads into another file.")
  /// A link by name, also called symbolic.
  public static let softLink = Self(
    "h5-soft-link", .error, technique: "AML.T0074",
    "A link leads to another place by its name, so that one object can pass for another.")
  /// A link of a user-defined kind.
  public static let userLink = Self(
    "h5-user-link", .error, technique: "AML.T0010.003",
    "A link is of a kind that only a program's own code can follow.")
  /// A virtual data set, which maps parts of others.
  public static let virtualDataset = Self(
    "h5-virtual", .error, technique: "AML.T0037",
    "A data set is put together from others, also those of other files.")
  /// A filter other than deflate, shuffle, Fletcher32 and LZF.
  public static let filter = Self(
    "h5-filter", .error, technique: "AML.T0011.000",
    "A data set is packed with a filter for which readers load code from their plugin folder.")
  /// A type other than numbers and text.
  public static let type = Self(
    "h5-type", .warning, technique: "AML.T0010.003",
    "A data set holds neither numbers nor text; it is not read.")
  /// A group with more than one hard link.
  public static let cycle = Self(
    "h5-cycle", .error, technique: "AML.T0029",
    "A group is reached in two ways, perhaps from within itself.")
  /// Groups nested too deeply.
  public static let depth = Self(
    "h5-depth", .error, technique: "AML.T0029", "Groups are nested deeper than any model's.")
  /// More objects or text than the limits allow.
  public static let objectCount = Self(
    "h5-object-count", .error, technique: "AML.T0029",
    "The file holds more objects or longer texts than it has room for.")
  /// A data set that declares more bytes than the file can hold.
  public static let shapeBomb = Self(
    "h5-shape-bomb", .error, technique: "AML.T0029",
    "A data set declares far more values than the file stores.")
  /// A data set with an extreme compression ratio.
  public static let compressionBomb = Self(
    "h5-compression-bomb", .error, technique: "AML.T0029",
    "A data set unpacks to many times what the file stores.")
  /// A user block in front of the HDF5 superblock.
  public static let userBlock = Self(
    "h5-user-block", .error, technique: "AML.T0074",
    "Other bytes come before the HDF5 file: it may be a file of another kind as well.")
}
