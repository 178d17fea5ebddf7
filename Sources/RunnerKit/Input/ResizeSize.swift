internal import ArgumentParser
internal import DefenseKit

/// The size of resized images: `32` for the shorter side, `32x48` for height and width.
struct ResizeSize: ExpressibleByArgument, Sendable {
  let value: ImageFitting.Resize

  init?(argument: String) {
    guard let numbers = CropSize.numbers(argument) else { return nil }
    value =
      numbers.count == 1
      ? .shorterSide(numbers[0]) : .size(.init(height: numbers[0], width: numbers[1]))
  }
}

/// The size of cropped images: `224` for both sides, `224x192` for height and width.
struct CropSize: ExpressibleByArgument, Sendable {
  let value: ImageFitting.Size

  init?(argument: String) {
    guard let numbers = Self.numbers(argument) else { return nil }
    value = .init(height: numbers[0], width: numbers[numbers.count - 1])
  }

  /// Returns one or two numbers with an x between, each 1 to the largest side of an image; nil for
  /// another text.
  static func numbers(_ text: String) -> [Int]? {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Int($0) }.filter { (1...PixelImage.maximumSide).contains($0) }
    return numbers.count == parts.count && numbers.count <= 2 ? numbers : nil
  }
}
