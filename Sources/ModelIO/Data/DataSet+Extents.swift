public import InferenceGraph

extension DataSet {
  /// The image shape and the number of classes that a file declares, for use without a model.
  public struct Extents: Sendable, Hashable {
    /// `[height, width, channels]`.
    public let imageShape: [Int]
    /// The axis order of an image.
    public let layout: ImageLayout
    /// The number of columns of one-hot labels, or one more than the largest label.
    public let classCount: Int
  }

  /// The upper bound on labels in a file, exclusive.
  package static let largestClassCount = 1 << 20

  /// Determines the image shape and the number of classes of a file or folder.
  ///
  /// The axis of channels is the one of extent 1 or 3; images of two axes (H, W) have one channel.
  ///
  /// - Parameters:
  ///   - path: A file as for `DataSet.load`.
  ///   - layout: The layout, for shapes that are ambiguous.
  ///   - keys: The names of the images and labels in the file; nil: as for `DataSet.load`.
  ///   - part: The part to prefer if the file has training and test images; nil: the test images.
  ///   - naming: How the folders of a folder of images name classes.
  ///   - fitting: How image files become images of one size.
  ///   - sandbox: Whether a sealed process parses the file.
  /// - Throws: ``FileError``, of kind `.usage` if the shape does not tell the layout and `layout`
  ///   is nil.
  public static func extents(
    of path: String, layout: ImageLayout? = nil, keys: DataKeys? = nil,
    part: DataPart? = nil, naming: ClassNaming = .sorted,
    fitting: ImageFitting = ImageFitting(), sandbox: Sandbox = .auto
  ) throws(FileError) -> Extents {
    try extents(
      of: DataFile(
        path, keys: keys, part: part, naming: naming, resizing: fitting, fitting: nil,
        sandbox: sandbox),
      layout: layout)
  }

  /// Determines the image shape and the number of classes of an open file; see
  /// ``extents(of:layout:keys:part:naming:fitting:sandbox:)``.
  static func extents(of data: DataFile, layout: ImageLayout?) throws(FileError) -> Extents {
    let file = data.file
    let shape = data.images.shape
    let image = Array(shape.dropFirst())
    let described = image.map(String.init).joined(separator: "x")
    var imageShape = image
    var chosen = ImageLayout.nhwc
    switch image.count {
    case 2: imageShape = image + [1]
    case 3:
      let (first, last) = ([1, 3].contains(image[0]), [1, 3].contains(image[2]))
      switch (layout, first, last) {
      case (.nchw, _, _), (nil, true, false):
        chosen = .nchw
        imageShape = [image[1], image[2], image[0]]
      case (.nhwc, _, _), (nil, false, true): break
      case (nil, _, _):
        throw FileError(
          .usage, path: file.path,
          "its images, \(described), do not tell where the channels are",
          remedies: [.set("layout", to: ["nchw", "nhwc"])])
      }
    default:
      throw file.failure("\(file.its(data.images)) holds no images: one is of shape '\(described)'")
    }
    guard imageShape.allSatisfy({ $0 > 0 }) else {
      throw file.failure("has no images; give a file with some")
    }
    if file.isMATLAB { imageShape.swapAt(0, 1) }
    var classCount = file.classNames?.count ?? 0
    if file.classNames == nil, let labels = data.labels { classCount = try labels.classCount() }
    return Extents(imageShape: imageShape, layout: chosen, classCount: classCount)
  }
}
