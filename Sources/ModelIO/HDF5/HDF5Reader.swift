import CHDF5

/// Reads one file with libhdf5: its structure, and the elements of its data sets.
///
/// It runs in a sealed process if the system has one, and trusts as little of the file as possible:
/// it follows only hard links and reads only listed attributes.
///
/// Unchecked: the library's lock guards all mutable state.
final class HDF5Reader: @unchecked Sendable {
  private let file: HDF5Handle<HDF5FileKind>
  /// The locations of the catalogue's data sets.
  private var places: [HDF5Walk.Place] = []
  /// The data set read last, kept open for its chunk cache; only one, since each cache takes
  /// memory.
  private var opened: (dataset: Int, rows: HDF5Rows)?

  /// Opens a file by its path; nil if it is not HDF5.
  init?(path: String) {
    let id = HDF5Library.locked { unsafe H5Fopen(path, dk_read_only(), dk_default()) }
    guard let file = HDF5Handle<HDF5FileKind>(id) else { return nil }
    self.file = file
  }

  /// Opens a file image in memory, which must stay valid as long as the process lives; nil if it is
  /// not HDF5.
  ///
  /// A process can open only one image.
  @unsafe init?(image: UnsafeRawPointer, count: Int) {
    let address = UInt(bitPattern: image)
    let id = HDF5Library.locked {
      unsafe dk_open_image(UnsafeRawPointer(bitPattern: address), count)
    }
    guard let file = HDF5Handle<HDF5FileKind>(id) else { return nil }
    self.file = file
  }

  /// Walks through the file and returns its catalogue.
  ///
  /// - Parameter fileSize: The file's size in bytes, which bounds the size of its texts.
  func catalogue(fileSize: Int) -> HDF5Catalogue {
    HDF5Library.locked {
      let walk = HDF5Walk(file: file.id, textLimit: fileSize)
      walk.run()
      places = walk.datasets
      opened = nil
      return walk.catalogue
    }
  }

  /// Reads rows of a data set.
  ///
  /// - Parameters:
  ///   - dataset: The index among the data sets of the catalogue.
  ///   - type: The type to convert the elements to.
  ///   - deliver: Receives the bytes of some rows at a time, and returns whether to continue.
  /// - Returns: Whether all rows could be read.
  @unsafe func read(
    dataset: Int, rows: Range<Int>, as type: HDF5DatasetInfo.RawType,
    deliver: (UnsafeRawBufferPointer) -> Bool
  ) -> Bool {
    HDF5Library.locked {
      if opened?.dataset != dataset {
        opened = nil
        guard places.indices.contains(dataset),
          let made = HDF5Rows(file: file.id, place: places[dataset], rows: rows.count)
        else { return false }
        opened = (dataset, made)
      }
      // The buffer passed to `deliver` is valid during the call only.
      return unsafe opened?.rows.read(rows, as: type, deliver: deliver) ?? false
    }
  }
}
