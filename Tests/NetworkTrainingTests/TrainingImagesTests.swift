import CKernels
import ReferenceInference
import Testing

@testable import InferenceGraph
@testable import NetworkTraining

/// Images of any element type and layout, in memory or to be read.
private struct TypedSource: SampleSource {
  let bytes: [UInt8]
  let count: Int
  let imageShape: [Int]
  let layout: ImageLayout
  let elementType: ElementType
  let isStored: Bool

  /// Takes values 0...255 in `[image][height][width][channels]` order.
  init(
    _ values: [Float], _ shape: [Int], _ layout: ImageLayout, _ type: ElementType, isStored: Bool
  ) {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    let size = height * width * channels
    var bytes: [UInt8] = []
    for image in 0..<values.count / size {
      for position in 0..<size {
        var element = position
        if layout == .nchw {
          let (c, pixel) = (position / (height * width), position % (height * width))
          element = pixel * channels + c
        }
        let value = values[image * size + element]
        switch type {
        case .uint8: bytes.append(UInt8(value))
        case .float32: bytes += unsafe withUnsafeBytes(of: value) { unsafe [UInt8]($0) }
        case .float64: bytes += unsafe withUnsafeBytes(of: Double(value)) { unsafe [UInt8]($0) }
        }
      }
    }
    self.bytes = bytes
    count = values.count / size
    imageShape = shape
    self.layout = layout
    elementType = type
    self.isStored = isStored
  }

  private var imageBytes: Int { imageShape.reduce(elementType.size, *) }

  func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    let part = bytes[range.lowerBound * imageBytes..<range.upperBound * imageBytes]
    unsafe buffer.copyBytes(from: part)
  }

  func withStoredBytes(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows -> Void? {
    guard isStored else { return nil }
    let part = range.lowerBound * imageBytes..<range.upperBound * imageBytes
    return try unsafe bytes.withUnsafeBytes { try unsafe body(.init(rebasing: $0[part])) }
  }
}

@Suite struct TrainingImagesTests {
  private let shape = [5, 20, 3]

  private func values(_ count: Int) -> [Float] {
    var random = SplitMix64(seed: 3)
    return random.floats(count * shape.reduce(1, *)).map { ($0 * 127 + 128).rounded() }
  }

  /// A batch's images as they come out of the lanes, `[image][height][width][channels]`.
  private func batch(
    _ images: TrainingImages, _ order: [Int], _ range: Range<Int>, epoch: Int, scale: Float
  ) throws -> [[Float]] {
    let size = shape.reduce(1, *)
    let image = dk_image(
      height: shape[0], width: shape[1], channels: shape[2], pitch: laneCount, border: Border())
    var result: [[Float]] = []
    for block in 0..<blockCount(range.count) {
      let lanes = Storage<Float>(count: size * laneCount)
      unsafe try images.fill(
        block: block, of: order, range, epoch: epoch, scale: scale, into: lanes.pointer, image)
      for lane in 0..<min(laneCount, range.count - block * laneCount) {
        result.append((0..<size).map { unsafe lanes.pointer[$0 * laneCount + lane] })
      }
    }
    return result
  }

  static let kinds: [(ImageLayout, ElementType, Bool)] = ImageLayout.allCases.flatMap { layout in
    [ElementType.uint8, .float32, .float64].flatMap { type in
      [(layout, type, true), (layout, type, false)]
    }
  }

  @Test(arguments: kinds)
  func imagesAreGatheredAsTheyAre(layout: ImageLayout, type: ElementType, isStored: Bool) throws {
    let values = values(50)
    let source = TypedSource(values, shape, layout, type, isStored: isStored)
    let images = try TrainingImages(
      source, batchSize: 20, augmentation: Augmentation(), seed: 1)
    let order = (0..<50).map { ($0 * 7 + 3) % 50 }
    let size = shape.reduce(1, *)
    for range in [0..<20, 20..<40, 40..<50, 3..<4] {
      let got = try batch(images, order, range, epoch: 2, scale: 0.5)
      #expect(got.count == range.count)
      for (image, index) in zip(got, order[range]) {
        #expect(image == values[index * size..<(index + 1) * size].map { $0 * 0.5 })
      }
    }
  }

  /// Every element of every changed image against its place in the original.
  @Test(arguments: kinds)
  func changedImagesAreShiftedAndMirrored(
    layout: ImageLayout, type: ElementType, isStored: Bool
  ) throws {
    let values = values(40)
    let source = TypedSource(values, shape, layout, type, isStored: isStored)
    let augmentation = Augmentation(shift: 4, flip: true)
    let images = try TrainingImages(source, batchSize: 40, augmentation: augmentation, seed: 9)
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    let order = (0..<40).map { 39 - $0 }
    var zeros = 0
    for (image, index) in zip(try batch(images, order, 0..<40, epoch: 5, scale: 1), order) {
      let change = ImageChange(augmentation, seed: 9, epoch: 5, index: index)
      var right: [Float] = []
      for y in 0..<height {
        for x in 0..<width {
          let (fromY, fromX) = (y - change.down, x - change.right)
          for c in 0..<channels {
            guard (0..<height).contains(fromY), (0..<width).contains(fromX) else {
              right.append(0)
              zeros += 1
              continue
            }
            let column = change.isMirrored ? width - 1 - fromX : fromX
            right.append(values[((index * height + fromY) * width + column) * channels + c])
          }
        }
      }
      #expect(image == right, "image \(index), \(change)")
    }
    #expect(zeros > 0)
  }

  /// 33 images in blocks of 16, 16 and 1: the last one has no other image.
  @Test(arguments: kinds)
  func imagesAreMixedWithOthersOfTheirBlock(
    layout: ImageLayout, type: ElementType, isStored: Bool
  ) throws {
    let source = TypedSource(values(40), shape, layout, type, isStored: isStored)
    func images(_ overlay: Float) throws -> TrainingImages {
      try TrainingImages(
        source, batchSize: 40, augmentation: Augmentation(shift: 3, flip: true, overlay: overlay),
        seed: 9)
    }
    let order = (0..<40).map { 39 - $0 }
    let plain = try batch(images(0), order, 0..<33, epoch: 5, scale: 0.5)
    let mixed = try batch(images(0.25), order, 0..<33, epoch: 5, scale: 0.5)
    for start in [0, 16] {
      let overlay = Overlay(order[start..<start + 16], upTo: 0.25, seed: 9, epoch: 5)
      for lane in 0..<16 {
        let (share, other) = (overlay.shares[lane], overlay.others[lane])
        #expect((0..<0.25).contains(share) && other != lane && (0..<16).contains(other))
        let right = zip(plain[start + lane], plain[start + other]).map { $0 + share * ($1 - $0) }
        #expect(zip(mixed[start + lane], right).allSatisfy { abs($0 - $1) < 1e-4 })
      }
    }
    #expect(mixed[32] == plain[32])
  }

  /// 15 others each with 1 in 15, in every epoch anew; shares with the mean of half the largest.
  @Test func mixturesAreEvenlySpread() {
    let overlays = (0..<2000).map { Overlay(ArraySlice(0..<16), upTo: 0.5, seed: 4, epoch: $0) }
    let steps = overlays.flatMap { overlay in
      overlay.others.enumerated().map { ($1 - $0 + 16) % 16 }
    }
    let counts = Dictionary(grouping: steps) { $0 }.mapValues(\.count)
    // 2,133 expected each, standard deviation 45.
    #expect(counts.count == 15 && counts.values.allSatisfy { (1900...2370).contains($0) })
    let shares = overlays.flatMap(\.shares)
    #expect(abs(shares.reduce(0, +) / Float(shares.count) - 0.25) < 0.005)
    let two = Overlay(ArraySlice([7, 3]), upTo: 0.5, seed: 4, epoch: 0)
    #expect(two.others[0] == 1 && two.others[1] == 0)
    #expect(two == Overlay(ArraySlice([7, 3]), upTo: 0.5, seed: 4, epoch: 0))
  }

  /// 25 shifts and 2 directions: about 1 in 50 images each, in every epoch anew.
  @Test func changesAreEvenlySpread() {
    let augmentation = Augmentation(shift: 2, flip: true)
    func changes(_ seed: UInt64, _ epoch: Int) -> [ImageChange] {
      (0..<10_000).map { ImageChange(augmentation, seed: seed, epoch: epoch, index: $0) }
    }
    let first = changes(1, 0)
    let counts = Dictionary(grouping: first) { $0 }.mapValues(\.count)
    #expect(counts.count == 50)
    // 200 expected each, standard deviation 14.
    #expect(counts.values.allSatisfy { (130...270).contains($0) })
    #expect(first.allSatisfy { abs($0.down) <= 2 && abs($0.right) <= 2 })
    for other in [changes(1, 1), changes(2, 0)] {
      // 1 in 50 agree by chance.
      #expect(zip(first, other).count { $0 == $1 } < 400)
    }
    #expect(changes(1, 0) == first)
    let still = (0..<100).map { ImageChange(Augmentation(), seed: 1, epoch: 0, index: $0) }
    #expect(still.allSatisfy { $0 == ImageChange() })
  }

  @Test func anImageThatIsNotANumberIsNamed() throws {
    let size = shape.reduce(1, *)
    for bad in [Float.nan, .infinity, -.infinity] {
      var values = values(40)
      values[23 * size + 7] = bad
      let images = try TrainingImages(
        ArraySource(values, imageShape: shape), batchSize: 40, augmentation: Augmentation(),
        seed: 1)
      let order = (0..<40).map { ($0 + 20) % 40 }
      let error = #expect(throws: SampleError.self) {
        try batch(images, order, 0..<40, epoch: 0, scale: 1)
      }
      #expect(error?.index == 23)
    }
  }

  @Test func anErrorOfTheSourceIsThrown() throws {
    struct Broken: SampleSource {
      struct Failure: Error {}
      let count = 40
      let imageShape = [5, 20, 3]
      let layout = ImageLayout.nhwc
      let elementType = ElementType.uint8
      func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        throw Failure()
      }
    }
    #expect(throws: Broken.Failure.self) {
      try TrainingImages(Broken(), batchSize: 4, augmentation: Augmentation(), seed: 1)
    }
  }

  @Test func ordersArePermutationsOfEachEpoch() {
    func order(_ seed: UInt64, _ epoch: Int) -> [Int] {
      var random = KeyedGenerator(seed: seed, .order, epoch: epoch)
      return random.permutation(1000)
    }
    let first = order(1, 0)
    #expect(first.sorted() == Array(0..<1000) && first != Array(0..<1000))
    #expect(order(1, 0) == first)
    for other in [order(1, 1), order(2, 0)] {
      // One place in 1000 agrees by chance.
      #expect(zip(first, other).count { $0 == $1 } < 10)
    }
    var random = KeyedGenerator(seed: 1, .order, epoch: 0)
    #expect(random.permutation(0) == [] && random.permutation(1) == [0])
  }

  /// All 24 orders of four things, 1000 times each on average; standard deviation 31.
  @Test func allOrdersAreEquallyLikely() {
    var counts: [[Int]: Int] = [:]
    for epoch in 0..<24_000 {
      var random = KeyedGenerator(seed: 4, .order, epoch: epoch)
      counts[random.permutation(4), default: 0] += 1
    }
    #expect(counts.count == 24)
    #expect(counts.values.allSatisfy { (850...1150).contains($0) })
  }

  /// 2^64 is 8/3 times the bound: without rejection results would come up 3, 3 and 2 times in turn.
  @Test func largeBoundsHaveNoBias() {
    var random = KeyedGenerator(seed: 1, .order, epoch: 0)
    var counts = [0, 0, 0]
    for _ in 0..<30_000 { counts[random.below(3 << 61) % 3] += 1 }
    #expect(counts.allSatisfy { (9600...10_400).contains($0) }, "\(counts)")
    #expect((0..<100).allSatisfy { _ in random.below(1) == 0 })
  }
}
