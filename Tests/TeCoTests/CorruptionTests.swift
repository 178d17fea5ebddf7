import DefenseKit
import Testing

@testable import TeCo

/// A random picture of values from 0 to 1.
func randomPicture(
  _ height: Int, _ width: Int, _ channels: Int, seed: UInt64,
  within range: ClosedRange<Double> = 0...1
) -> Picture {
  var random = SeededGenerator(seed: seed)
  return Picture(
    height: height, width: width, channels: channels,
    values: (0..<height * width * channels).map { _ in
      Float(range.lowerBound + (range.upperBound - range.lowerBound) * random.unit())
    })
}

@Suite("Corruptions")
struct CorruptionTests {
  static let shapes = [(8, 8, 1), (13, 9, 3), (32, 32, 3), (9, 20, 2)]

  @Test(
    "Every corruption keeps the shape and the range 0...1, changes images, and repeats itself",
    arguments: Corruption.allCases, Corruption.severities)
  func rules(_ corruption: Corruption, _ severity: Int) {
    for (number, shape) in Self.shapes.enumerated() {
      let picture = randomPicture(shape.0, shape.1, shape.2, seed: UInt64(number))
      func applied(_ seed: UInt64, _ stream: UInt64) -> Picture {
        corruption.applied(to: picture, severity: severity, seed: seed, stream: stream)
      }
      let result = applied(1, 2)
      #expect(
        (result.height, result.width, result.channels) == shape
          && result.values.count == picture.values.count)
      #expect(result.values.allSatisfy { (0...1).contains($0) }, "seed \(number)")
      #expect(applied(1, 2) == result)
      // The weakest elastic corruption and impulses can spare a small image, others cannot.
      if shape.0 == 32 { #expect(result != picture) }
      let isRandom = applied(3, 2) != result || applied(1, 4) != result
      let fixed: [Corruption] = [
        .defocusBlur, .zoomBlur, .brightness, .contrast, .pixelate, .jpegQuantization,
      ]
      if shape.0 == 32 { #expect(isRandom != fixed.contains(corruption)) }
    }
  }

  @Test("A constant image stays constant under blurs, warps and pixelation, and black under noise")
  func constant() {
    let grey = Picture(
      height: 12, width: 10, channels: 3, values: Array(repeating: 0.25, count: 360))
    for corruption in [
      Corruption.defocusBlur, .glassBlur, .motionBlur, .zoomBlur, .contrast, .elastic, .pixelate,
    ] {
      for severity in Corruption.severities {
        let result = corruption.applied(to: grey, severity: severity, seed: 5, stream: 6)
        #expect(result.values.allSatisfy { abs($0 - 0.25) < 1e-6 }, "\(corruption) \(severity)")
      }
    }
    let black = Picture(height: 8, width: 8, channels: 1, values: Array(repeating: 0, count: 64))
    #expect(Corruption.shotNoise.applied(to: black, severity: 5, seed: 1, stream: 2) == black)
  }

  @Test("Severity 5 changes an image more than severity 1", arguments: Corruption.allCases)
  func growing(_ corruption: Corruption) {
    // Smooth, so that a blur or a warp of more pixels changes it more.
    let picture = Picture(
      height: 32, width: 32, channels: 3,
      values: (0..<3072).map { index in
        let (row, column) = (index / 96, index / 3 % 32)
        return Float((row * row + 3 * column * (index % 3 + 1)) % 97) / 120 + 0.1
      }
    ).blurred(1)
    func change(_ severity: Int) -> Double {
      var sum = 0.0
      for seed: UInt64 in 0..<4 {
        let result = corruption.applied(to: picture, severity: severity, seed: seed, stream: 9)
        for (a, b) in zip(result.values, picture.values) { sum += Double(abs(a - b)) }
      }
      return sum
    }
    // The published elastic corruption moves whole images less at higher severities.
    if corruption != .elastic { #expect(change(5) > change(1)) }
  }

  // MARK: Noise

  @Test("Moments of the noises: means, deviations and shares as set")
  func noise() {
    let grey = Picture(
      height: 64, width: 64, channels: 1, values: Array(repeating: 0.5, count: 4096))
    var random = SeededGenerator(seed: 11)
    func moments(_ picture: Picture) -> (mean: Double, deviation: Double) {
      let values = picture.values.map { Double($0) }
      let mean = values.reduce(0, +) / 4096
      return (mean, (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4096).squareRoot())
    }
    // Standard errors of 4,096 values: a 64th of the deviation for the mean, a 90th for itself.
    let normal = moments(grey.withNormalNoise(0.08, &random))
    #expect(abs(normal.mean - 0.5) < 0.006 && abs(normal.deviation - 0.08) < 0.004)
    // Poisson(250) / 500 has the deviation sqrt(250) / 500.
    let shot = moments(grey.withShotNoise(500, &random))
    #expect(abs(shot.mean - 0.5) < 0.0025 && abs(shot.deviation - 0.0316) < 0.0015)
    let impulses = grey.withImpulseNoise(0.07, &random).values
    let (salt, pepper) = (impulses.count { $0 == 1 }, impulses.count { $0 == 0 })
    #expect((105...185).contains(salt) && (105...185).contains(pepper))
    #expect(impulses.allSatisfy { [0, 0.5, 1].contains($0) })
  }

  @Test("Poisson numbers of a small mean have the probabilities e^-m m^k / k!")
  func poisson() {
    var random = SeededGenerator(seed: 12)
    var counts = Array(repeating: 0, count: 20)
    for _ in 0..<20_000 { counts[Picture.poisson(1.5, &random)] += 1 }
    for (count, share) in zip(counts, [0.2231, 0.3347, 0.2510, 0.1255, 0.0471]) {
      #expect(abs(Double(count) / 20_000 - share) < 0.015)
    }
    #expect(Picture.poisson(0, &random) == 0)
  }

  // MARK: Blurs and geometry

  @Test("By hand: borders")
  func borders() {
    func positions(_ border: Picture.Border) -> [Int] { (-4...6).map { border.position($0, 3) } }
    #expect(positions(.nearest) == [0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2])
    #expect(positions(.mirrored) == [0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2])
    #expect(positions(.reflected) == [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0])
    #expect(Picture.Border.mirrored.position(-7, 1) == 0)
  }

  @Test("By hand: a disk of radius 1 is a cross, one of 1.5 a square; below 1 only the smoothing")
  func defocus() {
    var point = Picture(height: 9, width: 9, channels: 1, values: Array(repeating: 0, count: 81))
    point.values[40] = 1
    func row(_ setting: (Double, Double), _ offset: Int) -> [Float] {
      let result = point.defocused((setting.0, setting.1)).values
      return (-2...2).map { result[(4 + offset) * 9 + 4 + $0] }
    }
    // With a smoothing of 0.01 pixels the kernel is the disk.
    func isNear(_ a: [Float], _ b: [Float]) -> Bool { zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 } }
    #expect(isNear(row((1, 0.01), 0), [0, 0.2, 0.2, 0.2, 0]))
    #expect(isNear(row((1, 0.01), 1), [0, 0, 0.2, 0, 0]))
    for offset in -1...1 {
      #expect(isNear(row((1.5, 0.01), offset), [0, 1 / 9.0, 1 / 9.0, 1 / 9.0, 0]))
    }
    // exp(-1 / (2 * 0.5^2)) = 0.135335: weights 0.106507, 0.786986, 0.106507.
    #expect(isNear(row((0.4, 0.5), 0), [0, 0.083_820, 0.619_347, 0.083_820, 0]))
  }

  @Test("Glass only moves pixels, by one place a round, if there is no blur")
  func glass() {
    let picture = randomPicture(12, 12, 2, seed: 3)
    var random = SeededGenerator(seed: 4)
    let moved = picture.behindGlass((0.05, 1, 1), &random)
    func pairs(_ picture: Picture) -> [[Float]] {
      (0..<144).map { Array(picture.values[2 * $0..<2 * $0 + 2]) }
    }
    let (before, after) = (pairs(picture), pairs(moved))
    #expect(Set(before) == Set(after) && before != after)
  }

  @Test("Motion along the axes: one-sided weights of the pixels beside, from the edge outwards")
  func motion() {
    var point = Picture(height: 1, width: 9, channels: 1, values: Array(repeating: 0, count: 9))
    point.values[6] = 1
    let weights = (0...12).map { bell(Double($0) / 1.5) }
    let sum = weights.reduce(0, +)
    let result = point.motionBlurred((6, 1.5), degrees: 0).values
    for column in 0..<9 {
      let expected = column <= 6 ? weights[6 - column] / sum : 0
      #expect(abs(Double(result[column]) - expected) < 1e-6)
    }
    let turned = Picture(height: 9, width: 1, channels: 1, values: point.values)
      .motionBlurred((6, 1.5), degrees: 90).values
    #expect(zip(turned, result).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test("Magnification keeps the centre and stretches a ramp about it")
  func magnification() {
    let ramp = Picture(
      height: 9, width: 9, channels: 1, values: (0..<81).map { Float($0 % 9) / 8 })
    let result = ramp.magnified(2).values
    for column in 0..<9 {
      let expected = 0.5 + Float(column - 4) / 16
      #expect(abs(result[36 + column] - expected) < 1e-6)
    }
    #expect(ramp.magnified(1) == ramp)
    let blurred = ramp.zoomBlurred(steps: 1).values
    // (2 x + x / 1.01) / 3 at the distance 3/8 from the centre.
    let expected: Float = 0.5 + 0.125 * (2 + 1 / 1.01)
    #expect(abs(blurred[36 + 7] - expected) < 1e-6)
  }

  @Test("An affine map takes three points to three others")
  func affine() {
    let (from, to) = ([(1.0, 2.0), (4.0, 0.0), (3.0, 5.0)], [(0.0, 1.0), (-2.0, 7.0), (5.0, 5.0)])
    let map = AffineMap(from: from, to: to)
    for (point, image) in zip(from, to) {
      let found = map.applied(to: point)
      #expect(abs(found.0 - image.0) < 1e-12 && abs(found.1 - image.1) < 1e-12)
    }
  }

  @Test("Without a shift or a strength a warp changes nothing")
  func warp() {
    let picture = randomPicture(10, 14, 3, seed: 8)
    var random = SeededGenerator(seed: 1)
    let result = picture.warped((0, 0, 0), &random)
    #expect(zip(result.values, picture.values).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  // MARK: Weather

  @Test("Plasma spans 0 to 1 over a power of two, is smooth for a large decay and rough for 1")
  func plasma() {
    func roughness(_ decay: Double) -> Double {
      let picture = randomPicture(32, 32, 1, seed: 0)
      var random = SeededGenerator(seed: 21)
      let map = picture.plasma(decay: decay, &random)
      #expect(map.min() == 0 && map.max() == 1 && map.count == 1024)
      return (0..<1023).reduce(0) { $0 + Double(abs(map[$1] - map[$1 + 1])) } / 1023
    }
    #expect(roughness(3) < roughness(1.75) && roughness(1.75) < roughness(1))
  }

  @Test("By hand: fog on white is density-free, and the whitening of snow without flakes")
  func weather() {
    let white = Picture(height: 8, width: 8, channels: 1, values: Array(repeating: 1, count: 64))
    var random = SeededGenerator(seed: 2)
    // (1 + d p) / (1 + d) for p in 0...1.
    let fog = white.inFog((0.5, 3), &random).values
    #expect(abs(fog.min()! - 2 / 3) < 1e-6 && abs(fog.max()! - 1) < 1e-6)
    // No noise reaches 100: x = 0.2 becomes 0.9 * 0.2 + 0.1 * (1.5 * 0.2 + 0.5).
    let clear = Snow(
      mean: 0, deviation: 1, zoom: 1, threshold: 100, radius: 8, sigma: 3, weight: 0.9)
    let dark = white.mapped { _ in 0.2 }
    #expect(dark.withSnow(clear, &random).values.allSatisfy { abs($0 - 0.26) < 1e-6 })
    let frost = dark.withFrost((1, 0.2), &random).values
    #expect(frost.allSatisfy { $0 >= 0.2 - 1e-6 && $0 <= 0.4 + 1e-6 } && Set(frost).count > 10)
  }

  // MARK: Digital

  @Test("By hand: brightness keeps ratios, makes black grey and stops at 1; contrast keeps means")
  func levels() {
    let picture = Picture(
      height: 1, width: 3, channels: 3, values: [0.2, 0.4, 0.1, 0, 0, 0, 0.9, 0.45, 0])
    let bright = picture.brightened(by: 0.2).values
    let expected: [Float] = [0.3, 0.6, 0.15, 0.2, 0.2, 0.2, 1, 0.5, 0]
    #expect(zip(bright, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    let pair = Picture(height: 1, width: 2, channels: 2, values: [0.2, 1, 0.6, 0])
    let flat = pair.withContrast(0.5).values
    #expect(zip(flat, [0.3, 0.75, 0.5, 0.25]).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test("By hand: 4 to 3 pixels averages the middle ones, 3 to 4 takes the pixel at the centre")
  func boxes() {
    let row = Picture(height: 1, width: 4, channels: 1, values: [0, 0.3, 0.6, 0.9])
    // Boxes up to 4/3, 8/3 and 4 hold the centres 0.5 | 1.5, 2.5 | 3.5.
    let smaller = row.boxed(1, 3)
    #expect(zip(smaller.values, [0, 0.45, 0.9]).allSatisfy { abs($0 - $1) < 1e-6 })
    // Centres at 0.375, 1.125, 1.875, 2.625.
    #expect(smaller.boxed(1, 4).values == [0, 1, 1, 2].map { smaller.values[$0] })
    // 3 to 2: the centre 1.5 is on the edge of both boxes and belongs to the first.
    let half = Picture(height: 3, width: 1, channels: 1, values: [0, 1, 0.5]).boxed(2, 1)
    #expect(half.values == [0.5, 0.5])
  }

  @Test("By hand: steps of a quality, and a block whose only coefficient is the mean")
  func jpeg() {
    #expect(QuantizationTable(.luma, quality: 50).steps[0] == 16)
    #expect(QuantizationTable(.luma, quality: 80).steps.prefix(3) == [6, 4, 4])
    #expect(QuantizationTable(.chroma, quality: 40).steps.prefix(2) == [21, 23])
    #expect(QuantizationTable(.luma, quality: 100).steps.allSatisfy { $0 == 1 })
    // 8 * (101 - 128) = -216 is -13.5 steps of 16, rounded away from zero to -14: 128 - 28 = 100.
    let flat = QuantizationTable(.luma, quality: 50)
      .applied(to: Array(repeating: 101, count: 64), 8, 8)
    #expect(flat.allSatisfy { $0 == 100 })
  }

  @Test("The cosine transform has an inverse and keeps the sum of squares")
  func cosine() {
    var random = SeededGenerator(seed: 6)
    let block = random.normals(64)
    let transformed = QuantizationTable.transformed(block, isInverse: false)
    let back = QuantizationTable.transformed(transformed, isInverse: true)
    #expect(zip(back, block).allSatisfy { abs($0 - $1) < 1e-12 })
    func energy(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }
    #expect(abs(energy(transformed) - energy(block)) < 1e-10)
    let ones = QuantizationTable.transformed(Array(repeating: 1, count: 64), isInverse: false)
    #expect(abs(ones[0] - 8) < 1e-12 && ones.dropFirst().allSatisfy { abs($0) < 1e-12 })
  }
}
