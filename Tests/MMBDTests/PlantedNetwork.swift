import DefenseKit

/// A network made by hand, whose classes are patterns of the whole image, with or without a detector
/// of a white patch that leads to one class; and clean images for it.
///
/// Class c is a fixed random pattern P_c of +1 and -1 in every element; its images are
/// 128 + 50 P_c + noise. The network's score of class c is 4 times the rectified mean of
/// P_c (x - 128) / 50, 10 at most. A patch of 3 x 3 pixels in the lower right corner adds 40 times
/// their rectified (mean - 100) / 65 to the target's score. Noise reaches this rectifier.
struct PlantedNetwork {
  let shape: [Int]
  let classes: Int
  /// `[classes][elements]`, -1 or 1.
  private let patterns: [[Float]]
  /// `order[c]`: the pattern of class c.
  private let order: [Int]

  init(shape: [Int] = [12, 12, 1], classes: Int = 8, order: [Int]? = nil) {
    (self.shape, self.classes) = (shape, classes)
    var numbers = SeededGenerator(seed: 21)
    let size = shape.reduce(1, *)
    patterns = (0..<classes).map { _ in (0..<size).map { _ in numbers.unit() < 0.5 ? -1 : 1 } }
    self.order = order ?? Array(0..<classes)
  }

  /// Returns the network; `target` is the class that the patch leads to, nil for none.
  func model(target: Int?, logitScale: Float = 1) throws -> Model {
    let size = shape.reduce(1, *)
    // The network reads values of 0...1.
    let scale: Float = 255
    var kernel = [Float](repeating: 0, count: size * (classes + 1))
    var bias = [Float](repeating: 0, count: classes + 1)
    for c in 0..<classes {
      let pattern = patterns[order[c]]
      for index in 0..<size {
        kernel[index * (classes + 1) + c] = pattern[index] / Float(size) * scale / 50
      }
      bias[c] = -128 / 50 * pattern.reduce(0, +) / Float(size)
    }
    let patch = elementsOfPatch
    for index in patch { kernel[index * (classes + 1) + classes] = scale / Float(patch.count) / 65 }
    bias[classes] = -100 / 65
    var last = [Float](repeating: 0, count: (classes + 1) * classes)
    for c in 0..<classes { last[c * classes + c] = 4 * logitScale }
    if let target { last[classes * classes + target] = 40 * logitScale }
    var graph = try Graph(inputShape: shape)
    try graph.append("flat", .flatten, inputs: [0])
    try graph.append(
      "hidden",
      .dense(
        Dense(
          kernel: Tensor(shape: [size, classes + 1], values: kernel),
          bias: Tensor(shape: [classes + 1], values: bias))), inputs: [1], activation: .relu)
    try graph.append(
      "scores", .dense(Dense(kernel: Tensor(shape: [classes + 1, classes], values: last))),
      inputs: [2], activation: .softmax)
    return Model(
      graph: graph, preprocessing: Preprocessing(scale: 1 / 255),
      name: target == nil ? "honest" : "planted")
  }

  /// Returns clean images of all classes in turn, by pattern.
  func images(_ count: Int, seed: UInt64 = 0) -> LabelledImages {
    var numbers = SeededGenerator(seed: seed, stream: 9)
    var (bytes, labels): ([UInt8], [Int32]) = ([], [])
    for number in 0..<count {
      let pattern = number % classes
      labels.append(Int32(order.firstIndex(of: pattern) ?? 0))
      for value in patterns[pattern] {
        bytes.append(UInt8(128 + 50 * value + Float(numbers.unit() * 20 - 10)))
      }
    }
    return LabelledImages(imageShape: shape, bytes: bytes, labels: labels, name: "patterns")
  }

  func clean(_ count: Int = 60, seed: UInt64 = 0) throws -> CleanData {
    let images = images(count, seed: seed)
    return try CleanData(images.dataSet(), labels: images.labels, name: images.name)
  }

  private var elementsOfPatch: [Int] {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    return (height - 3..<height).flatMap { row in
      (width - 3..<width).flatMap { column in
        (0..<channels).map { (row * width + column) * channels + $0 }
      }
    }
  }
}
