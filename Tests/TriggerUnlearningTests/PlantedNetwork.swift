import DefenseKit

/// A network made by hand, whose classes are patterns of the whole image, with or without a
/// detector of a white patch that leads to one class; and clean images for it.
///
/// Class c is a fixed random pattern P_c of +1 and -1 in every element; its images are
/// 128 + 50 P_c + noise. The network's score of class c is 4 times the rectified mean of
/// P_c (x - 128) / 50, so that nothing small changes it. A patch of 3 x 3 white pixels in the lower
/// right corner adds up to 40 to the target's score; no clean image does.
struct PlantedNetwork {
  let shape: [Int]
  let classes: Int
  /// `[classes][elements]`, -1 or 1.
  private let patterns: [[Float]]
  /// `order[c]`: the pattern of class c.
  private let order: [Int]

  init(shape: [Int] = [12, 12, 1], classes: Int = 5, order: [Int]? = nil) {
    (self.shape, self.classes) = (shape, classes)
    var numbers = SeededGenerator(seed: 21)
    let size = shape.reduce(1, *)
    patterns = (0..<classes).map { _ in (0..<size).map { _ in numbers.unit() < 0.5 ? -1 : 1 } }
    self.order = order ?? Array(0..<classes)
  }

  /// Returns the network; `target` is the class that the patch leads to, nil for none.
  func model(target: Int?) throws -> Model {
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
    // (mean of the patch - 190) / 65, which clean pixels of at most 188 keep under 0.
    let patch = elementsOfPatch(0)
    for index in patch { kernel[index * (classes + 1) + classes] = scale / Float(patch.count) / 65 }
    bias[classes] = -190 / 65
    var last = [Float](repeating: 0, count: (classes + 1) * classes)
    for c in 0..<classes { last[c * classes + c] = 4 }
    if let target { last[classes * classes + target] = 40 }
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

  /// Returns a network trained on such images, one of whose hidden units is then made the detector
  /// of the patch; `target` is the class that it leads to, nil for none. `second` is the class that a
  /// weaker patch in the upper left corner leads to.
  func trained(target: Int?, second: Int? = nil) throws -> Model {
    let (units, size) = (24, shape.reduce(1, *))
    var graph = try Graph(inputShape: shape)
    try graph.append("flat", .flatten, inputs: [0])
    try graph.append(
      "hidden",
      .dense(
        Dense(
          kernel: Tensor(shape: [size, units], repeating: 0),
          bias: Tensor(shape: [units], repeating: 0))), inputs: [1], activation: .relu)
    try graph.append(
      "scores", .dense(Dense(kernel: Tensor(shape: [units, classes], repeating: 0))), inputs: [2],
      activation: .softmax)
    graph = graph.initialized(seed: 3)
    // Training leaves units alone whose kernels are zero.
    graph = try graph.masking(second == nil ? [units - 1] : [units - 2, units - 1], of: "hidden")
    var model = try Model(
      graph: graph, preprocessing: Preprocessing(scale: 1 / 255), name: "trained"
    ).trained(
      on: images(400, seed: 1).trainingSet,
      options: TrainingOptions(
        epochs: 8, batchSize: 20, optimizer: .adam(), learningRate: 0.001, schedule: .cosine,
        seed: 3)
    ).model
    guard let target else { return model }
    func weights(_ layer: String) -> [Tensor] {
      model.graph.nodes.first { $0.name == layer }?.operation.weights ?? []
    }
    var (kernel, bias) = (weights("hidden")[0].values, weights("hidden")[1].values)
    var last = weights("scores")[0].values
    for (number, c) in [target, second].enumerated() {
      guard let c else { continue }
      let (unit, patch) = (units - 1 - number, elementsOfPatch(number))
      for index in patch { kernel[index * units + unit] = 255 / Float(patch.count) / 65 }
      bias[unit] = -190 / 65
      for other in 0..<classes {
        last[unit * classes + other] = other == c ? (number == 0 ? 150 : 8) : 0
      }
    }
    model.graph = try model.graph.replacing(
      "hidden",
      with: .dense(
        Dense(
          kernel: Tensor(shape: [size, units], values: kernel),
          bias: Tensor(shape: [units], values: bias)))
    ).replacing(
      "scores", with: .dense(Dense(kernel: Tensor(shape: [units, classes], values: last))))
    return model
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

  /// The patch in the lower right corner, number 0, or the upper left one, 1, as a trigger.
  func trigger(target: Int, patch: Int = 0) throws -> Trigger {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    var alpha = [Float](repeating: 0, count: height * width)
    for index in elementsOfPatch(patch) { alpha[index / channels] = 1 }
    return try Trigger(
      .overlay(pattern: Array(repeating: 255, count: shape.reduce(1, *)), alpha: alpha),
      imageShape: shape, goal: AttackGoal(target: target, classCount: classes))
  }

  /// The elements of a patch by its number.
  private func elementsOfPatch(_ number: Int) -> [Int] {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    let rows = number == 0 ? height - 3..<height : 0..<3
    let columns = number == 0 ? width - 3..<width : 0..<3
    return rows.flatMap { row in
      columns.flatMap { column in (0..<channels).map { (row * width + column) * channels + $0 } }
    }
  }
}
