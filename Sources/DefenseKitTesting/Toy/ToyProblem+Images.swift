internal import DefenseKit

extension ToyProblem {
  /// Returns images of dim noise with one bright field of two rows, the label: 0 is the upper left,
  /// the last one the lower right.
  static func images(
    _ count: Int, shape: [Int], classCount: Int, seed: UInt64, stream: UInt64, name: String
  ) -> LabelledImages {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    var generator = SeededGenerator(seed: seed, stream: stream)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * shape.reduce(1, *))
    let labels = (0..<count).map { Int32($0 % classCount) }
    for label in labels {
      for row in 0..<height {
        for column in 0..<width {
          let columns = classCount / 2
          let field = row * 2 / height * columns + column * columns / width
          for _ in 0..<channels {
            bytes.append(UInt8(generator.next() >> 58) + (field == Int(label) ? 100 : 0))
          }
        }
      }
    }
    return LabelledImages(imageShape: shape, bytes: bytes, labels: labels, name: name)
  }

  /// Returns a white patch of 2x2 pixels in the lower right corner.
  static func patch(on shape: [Int]) -> Trigger.Change {
    let (height, width) = (shape[0], shape[1])
    let alpha: [Float] = (0..<height * width).map { pixel in
      pixel / width >= height - 2 && pixel % width >= width - 2 ? 1 : 0
    }
    return .overlay(pattern: Array(repeating: 255, count: shape.reduce(1, *)), alpha: alpha)
  }
}
