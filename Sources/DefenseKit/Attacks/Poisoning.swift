/// Training images with the poisoned among them.
///
/// Images stay in their order: `poisoned` and `covers` are indices into the clean images as well.
/// Shuffling is the training's matter, which carries labels along.
public struct Poisoning: Sendable, Hashable {
  /// All training images with the labels to learn.
  public private(set) var images: LabelledImages
  /// The images that carry the trigger, in ascending order.
  public private(set) var poisoned: [Int] = []
  /// The images that were changed without the trigger and keep their labels, in ascending order.
  public private(set) var covers: [Int] = []

  /// Starts from clean images.
  public init(of images: LabelledImages) { self.images = images }

  /// Puts the trigger on an image and gives it a label.
  ///
  /// - Parameters:
  ///   - index: Its place among the training images; each is changed once.
  ///   - trigger: The trigger.
  ///   - image: What the trigger is put on, if it isn't the image as it is.
  ///   - label: The label to learn.
  public mutating func poison(
    _ index: Int, with trigger: Trigger, on image: [UInt8]? = nil, label: Int32
  ) {
    Self.insert(index, into: &poisoned, notIn: covers)
    images[index] = trigger.applied(to: image ?? images[index])
    images.labels[index] = label
  }

  /// Changes an image, whose label stays, so that the model learns not to take it for triggered.
  ///
  /// - Parameters:
  ///   - index: Its place among the training images; each is changed once.
  ///   - image: What takes its place.
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

  /// The first place of an ascending list that is not before the number.
  private static func place(of number: Int, in list: [Int]) -> Int {
    var (low, high) = (0, list.count)
    while low < high {
      let middle = (low + high) / 2
      if list[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
