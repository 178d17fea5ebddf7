/// Training images of which some are poisoned.
///
/// The images keep their order: `poisoned` and `covers` are positions in the clean set as well.
/// Training shuffles images and labels together.
public struct Poisoning: Sendable, Hashable {
  /// All training images with their training labels.
  public private(set) var images: LabelledImages
  /// The positions of the poisoned images, ascending.
  public private(set) var poisoned: [Int] = []
  /// The positions of the cover images, ascending.
  public private(set) var covers: [Int] = []

  /// Starts with clean images.
  public init(of images: LabelledImages) { self.images = images }

  /// Applies the trigger to an image and replaces its label.
  ///
  /// - Parameters:
  ///   - index: The image's position; an image can be changed only once.
  ///   - trigger: The trigger.
  ///   - image: The values to apply the trigger to; nil: the image itself.
  ///   - label: The new label.
  public mutating func poison(
    _ index: Int, with trigger: Trigger, on image: [UInt8]? = nil, label: Int32
  ) {
    Self.insert(index, into: &poisoned, notIn: covers)
    images[index] = trigger.applied(to: image ?? images[index])
    images.labels[index] = label
  }

  /// Replaces an image by a cover image, which keeps the label.
  ///
  /// - Parameters:
  ///   - index: The image's position; an image can be changed only once.
  ///   - image: The values of the cover image.
  public mutating func cover(_ index: Int, by image: [UInt8]) {
    Self.insert(index, into: &covers, notIn: poisoned)
    images[index] = image
  }

  private static func insert(_ index: Int, into list: inout [Int], notIn other: [Int]) {
    let place = place(of: index, in: list)
    for (list, place) in [(list, place), (other, self.place(of: index, in: other))] {
      precondition(
        place == list.count || list[place] != index, "image \(index) was changed before")
    }
    list.insert(index, at: place)
  }

  /// Returns the first position in an ascending list whose element is not less than `number`.
  private static func place(of number: Int, in list: [Int]) -> Int {
    var (low, high) = (0, list.count)
    while low < high {
      let middle = (low + high) / 2
      if list[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
