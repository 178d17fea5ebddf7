import DefenseKit
import Testing

@testable import WaNet

@Suite("WaNet's field")
struct WarpingFieldTests {
  @Test("Weights of cubic convolution: nodes themselves, and half way between")
  func taps() {
    func weights(_ pixel: Int, of extent: Int, nodes: Int) -> [Double] {
      var result = [Double](repeating: 0, count: nodes)
      for (node, weight) in WarpingField.taps(pixel, of: extent, nodes: nodes) {
        result[node] += weight
      }
      return result.map { ($0 * 1e12).rounded() / 1e12 }
    }
    // Ten pixels over four nodes: pixels 0, 3, 6 and 9 lie on nodes.
    for node in 0..<4 {
      #expect(weights(node * 3, of: 10, nodes: 4) == (0..<4).map { $0 == node ? 1 : 0 })
    }
    // Half way, with a = -0.75: a/8 outside and 1/2 - a/8 inside, so -0.09375 and 0.59375.
    #expect(weights(3, of: 7, nodes: 4) == [-0.09375, 0.59375, 0.59375, -0.09375])
    // At the edge the outer neighbour is the edge's own node.
    #expect(weights(1, of: 7, nodes: 4) == [0.5, 0.59375, -0.09375, 0])
    for pixel in 0..<28 {
      #expect(
        abs(WarpingField.taps(pixel, of: 28, nodes: 4).reduce(0) { $0 + $1.weight } - 1) < 1e-12)
    }
  }

  @Test("Upsampling meets the nodes, which are divided by their mean size")
  func nodes() {
    let nodes = (0..<32).map { Double($0 % 7) - 3 }
    let mean = nodes.reduce(0) { $0 + abs($1) } / 32
    let field = WarpingField(nodes: nodes, size: 4, height: 10, width: 7)
    for y in 0..<4 {
      for x in 0..<4 {
        for axis in 0..<2 {
          let found = field.shifts[((y * 3) * 7 + x * 2) * 2 + axis]
          #expect(abs(found - Float(nodes[(y * 4 + x) * 2 + axis] / mean)) < 1e-6)
        }
      }
    }
    // A constant stays what it is.
    let constant = WarpingField(
      nodes: Array(repeating: -2, count: 8), size: 2, height: 5, width: 3)
    #expect(constant.shifts.allSatisfy { abs($0 + 1) < 1e-6 })
  }

  @Test("Positions: shifts in half extents, cut off at the edges")
  func positions() {
    // All shifts are 1: with s = 0.5 that is 0.5 / h of the half extent (h - 1) / 2.
    let field = WarpingField(nodes: Array(repeating: 1, count: 8), size: 2, height: 5, width: 3)
    let places = field.positions(strength: 0.5)
    let down: Float = 0.5 * 4 / 10
    let right: Float = 0.5 * 2 / 6
    for row in 0..<5 {
      for column in 0..<3 {
        let found = (places[(row * 3 + column) * 2], places[(row * 3 + column) * 2 + 1])
        #expect(abs(found.0 - min(Float(row) + down, 4)) < 1e-6)
        #expect(abs(found.1 - min(Float(column) + right, 2)) < 1e-6)
      }
    }
    // Noise is not scaled by the strength: -1 outweighs 0.5, and stops at the edge.
    let noisy = field.positions(strength: 0.5, noise: Array(repeating: -1, count: 30))
    #expect(noisy[0] == 0 && noisy[1] == 0)
    let expected: Float = 1 - 0.5 * 4 / 10
    #expect(abs(noisy[2 * 3] - expected) < 1e-6)
  }

  @Test("The trigger is the seed's, and moves a ramp by what the field says")
  func trigger() throws {
    let attack = WaNet()
    let goal = try goal()
    func make(_ seed: UInt64) throws -> Trigger {
      try Trigger(of: attack, imageShape: [28, 28, 1], goal: goal, in: RunContext(seed: seed))
    }
    #expect(try make(3) == make(3))
    #expect(try make(3) != make(4))
    guard case .warp(let field) = try make(3).change else {
      Issue.record("no warp")
      return
    }
    // On a ramp of 9 a column, the new value is 9 times the column that is read, rounded.
    let ramp = (0..<784).map { UInt8($0 % 28 * 9) }
    let warped = try make(3).applied(to: ramp)
    #expect(warped != ramp)
    for pixel in 0..<784 {
      #expect(abs(Float(warped[pixel]) - 9 * field[2 * pixel + 1]) <= 0.501)
    }
    // The mean shift is s * (h - 1) / (2 h) pixels at the nodes: about 0.24, and nowhere far more.
    let shifts = (0..<784).map { abs(field[2 * $0 + 1] - Float($0 % 28)) }
    #expect(shifts.reduce(0, +) / 784 > 0.1 && shifts.max() ?? 9 < 1)
  }

  @Test("Covers keep their labels and are other images than the poisoned")
  func covers() throws {
    let count = 100
    let bytes = (0..<count * 64).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    let images = LabelledImages(
      imageShape: [8, 8, 1], bytes: bytes, labels: (0..<count).map { Int32($0 % 10) }, name: "set")
    let trigger = try Trigger(
      of: WaNet(), imageShape: [8, 8, 1], goal: goal(), in: RunContext(seed: 5))
    let task = PoisoningTask(
      for: WaNet.self, images: images, trigger: trigger, rate: 0.1, seed: 5,
      cleanModel: { fatalError("not needed") })
    let result = try WaNet().poison(task, in: RunContext())
    #expect(result.poisoned.count == 10 && result.covers.count == 20)
    #expect(Set(result.poisoned).isDisjoint(with: result.covers))
    for index in 0..<count {
      let isPoisoned = result.poisoned.contains(index)
      #expect(result.images.labels[index] == (isPoisoned ? 0 : images.labels[index]))
      if isPoisoned {
        #expect(result.images[index] == trigger.applied(to: images[index]))
      } else if result.covers.contains(index) {
        #expect(result.images[index] != trigger.applied(to: images[index]))
        #expect(result.images[index] != images[index])
      } else {
        #expect(result.images[index] == images[index])
      }
    }
    #expect(try WaNet().poison(task, in: RunContext()) == result)
    let greedy = PoisoningTask(
      for: WaNet.self, images: images, trigger: trigger, rate: 0.4, seed: 5,
      cleanModel: { fatalError("not needed") })
    #expect(
      message { _ = try WaNet().poison(greedy, in: RunContext()) }
        == "wanet needs 80 images besides the 40 poisoned ones, but there are 60; lower rate")
  }
}
