import DefenseKit
import Foundation
import OccluderSearch
import Testing

@testable import NeuralCleanse

@Suite("Trigger inversion")
struct TriggerInversionTests {
  @Test("Mask and pattern stay in range, and their slopes are the derivatives")
  func bounds() {
    for seed in 0..<10 as Range<UInt64> {
      var numbers = SeededGenerator(seed: seed)
      let shape = [1 + numbers.below(5), 1 + numbers.below(5), 1 + numbers.below(4)]
      var bounded = BoundedTrigger(shape: shape, drawing: &numbers)
      let size = shape.reduce(1, *)
      #expect(bounded.mask.count == size / shape[2] && bounded.pattern.count == size)
      #expect((bounded.mask + bounded.pattern).allSatisfy { $0.isFinite })
      // Weights of a sum over mask and pattern, whose derivatives they are.
      let (a, b) = (numbers.normals(size / shape[2]), numbers.normals(size))
      let got = bounded.gradients((a.map { Float($0) }, b.map { Float($0) }), cost: 0.25)
      func mask(_ x: Double) -> Double { 1 / (1 + exp(-2 * x)) }
      for (index, x) in bounded.mask.enumerated() {
        let slope = (mask(Double(x) + 1e-4) - mask(Double(x) - 1e-4)) / 2e-4
        #expect(abs(Double(got.mask[index]) - (a[index] + 0.25) * slope) < 1e-4, "seed \(seed)")
        #expect(abs(Double(bounded.trigger.mask[index]) - mask(Double(x))) < 1e-6)
      }
      for (index, x) in bounded.pattern.enumerated() {
        let slope = 255 * (mask(Double(x) + 1e-4) - mask(Double(x) - 1e-4)) / 2e-4
        #expect(abs(Double(got.pattern[index]) - b[index] * slope) < 1e-2, "seed \(seed)")
        #expect(abs(Double(bounded.trigger.pattern[index]) - 255 * mask(Double(x))) < 1e-3)
      }
      bounded.mask = bounded.mask.indices.map { $0 % 2 == 0 ? -100 : 100 }
      bounded.pattern = bounded.pattern.map { $0 < 0 ? -100 : 100 }
      #expect(bounded.trigger.mask.allSatisfy { (0...1).contains($0) })
      #expect(bounded.trigger.pattern.allSatisfy { $0 == 0 || $0 == 255 })
    }
  }

  @Test("A deck gives each image once before any again")
  func deck() {
    for seed in 0..<20 as Range<UInt64> {
      var numbers = SeededGenerator(seed: seed)
      let images = (0..<1 + numbers.below(40)).map { 3 * $0 }
      let batch = 1 + numbers.below(50)
      var deck = ImageDeck(images, seed: seed)
      let drawn = (0..<30).flatMap { _ in deck.next(batch) }
      #expect(drawn.count == 30 * batch)
      for start in stride(from: 0, through: drawn.count - images.count, by: images.count) {
        #expect(drawn[start..<start + images.count].sorted() == images, "seed \(seed)")
      }
    }
  }

  @Test("Steps are those of a slow version in double precision", arguments: 0..<6 as Range<UInt64>)
  func reference(seed: UInt64) throws {
    var numbers = SeededGenerator(seed: seed)
    let shape = [2 + numbers.below(4), 2 + numbers.below(4), 1 + numbers.below(3)]
    let (size, hidden, classes) = (shape.reduce(1, *), 1 + numbers.below(7), 3 + numbers.below(4))
    let count = 16 + numbers.below(20)
    let network = SlowNetwork(
      first: numbers.normals(size * hidden).map { $0 / Double(size).squareRoot() },
      bias: numbers.normals(hidden).map { 0.3 * $0 },
      last: numbers.normals(hidden * classes), hidden: hidden, classes: classes)
    let images = (0..<count * size).map { _ in Float(numbers.below(256)) }
    let pool = CleanPool(images, shape: shape)
    let target = numbers.below(classes)
    var inversion = TriggerInversion(pool, toward: target, rate: 0.1, seed: seed)
    var slow = SlowInversion(inversion.bounded, network)
    let batch = 1 + numbers.below(33)
    let backpropagation = try Backpropagation(
      network.model(shape), batchSize: batch, isTraining: false, differentiatesWeights: false,
      differentiatesInput: true)
    let all = Array(0..<count)
    func values(_ image: Int) -> [Double] {
      (0..<size).map { Double(images[image * size + $0]) }
    }
    var deck = ImageDeck(all, seed: seed)
    for step in 0..<25 {
      let (drawn, cost) = (deck.next(batch), step < 10 ? 0 : 0.01)
      #expect(try inversion.descend(drawn, cost: cost, with: backpropagation))
      slow.descend(drawn.map(values), target, cost)
      let success = try inversion.success(on: all, with: backpropagation)
      #expect(success == slow.success(on: all.map(values), target), "seed \(seed), step \(step)")
    }
    let (mask, pattern) = slow.trigger
    let found = inversion.bounded.trigger
    for (x, y) in zip(found.mask, mask) { #expect(abs(Double(x) - y) < 2e-3, "seed \(seed)") }
    for (x, y) in zip(found.pattern, pattern) { #expect(abs(Double(x) - y) < 0.5, "seed \(seed)") }
  }

  @Test("Derivatives that are not finite are told, and change nothing")
  func notFinite() throws {
    let network = SlowNetwork(
      first: [1, 1], bias: [0], last: [.infinity, 1, 1], hidden: 1, classes: 3)
    let model = try network.model([1, 2, 1])
    var inversion = TriggerInversion(
      CleanPool([1, 2], shape: [1, 2, 1]), toward: 1, rate: 0.1, seed: 0)
    let backpropagation = try Backpropagation(
      model, batchSize: 1, isTraining: false, differentiatesWeights: false,
      differentiatesInput: true)
    let before = inversion.bounded.mask
    #expect(try !inversion.descend([0], cost: 0, with: backpropagation))
    #expect(inversion.bounded.mask == before)
  }
}
