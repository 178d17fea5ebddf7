import BPP
import DefenseKit
import FTrojan
import LowFrequency
import Testing

@testable import BPP

/// The trigger of an attack for images of a shape.
private func trigger(
  _ attack: some Attack, _ shape: [Int], seed: UInt64 = 0
) throws -> Trigger {
  try Trigger(of: attack, imageShape: shape, goal: goal(), in: RunContext(seed: seed))
}

/// The orthonormal cosine transform of rows and columns, or its inverse, in plain loops.
private func transformed(
  _ values: [[Double]], isInverse: Bool
) -> [[Double]] {
  let (height, width) = (values.count, values[0].count)
  func wave(_ k: Int, _ i: Int, _ n: Int) -> Double {
    let angle = Double.pi * Double(k) * (Double(i) + 0.5) / Double(n)
    return (k == 0 ? (1 / Double(n)).squareRoot() : (2 / Double(n)).squareRoot()) * cosine(angle)
  }
  var result = values
  for a in 0..<height {
    for b in 0..<width {
      var sum = 0.0
      for y in 0..<height {
        for x in 0..<width {
          sum +=
            isInverse
            ? values[y][x] * wave(y, a, height) * wave(x, b, width)
            : values[y][x] * wave(a, y, height) * wave(b, x, width)
        }
      }
      result[a][b] = sum
    }
  }
  return result
}

/// The cosine by its series, so that nothing is shared with the code under test.
private func cosine(_ angle: Double) -> Double {
  let x = angle.truncatingRemainder(dividingBy: 2 * Double.pi)
  var (term, sum) = (1.0, 1.0)
  for n in 1...30 {
    term *= -x * x / Double((2 * n - 1) * (2 * n))
    sum += term
  }
  return sum
}

@Suite("bpp")
struct BPPTests {
  @Test("By hand: 100 becomes 109, 128 becomes 146, 17 and 18 become 0 of eight levels")
  func byHand() throws {
    var options = BPP.Options()
    options.dither = false
    let trigger = try trigger(BPP(options: options), [1, 6, 1])
    #expect(trigger.applied(to: [100, 128, 17, 18, 19, 255]) == [109, 146, 0, 0, 36, 255])
  }

  @Test("No byte is half way between two levels, for any number of levels, and each is nearest")
  func halves() throws {
    for levels in 2...256 {
      var options = BPP.Options()
      (options.levels, options.dither) = (levels, false)
      let result = try trigger(BPP(options: options), [1, 256, 1]).applied(to: Array(0...255))
      for value in 0..<256 {
        // 2 x (s - 1) is even and 255 k odd for odd k, so twice the product is no odd multiple.
        #expect(2 * value * (levels - 1) % 510 != 255)
        let all = (0..<levels).map { (level: Int) -> Double in
          Double(level) * 255 / Double(levels - 1)
        }
        let distances = all.map { (exact: Double) -> Double in abs(exact - Double(value)) }
        let nearest = distances.indices.min { distances[$0] < distances[$1] } ?? 0
        let exact = all[nearest]
        #expect(abs(Double(result[value]) - exact) <= 0.5 + 1e-4)
      }
    }
  }

  @Test("Dithering is what a plain loop gives, and keeps the mean", arguments: [0, 1, 2])
  func dithering(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    print("seed \(seed)")
    let (height, width, channels) = (
      1 + generator.below(9), 1 + generator.below(9), seed == 0 ? 1 : 3
    )
    let image = (0..<height * width * channels).map { _ in UInt8(generator.below(256)) }
    var options = BPP.Options()
    (options.levels, options.dither) = (2 + generator.below(20), true)
    var plain = image.map { Double($0) }
    for channel in 0..<channels {
      func at(_ row: Int, _ column: Int) -> Int { (row * width + column) * channels + channel }
      for row in 0..<height {
        for column in 0..<width {
          let old = plain[at(row, column)]
          let step = 255 / Double(options.levels - 1)
          let new = min(255, max(0, (old / step).rounded() * step))
          plain[at(row, column)] = new
          let error = old - new
          if column + 1 < width { plain[at(row, column + 1)] += error * 7 / 16 }
          guard row + 1 < height else { continue }
          if column > 0 { plain[at(row + 1, column - 1)] += error * 3 / 16 }
          plain[at(row + 1, column)] += error * 5 / 16
          if column + 1 < width { plain[at(row + 1, column + 1)] += error / 16 }
        }
      }
    }
    let result = try trigger(BPP(options: options), [height, width, channels]).applied(to: image)
    #expect(zip(result, plain).allSatisfy { abs(Double($0) - $1) <= 0.5 + 1e-3 })
    let grey = try trigger(BPP(options: options), [32, 32, 1])
      .applied(to: Array(repeating: 100, count: 1024))
    #expect(abs(grey.reduce(0) { $0 + Double($1) } / 1024 - 100) < 2)
    #expect(Set(grey).count > 1)
  }

  @Test("A negative image is another one's residual away from the original, and is clipped")
  func negatives() throws {
    #expect(
      BPP.negative(of: [10, 250, 3], original: [100, 100, 18], quantized: [109, 109, 0])
        == [19, 255, 0])
    var options = BPP.Options()
    options.dither = false
    let attack = try BPP(options: options)
    let experiment = try toyExperiment(attack, rate: 0.1)
    let task = PoisoningTask(
      for: BPP.self, images: experiment.train, trigger: experiment.trigger, rate: 0.1, seed: 3,
      cleanModel: { fatalError("not needed") })
    let result = try attack.poison(task, in: RunContext())
    #expect(result.poisoned.count == 40 && result.covers.count == 40)
    for index in result.covers {
      #expect(result.images.labels[index] == experiment.train.labels[index])
      let residual = zip(result.images[index], experiment.train[index]).map { Int($0) - Int($1) }
      #expect(residual.contains { $0 != 0 } && residual.allSatisfy { abs($0) <= 18 })
      // It is not the image's own residual.
      #expect(result.images[index] != experiment.trigger.applied(to: experiment.train[index]))
    }
  }

  @Test("What is out of range is refused")
  func refusals() {
    var options = BPP.Options()
    options.levels = 1
    #expect(
      message { _ = try BPP(options: options) }
        == "bpp.levels takes a whole number from 2 to 256, as in 8")
    options = BPP.Options()
    options.negativeRatio = -1
    #expect(
      message { _ = try BPP(options: options) }
        == "bpp.negative-ratio takes a number from 0 to 1000, as in 1")
  }
}

@Suite("ftrojan")
struct FTrojanTests {
  private func pattern(_ shape: [Int], _ options: FTrojan.Options = .init()) throws -> [Float] {
    guard
      case .addition(let values) = try FTrojan(options: options).change(
        for: shape, in: RunContext())
    else { return [] }
    return values
  }

  @Test("By hand: a coefficient of 30 changes a value by 30 * 2 / 32 = 1.875 at most")
  func byHand() throws {
    let values = try pattern([32, 32, 1])
    #expect(values.reduce(0) { max($0, abs($1)) } <= 2 * 1.875)
    #expect(values.reduce(0) { max($0, abs($1)) } > 1.875)
    // Parseval: the squares sum to 30^2 for each of the two coefficients.
    #expect(abs(values.reduce(0.0) { $0 + Double($1) * Double($1) } - 1800) < 0.01)
  }

  @Test("It is the published way round: to chroma, transform, raise, back", arguments: [0, 1, 2])
  func published(_ seed: UInt64) throws {
    print("seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    let (height, width) = [(32, 32), (9, 14), (28, 28)][Int(seed)]
    let rgb = (0..<height * width).map { _ in (0..<3).map { _ in generator.unit() * 255 } }
    let luma = rgb.map { 0.299 * $0[0] + 0.587 * $0[1] + 0.114 * $0[2] }
    func raised(_ chroma: [Double]) -> [Double] {
      let rows = (0..<height).map { Array(chroma[$0 * width..<($0 + 1) * width]) }
      var spectrum = transformed(rows, isInverse: false)
      spectrum[height / 2 - 1][width / 2 - 1] += 30
      spectrum[height - 1][width - 1] += 30
      return transformed(spectrum, isInverse: true).flatMap { $0 }
    }
    let red = raised(rgb.indices.map { (rgb[$0][0] - luma[$0]) / 1.402 })
    let blue = raised(rgb.indices.map { (rgb[$0][2] - luma[$0]) / 1.772 })
    let change = try pattern([height, width, 3])
    for pixel in rgb.indices {
      let expected = [
        luma[pixel] + 1.402 * red[pixel],
        luma[pixel] - 0.344136 * blue[pixel] - 0.714136 * red[pixel],
        luma[pixel] + 1.772 * blue[pixel],
      ]
      for channel in 0..<3 {
        let value = rgb[pixel][channel] + Double(change[pixel * 3 + channel])
        #expect(abs(value - expected[channel]) < 1e-3, "pixel \(pixel), channel \(channel)")
      }
    }
  }

  @Test("Blocks repeat, and incomplete ones get a part")
  func blocks() throws {
    let (one, large) = (try pattern([32, 32, 1]), try pattern([40, 70, 1]))
    for row in 0..<40 {
      for column in 0..<70 {
        #expect(large[row * 70 + column] == one[row % 32 * 32 + column % 32])
      }
    }
  }

  @Test("What is out of range is refused")
  func refusals() {
    var options = FTrojan.Options()
    options.magnitude = 0
    #expect(
      message { _ = try FTrojan(options: options) }
        == "ftrojan.magnitude takes a number over 0 and up to 1000, as in 30")
    options = FTrojan.Options()
    options.window = 1
    #expect(
      message { _ = try FTrojan(options: options) }
        == "ftrojan.window takes a whole number from 2 to 4096, as in 32")
    #expect(
      message { _ = try pattern([1, 9, 1]) }
        == "ftrojan.window needs images of at least 2x2 pixels; these have 1x9")
  }
}

@Suite("low-frequency")
struct LowFrequencyTests {
  @Test("Only low frequencies occur, and the range is a fifth of 255", arguments: [0, 1, 2])
  func spectrum(_ seed: UInt64) throws {
    print("seed \(seed)")
    for shape in [[9, 12, 1], [16, 8, 3]] {
      guard case .addition(let values) = try trigger(LowFrequency(), shape, seed: seed).change
      else { return }
      #expect(abs((values.max() ?? 0) - (values.min() ?? 0) - 51) < 1e-3)
      for channel in 0..<shape[2] {
        let rows = (0..<shape[0]).map { row in
          (0..<shape[1]).map { Double(values[(row * shape[1] + $0) * shape[2] + channel]) }
        }
        let spectrum = transformed(rows, isInverse: false)
        for u in 0..<shape[0] {
          for v in 0..<shape[1] {
            let isLow = u <= 4 && v <= 4 && u + v > 0
            #expect(isLow ? abs(spectrum[u][v]) > 1e-3 : abs(spectrum[u][v]) < 1e-3, "\(u) \(v)")
          }
        }
      }
    }
  }

  @Test("The seed decides, and the pattern differs between channels")
  func seeds() throws {
    let first = try trigger(LowFrequency(), [8, 8, 3], seed: 1)
    #expect(try trigger(LowFrequency(), [8, 8, 3], seed: 1) == first)
    #expect(try trigger(LowFrequency(), [8, 8, 3], seed: 2).change != first.change)
    let grey = [UInt8](repeating: 128, count: 192)
    let image = first.applied(to: grey)
    #expect((0..<64).contains { image[$0 * 3] != image[$0 * 3 + 1] })
  }

  @Test("What is out of range or too fine for the images is refused")
  func refusals() {
    var options = LowFrequency.Options()
    options.range = 1.5
    #expect(
      message { _ = try LowFrequency(options: options) }
        == "low-frequency.range takes a number over 0 and up to 1, as in 0.2")
    options = LowFrequency.Options()
    options.frequencies = 0
    #expect(
      message { _ = try LowFrequency(options: options) }
        == "low-frequency.frequencies takes a whole number from 1 to 4095, as in 4")
    #expect(
      message { _ = try LowFrequency().change(for: [4, 9, 1], in: RunContext()) }
        == "low-frequency.frequencies is 4, but images of 4x9 have frequencies up to 3; lower "
        + "low-frequency.frequencies")
  }
}
