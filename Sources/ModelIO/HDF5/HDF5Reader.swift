import CHDF5

/// libhdf5 at work on one file: what its structure claims, and the elements of its data sets.
///
/// It runs in a sealed process where the machine has one, and believes nothing that it does not have
/// to: only hard links are followed, only listed attributes read.
///
/// Unchecked: all that changes is used under the library's lock.
final class HDF5Reader: @unchecked Sendable {
  private let file: HDF5Handle<HDF5FileKind>
  /// Where the data sets of the catalogue are.
  private var places: [HDF5Walk.Place] = []
  /// The one of which rows were read last: each takes memory for the chunks of its rows.
  private var opened: (dataset: Int, rows: HDF5Rows)?

  /// Opens a file by its path; nil if it is not HDF5.
  init?(path: String) {
    let id = HDF5Library.locked { unsafe H5Fopen(path, dk_read_only(), dk_default()) }
    guard let file = HDF5Handle<HDF5FileKind>(id) else { return nil }
    self.file = file
  }

  /// Opens a file that lies in memory as long as the process lives, of which it can have but one;
  /// nil if it is not HDF5.
  @unsafe init?(image: UnsafeRawPointer, count: Int) {
    let address = UInt(bitPattern: image)
    let id = HDF5Library.locked {
      unsafe dk_open_image(UnsafeRawPointer(bitPattern: address), count)
    }
    guard let file = HDF5Handle<HDF5FileKind>(id) else { return nil }
    self.file = file
  }

  /// Walks the file.
  ///
  /// - Parameter fileSize: The file's size in bytes, which bounds its texts.
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
  ///   - dataset: Its position among the data sets of the catalogue.
  ///   - type: What the elements are converted to.
  ///   - deliver: Takes the bytes, some rows at a time, and returns whether to go on.
  /// - Returns: Whether all could be read.
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
      // The rows are used during this call alone.
      return unsafe opened?.rows.read(rows, as: type, deliver: deliver) ?? false
    }
  }
}
