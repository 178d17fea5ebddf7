/// Names of unsupported HDF5 filters, and advice about them.
enum HDF5Filter {
  /// Common filters by their number in HDF5's registry.
  private static let names = [
    4: "szip", 5: "N-bit", 6: "scale-offset", 307: "bzip2", 32001: "Blosc", 32004: "LZ4",
    32008: "bitshuffle", 32013: "ZFP", 32015: "Zstandard", 32026: "Blosc2",
  ]

  /// Returns a filter's number, with its name if known.
  static func words(_ number: Int) -> String {
    names[number].map { "\(number) (\($0))" } ?? "\(number)"
  }

  /// Returns advice about a data set with an unsupported filter.
  ///
  /// - Parameter detail: The observation's detail, which begins with the filter's number.
  static func advice(_ detail: String) -> String {
    // Numbers below 256 are reserved for the filters of libhdf5 itself.
    guard let number = Int(detail.prefix { $0.isNumber }), number >= 256 else {
      return "repack it with `h5repack -f GZIP=4 OLD.h5 NEW.h5`"
    }
    // h5repack omits data sets with other filters. hdf5plugin adds those that h5py lacks.
    let (hint, plugin) =
      number == LZF.number ? ("", "") : (" and its package hdf5plugin", ", hdf5plugin")
    return "write it again with Python\(hint): `python3 -c \"import h5py\(plugin); "
      + "h5py.File('NEW.h5', 'w').update({k: v[()] for k, v in h5py.File('OLD.h5').items()})\"`"
  }
}
