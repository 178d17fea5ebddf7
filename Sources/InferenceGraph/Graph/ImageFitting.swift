/// How an image file of any size becomes one of a network's size: resized, then cropped to its
/// centre, as torchvision's `Resize` and `CenterCrop` do.
public struct ImageFitting: Sendable, Hashable, Codable {
  /// A height and a width in pixels.
  public struct Size: Sendable, Hashable, Codable {
    /// The height in pixels.
    public var height: Int
    /// The width in pixels.
    public var width: Int

    /// Creates a size.
    public init(height: Int, width: Int) {
      self.height = height
      self.width = width
    }
  }

  /// The size that an image is resized to.
  public enum Resize: Sendable, Hashable, Codable {
    /// The shorter side in pixels; the longer one keeps the proportion, rounded down.
    case shorterSide(Int)
    /// Height and width.
    case size(Size)

    /// Returns the size of a resized image.
    public func size(height: Int, width: Int) -> Size {
      switch self {
      case .size(let size): return size
      case .shorterSide(let side):
        return height <= width
          ? Size(height: side, width: side * width / height)
          : Size(height: side * height / width, width: side)
      }
    }
  }

  /// nil: images keep their size.
  public var resize: Resize?
  /// The centre that is kept; nil: everything.
  public var crop: Size?

  /// Creates a fitting; without arguments, one that changes nothing.
  public init(resize: Resize? = nil, crop: Size? = nil) {
    self.resize = resize
    self.crop = crop
  }
}

extension ImageFitting: CustomStringConvertible {
  /// For example `resize 256, crop 224x224`.
  public var description: String {
    [resize.map { "resize \($0)" }, crop.map { "crop \($0)" }].compactMap { $0 }
      .joined(separator: ", ")
  }
}

extension ImageFitting.Size: CustomStringConvertible {
  /// Height and width, for example `224x192`.
  public var description: String { "\(height)x\(width)" }
}

extension ImageFitting.Resize: CustomStringConvertible {
  /// The shorter side or the size, for example `256` or `32x32`.
  public var description: String {
    switch self {
    case .shorterSide(let side): "\(side)"
    case .size(let size): "\(size)"
    }
  }
}
