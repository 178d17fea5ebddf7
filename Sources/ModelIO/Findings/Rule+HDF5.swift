/// Rules about the HDF5 container, independent of its contents.
extension Finding.Rule {
  /// A crash of the parser in its own process.
  public static let parserCrash = Self(
    "parser-crash", .error, technique: "AML.T0011.000",
    "The parsing library crashes on the file, as on a file made to exploit it.")
  /// A parser that exceeds its time or memory.
  public static let parserLimit = Self(
    "parser-limit", .error, technique: "AML.T0029",
    "Reading the file takes more time or memory than any honest file needs.")
  /// An invalid answer from the parser's process.
  public static let parserAnswer = Self(
    "parser-answer", .error, technique: "AML.T0011.000",
    "The reading process sent data that does not fit the file; an exploit may have taken it over."
  )
  /// A file of another kind.
  public static let fileKind = Self(
    "file-kind", .note, technique: "AML.T0010.003",
    "The file is none of a Keras model, an ONNX model and weights of PyTorch.")
  /// An unreadable structure.
  public static let damaged = Self(
    "h5-damaged", .error, technique: "AML.T0076",
    "The file is not valid HDF5: damaged, truncated, or hand-made.")
  /// A data set with values in another file.
  public static let externalStorage = Self(
    "h5-external-storage", .error, technique: "AML.T0037",
    "A data set takes its values from another file, which can be any file that the reader can "
      + "open.")
  /// A link into another file.
  public static let externalLink = Self(
    "h5-external-link", .error, technique: "AML.T0037", "A link points into another file.")
  /// A link by name, also called symbolic.
  public static let softLink = Self(
    "h5-soft-link", .error, technique: "AML.T0074",
    "A link points to another object by name, so that one object can pass for another.")
  /// A link of a user-defined kind.
  public static let userLink = Self(
    "h5-user-link", .error, technique: "AML.T0010.003",
    "A link of a kind that only custom code can follow.")
  /// A virtual data set, which maps parts of others.
  public static let virtualDataset = Self(
    "h5-virtual", .error, technique: "AML.T0037",
    "A data set is composed of other data sets, perhaps in other files.")
  /// A filter other than deflate, shuffle, Fletcher32 and LZF.
  public static let filter = Self(
    "h5-filter", .error, technique: "AML.T0011.000",
    "A data set uses a filter for which readers load code from their plugin folder.")
  /// A type other than numbers and text.
  public static let type = Self(
    "h5-type", .warning, technique: "AML.T0010.003",
    "A data set holds neither numbers nor text; it is not read.")
  /// A group with more than one hard link.
  public static let cycle = Self(
    "h5-cycle", .error, technique: "AML.T0029",
    "Two paths lead to one group, perhaps from within itself.")
  /// Groups nested too deeply.
  public static let depth = Self(
    "h5-depth", .error, technique: "AML.T0029", "Groups are nested deeper than in any model.")
  /// More objects or text than the limits allow.
  public static let objectCount = Self(
    "h5-object-count", .error, technique: "AML.T0029",
    "The file declares more objects or longer texts than it has room for.")
  /// A data set that declares more bytes than the file can hold.
  public static let shapeBomb = Self(
    "h5-shape-bomb", .error, technique: "AML.T0029",
    "A data set declares far more values than the file stores.")
  /// A data set with an extreme compression ratio.
  public static let compressionBomb = Self(
    "h5-compression-bomb", .error, technique: "AML.T0029",
    "A data set unpacks to many times its stored size.")
  /// A user block in front of the HDF5 superblock.
  public static let userBlock = Self(
    "h5-user-block", .error, technique: "AML.T0074",
    "Other bytes precede the HDF5 data; the file may also be a file of another kind.")
}
