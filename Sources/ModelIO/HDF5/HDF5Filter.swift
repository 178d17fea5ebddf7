/// The filters of HDF5 that are not read here, and what to do about them.
enum HDF5Filter {
  /// Those that one meets, by their numbers in HDF5's registry.
  private static let names = [
    4: "szip", 5: "N-bit", 6: "scale-offset", 307: "bzip2", 32001: "Blosc", 32004: "LZ4",
    32008: "bitshuffle", 32013: "ZFP", 32015: "Zstandard", 32026: "Blosc2",
  ]

  /// A filter's number and name.
  static func words(_ number: Int) -> String {
    names[number].map { "\(number) (\($0))" } ?? "\(number)"
  }

  /// What to do about a data set that is packed with filters, the first of which has the number that the
  /// text begins with.
  static func advice(_ detail: String) -> String {
    // Up to there the numbers are libhdf5's own.
    guard let number = Int(detail.prefix { $0.isNumber }), number >= 256 else {
      return "repack it with `h5repack -f GZIP=4 OLD.h5 NEW.h5`"
    }
    // For others h5repack leaves the data set out. What h5py does not unpack by itself hdf5plugin adds.
    let (hint, plugin) =
      number == LZF.number ? ("", "") : (" and its package hdf5plugin", ", hdf5plugin")
    return "write it anew with Python\(hint): `python3 -c \"import h5py\(plugin); "
      + "h5py.File('NEW.h5', 'w').update({k: v[()] for k, v in h5py.File('OLD.h5').items()})\"`"
  }
}
