import InferenceGraph

/// A folder of PNG, JPEG and PPM files: in a folder for each class, or without labels.
struct ImageFolder: DataContainer {
  let path: String
  private let folders: ClassFolders
  private let images: FolderImages

  /// Lists a folder and reads its first image.
  ///
  /// - Parameters:
  ///   - path: The folder.
  ///   - part: The part to take; nil: the images for testing.
  ///   - naming: How folders name classes.
  ///   - resizing: How the files become images of one size.
  ///   - wanted: The expected image shape and number of classes, if known; channels are made to
  ///     fit.
  ///   - consumer: The word for the owner of shape and classes in messages.
  ///   - sandbox: Whether a sealed process parses the images.
  /// - Throws: ``FileError`` if there are no images, or the folders are not the expected classes.
  init(
    _ path: String, part: DataPart?, naming: ClassNaming, resizing: ImageFitting,
    fitting wanted: DataFile.Wanted?, consumer: String, sandbox: Sandbox
  ) throws(FileError) {
    self.path = path
    folders = try ClassFolders(
      path, part: part, naming: naming, classCount: wanted?.classCount, consumer: consumer)
    if let wanted { try PixelImage.check(wanted.imageShape, path) }
    let image = try PixelImage(contentsOf: folders.files[0], sandbox: sandbox)
      .fitted(resizing, path: folders.files[0])
    let channels = wanted?.imageShape.last ?? min(3, image.channels)
    images = FolderImages(
      folders, folder: path, imageShape: [image.height, image.width, channels], resizing: resizing,
      wanted: wanted?.imageShape, sandbox: sandbox)
  }

  var noun: String { "array" }
  var hasNames: Bool { false }
  var classNames: [String]? { folders.classNames }
  var notes: [String] { folders.notes }

  func usualKeys(_ part: DataPart?) -> [DataKeys] { [.standard] }

  var numberArrays: [any StoredArray] { [] }

  func array(_ name: String) throws(FileError) -> (any StoredArray)? {
    switch name {
    case DataKeys.standard.images: images
    case DataKeys.standard.labels: folders.labels.map { MemoryArray(name, of: $0) }
    default: nil
    }
  }

  func contents() -> String {
    "(it is a folder of images; put those of each class into a folder of its own in it)"
  }
}

extension DataSet {
  /// Returns the SHA-256 of the names and hashes of a folder's images, in order; nil if there is no
  /// folder at the path.
  ///
  /// - Parameter part: The part to prefer if the folder has training and test images.
  /// - Throws: ``FileError`` if the folder has no images or cannot be read.
  package static func sha256(
    ofFolder path: String, part: DataPart?
  ) throws(FileError) -> String? {
    guard try FileKind(at: path) == .folder else { return nil }
    if let hash = try CIFARFiles.sha256(ofFolder: path, part: part) { return hash }
    if let hash = try IDXFiles.sha256(ofFolder: path, part: part) { return hash }
    return try ClassFolders(
      path, part: part, naming: .sorted, classCount: nil, consumer: "model"
    ).sha256()
  }
}
