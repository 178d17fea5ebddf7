public import ModelIO

extension ContactSheet {
  /// Returns a sheet with a row of images for each class that has some, the first ones; without
  /// labels, the first images in rows.
  ///
  /// Values of 0...1 are shown times 255; others outside of 0...255 are clamped.
  ///
  /// - Parameters:
  ///   - data: Images with one or three channels.
  ///   - columns: The largest number of images in a row.
  ///   - rows: The largest number of rows.
  /// - Throws: ``PluginError`` or `FileError` if the images cannot be read or shown.
  public static func byClass(
    of data: DataSet, columns: Int = 10, rows: Int = 40
  ) throws -> ContactSheet {
    var chosen: [[Int]] = []
    if data.isLabelled {
      var byClass: [Int32: [Int]] = [:]
      for (index, label) in data.labels.enumerated() {
        if byClass[label, default: []].count < columns { byClass[label, default: []].append(index) }
      }
      chosen = byClass.sorted { $0.key < $1.key }.map(\.value)
    } else {
      chosen = stride(from: 0, to: min(data.count, columns * columns), by: columns).map {
        Array($0..<min($0 + columns, data.count))
      }
    }
    chosen = Array(chosen.prefix(rows))
    let images = try LabelledImages(data.selecting(chosen.flatMap { $0 }))
    var sheet = ContactSheet(imageShape: images.imageShape)
    var next = 0
    for row in chosen {
      sheet.append(row.indices.map { images[next + $0] })
      next += row.count
    }
    return sheet
  }
}
