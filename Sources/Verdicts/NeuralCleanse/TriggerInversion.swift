internal import DefenseKit
internal import OccluderSearch

/// Searches for the smallest mask whose pattern leads images to a class.
struct TriggerInversion {
  /// The result for a class.
  struct Found: Sendable {
    /// The smallest trigger that succeeded; nil if none did.
    var trigger: MaskedPattern?
    /// The sum of its mask, in pixels; all pixels of the image if there is none.
    var size: Double
  }

  /// The mask and the pattern.
  private(set) var bounded: BoundedTrigger
  private let pool: CleanPool
  private let target: Int
  private let rate: Double
  private var maskOptimizer: ValueOptimizer
  private var patternOptimizer: ValueOptimizer

  /// Draws the first mask and pattern; every class starts with the same ones.
  init(_ pool: CleanPool, toward target: Int, rate: Double, seed: UInt64) {
    self.pool = pool
    self.target = target
    self.rate = rate
    var numbers = SeededGenerator(seed: seed, stream: 0x636C_6561_6E73)
    bounded = BoundedTrigger(shape: pool.shape, drawing: &numbers)
    let adam = Optimizer.adam(beta1: 0.5, beta2: 0.9)
    maskOptimizer = ValueOptimizer(adam, count: bounded.mask.count)
    patternOptimizer = ValueOptimizer(adam, count: bounded.pattern.count)
  }

  /// Descends the mean cross-entropy toward the target plus `cost` times the sum of the mask.
  ///
  /// - Parameters:
  ///   - batch: Positions of images in the pool.
  ///   - cost: The weight of the mask's size.
  ///   - backpropagation: The network, with gradients of its input.
  /// - Returns: Whether all derivatives are finite; if not, nothing changes.
  /// - Throws: The errors of computing gradients.
  mutating func descend(
    _ batch: [Int], cost: Double, with backpropagation: Backpropagation
  ) throws -> Bool {
    let (trigger, images) = (bounded.trigger, values(of: batch))
    try backpropagation.differentiate(
      .crossEntropy(Array(repeating: Int32(target), count: batch.count)),
      at: trigger.applied(to: images))
    let derivatives = trigger.gradients(
      at: images, imageGradient: backpropagation.inputGradient)
    guard (derivatives.mask + derivatives.pattern).allSatisfy(\.isFinite) else { return false }
    let gradients = bounded.gradients(derivatives, cost: cost)
    maskOptimizer.step(&bounded.mask, along: gradients.mask, rate: rate)
    patternOptimizer.step(&bounded.pattern, along: gradients.pattern, rate: rate)
    return true
  }

  /// Returns the share of images that get the target class with the trigger.
  ///
  /// - Parameters:
  ///   - images: Positions in the pool.
  ///   - backpropagation: The network.
  /// - Throws: The errors of running the network.
  func success(on images: [Int], with backpropagation: Backpropagation) throws -> Double {
    let trigger = bounded.trigger
    var hits = 0
    for start in stride(from: 0, to: images.count, by: backpropagation.batchSize) {
      let batch = Array(images[start...].prefix(backpropagation.batchSize))
      try backpropagation.evaluate(trigger.applied(to: values(of: batch)))
      let scores = backpropagation.outputs
      let classes = scores.count / batch.count
      hits += batch.indices.count { index in
        let row = Array(scores[index * classes..<(index + 1) * classes])
        return row.indices.allSatisfy { $0 == target || row[$0] < row[target] }
      }
    }
    return Double(hits) / Double(images.count)
  }

  /// Returns images of the pool, `[images][height][width][channels]`.
  private func values(of images: [Int]) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(images.count * pool.size)
    for image in images { result += pool.values[image * pool.size..<(image + 1) * pool.size] }
    return result
  }
}

/// Draws images in random order, each once before any is drawn again.
struct ImageDeck {
  private let images: [Int]
  private var rest: [Int] = []
  private var numbers: SeededGenerator

  /// Creates a deck of some images, at least one.
  init(_ images: [Int], seed: UInt64) {
    self.images = images
    numbers = SeededGenerator(seed: seed, stream: 0x6465_636B)
  }

  /// Returns the next images.
  mutating func next(_ count: Int) -> [Int] {
    while rest.count < count { rest += numbers.permutation(images.count).map { images[$0] } }
    defer { rest.removeFirst(count) }
    return Array(rest.prefix(count))
  }
}
