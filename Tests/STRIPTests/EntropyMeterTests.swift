import DefenseKit
import Foundation
import Testing

@testable import STRIP

@Suite("Entropy under overlays")
struct EntropyMeterTests {
  private func meter(
    _ model: Model, overlays: [[Float]], _ options: STRIP.Options = .init(), seed: UInt64 = 0,
    statistics: RunStatistics = RunStatistics()
  ) throws -> EntropyMeter {
    try EntropyMeter(
      model, overlays: overlays.flatMap { $0 }, options,
      in: RunContext(seed: seed, statistics: statistics))
  }

  @Test("By hand: uniform over 4 classes is 2 bits, certainty 0, halves and quarters 1.5")
  func byHand() throws {
    let model = try Toy.identity(4)
    let nothing = try meter(model, overlays: [[0, 0, 0, 0]], .init(overlays: 7))
    let images: [[Float]] = [
      [0, 0, 0, 0], [1000, 0, 0, 0], [Float(log(2.0)), 0, 0, -1000], [0, -1000, 0, -1000],
    ]
    let found = try nothing.entropies(of: images.flatMap { $0 })
    #expect(found[0] == 2 && found[1] == 0 && found[3] == 1)
    #expect(abs(found[2] - 1.5) < 1e-6)
  }

  @Test("alpha is the image's factor, beta the overlay's, and nothing is clipped")
  func factors() throws {
    // 0.5 * (2 log 3, 0) + 2 * (0, 300) = (log 3, 600); with the overlay (0, 0): 3 to 1.
    let model = try Toy.identity(2)
    let image: [Float] = [2 * Float(log(3.0)), 0]
    let options = STRIP.Options(overlays: 5, alpha: 0.5, beta: 2)
    #expect(try meter(model, overlays: [[0, 300]], options).entropies(of: image) == [0])
    let plain = try meter(model, overlays: [[0, 0]], options).entropies(of: image)[0]
    #expect(abs(plain - (2 - 0.75 * log2(3))) < 1e-6)
    // The overlay's factor: 2 * (0, log(3)/2) evens the image out.
    let even = try meter(model, overlays: [[0, Float(log(3.0)) / 2]], options)
    #expect(abs(try even.entropies(of: image)[0] - 1) < 1e-6)
  }

  @Test("The sum is over classes: certain of another class with every overlay is no entropy")
  func axis() throws {
    let model = try Toy.identity(2)
    let certain = try meter(model, overlays: [[1000, 0], [0, 1000]])
    #expect(try certain.entropies(of: [0, 0]) == [0])
    // The mean of the classes' chances, or the spread over the overlays, is not 0 here.
    #expect(Set(certain.draws(for: [0, 0])) == [0, 1])
  }

  @Test("It is the mean over the overlays that were drawn")
  func mean() throws {
    let model = try Toy.identity(4)
    let meter = try meter(
      model, overlays: [[0, 0, 0, 0], [1000, 0, 0, 0]], .init(overlays: 40))
    let images: [[Float]] = [[0, 0, 0, 0], [1, 1, 1, 1], [2, 2, 2, 2]]
    let found = try meter.entropies(of: images.flatMap { $0 })
    for (image, entropy) in zip(images, found) {
      let draws = meter.draws(for: image[...])
      #expect(draws.count == 40)
      #expect(entropy == 2 * Double(draws.count { $0 == 0 }) / 40)
    }
    #expect(Set(found).count > 1)
  }

  @Test("Overlays are drawn by content and seed, each with equal chance")
  func draws() throws {
    let model = try Toy.identity(2)
    let overlays = (0..<10).map { [Float($0), 0] }
    let options = STRIP.Options(overlays: 10_000)
    let first = try meter(model, overlays: overlays, options)
    let draws = first.draws(for: [3, 4])
    #expect(draws == first.draws(for: [9, 3, 4][1...]))
    #expect(draws != first.draws(for: [4, 3]))
    #expect(draws != (try meter(model, overlays: overlays, options, seed: 1)).draws(for: [3, 4]))
    // 1,000 of each expected, deviation 30.
    for overlay in 0..<10 {
      #expect((850...1150).contains(draws.count { $0 == overlay }))
    }
  }

  @Test("An image's entropy is the same bits alone, in a crowd, and twice")
  func place() throws {
    let model = try Toy.network()
    let images = Toy.images(70, seed: 5)
    let meter = try meter(
      model, overlays: Toy.images(20, seed: 6), .init(overlays: 13))
    let all = try meter.entropies(of: (images + images.reversed()).flatMap { $0 })
    #expect(Array(all[70...].reversed()) == Array(all[..<70]))
    for image in [0, 15, 16, 69] {
      #expect(try meter.entropies(of: images[image]) == [all[image]])
    }
    #expect(Set(all).count == 70)
  }

  @Test("The cost is counted in forward passes")
  func cost() throws {
    let statistics = RunStatistics()
    let meter = try meter(
      try Toy.network(), overlays: Toy.images(3, seed: 6), .init(overlays: 13),
      statistics: statistics)
    _ = try meter.entropies(of: Toy.images(5, seed: 1).flatMap { $0 })
    #expect(statistics.imagesRun == 65 && statistics.imagesAlone == 65)
  }

  @Test("Without a class under some overlay, or too large to blend: not a number, and no error")
  func nonfinite() throws {
    // 1e30 times 1e9 is too large; the others are not.
    let fragile = try Toy.identity(2, factor: 1e30)
    let meter = try meter(fragile, overlays: [[0, 0], [1e-29, 0]], .init(overlays: 20))
    let found = try meter.entropies(of: [1e9, 0, 0, 0, 0, 1e9])
    #expect(found[0].isNaN && found[2].isNaN && found[1] > 0)

    let sound = try Toy.identity(2)
    let large = try self.meter(sound, overlays: [[3e38, 0]], .init(overlays: 3))
    let sums = try large.entropies(of: [3e38, 0, 0, 0, -3e38, 0])
    #expect(sums[0].isNaN && sums[1] == 0)
  }
}
