import BadNets
import Blended
import DefenseKit
import DefenseKitTesting
import FinePruning
import FineTuning
import STRIP
import Testing

/// The ways to store the same values.
private struct Storing: CustomStringConvertible, CaseIterable {
  static let allCases = [ElementType.uint8, .float32, .float64].flatMap { type in
    ImageLayout.allCases.map { Storing(type: type, layout: $0) }
  }

  let type: ElementType
  let layout: ImageLayout

  var description: String { "\(type) \(layout)" }

  /// Images stored so, of values `[images][height][width][channels]`.
  func set(_ values: [Float], like images: LabelledImages) -> DataSet {
    let shape = images.imageShape
    let (pixels, channels) = (shape[0] * shape[1], shape[2])
    let size = pixels * channels
    let ordered =
      layout == .nhwc
      ? values
      : values.indices.map { index in
        let (image, channel, pixel) = (index / size, index % size / pixels, index % pixels)
        return values[image * size + pixel * channels + channel]
      }
    let bytes = ordered.flatMap { value -> [UInt8] in
      switch type {
      case .uint8: [UInt8(value)]
      case .float32: Self.bytes(value.bitPattern)
      case .float64: Self.bytes(Double(value).bitPattern)
      }
    }
    return DataSet(
      bytes: bytes, elementType: type, imageShape: shape, layout: layout, labels: images.labels,
      name: images.name)
  }

  private static func bytes(_ bits: some FixedWidthInteger) -> [UInt8] {
    (0..<bits.bitWidth / 8).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) }
  }
}

@Suite("Values decide, and not how they are stored")
struct StorageTests {
  /// A problem in colours, whose images of random values are made from a seed that is printed.
  static let seed = UInt64.random(in: 0..<1 << 32)
  private static let problem = Result { try ToyProblem(seed: seed, imageShape: [9, 8, 3]) }

  private var problem: ToyProblem { get throws { try Self.problem.get() } }

  private func values(_ images: LabelledImages, _ factor: Float = 1) -> [Float] {
    images.bytes.map { Float($0) * factor }
  }

  private func clean(_ storing: Storing, _ factor: Float) throws -> CleanData {
    let images = try problem.cleanImages
    return try CleanData(storing.set(values(images, factor), like: images))
  }

  /// Bytes can hold whole numbers alone.
  private static let cases = Storing.allCases.flatMap { storing -> [(Storing, factor: Float)] in
    let factors: [Float] = storing.type == .uint8 ? [1] : [1, 1 / 255, -3.5]
    return factors.map { (storing, $0) }
  }

  @Test("Fingerprints and the order by content", arguments: cases)
  private func order(_ storing: Storing, _ factor: Float) throws {
    let plain = Storing(type: factor == 1 ? .uint8 : .float32, layout: .nhwc)
    let (first, second) = (try clean(plain, factor), try clean(storing, factor))
    #expect(try first.contentOrder() == second.contentOrder(), "seed \(Self.seed)")
    let prints = try second.source.fingerprints()
    #expect(try first.source.fingerprints() == prints)
    #expect(Set(prints).count == prints.count)
  }

  @Test("There is one zero")
  func zeros() throws {
    func prints(_ zero: Float) throws -> [UInt64] {
      try ArraySource([zero, 0.5, zero, 3], imageShape: [1, 2, 1]).fingerprints()
    }
    #expect(try prints(-0.0) == prints(0))
  }

  @Test("Repairs, verdicts and models are the same bits", arguments: Storing.allCases)
  private func plugins(_ storing: Storing) throws {
    let problem = try problem
    let plain = Storing(type: .uint8, layout: .nhwc)
    var tuning = FineTuningOptions()
    (tuning.epochs, tuning.shift, tuning.heldOut) = (2, 1, 0.2)
    let defense = try FinePruning(options: .init(drops: [5, 40], tuning: tuning))
    var outcomes: [Evaluation] = []
    for storing in [plain, storing] {
      let experiment = try Experiment(
        suspect: problem.normalized.model, clean: clean(storing, 1),
        test: CleanData(storing.set(values(problem.testImages), like: problem.testImages)),
        poisoned: PoisonedData(
          storing.set(values(problem.triggeredImages), like: problem.triggeredImages)))
      outcomes.append(
        try experiment.run(
          [defense, FineTuning(options: tuning)], [STRIP()], in: RunContext(seed: Self.seed)))
    }
    let (first, second) = (outcomes[0], outcomes[1])
    #expect(first.repairs.count >= 2, "seed \(Self.seed)")
    for (mine, other) in zip(first.repairs, second.repairs) {
      #expect(mine.repair.model.graph == other.repair.model.graph, "seed \(Self.seed)")
      #expect(mine.result == other.result)
    }
    #expect(first.suspectDetectors.map(\.scores) == second.suspectDetectors.map(\.scores))
  }

  @Test("Attacks poison the same images in the same way", arguments: cases.filter { $0.factor > 0 })
  private func attacks(_ storing: Storing, _ factor: Float) throws {
    let problem = try problem
    func outcome(_ storing: Storing, _ factor: Float) throws -> AttackOutcome {
      func images(_ images: LabelledImages) throws -> LabelledImages {
        try LabelledImages(storing.set(values(images, factor), like: images))
      }
      return try AttackExperiment(
        BadNets(), train: images(problem.training), test: images(problem.testImages),
        goal: AttackGoal(target: 0, classCount: ToyProblem.classCount),
        architecture: Architecture(named: "small-cnn"), options: TrainingOptions(epochs: 1),
        in: RunContext(seed: Self.seed)
      ).run()
    }
    let first = try outcome(Storing(type: .uint8, layout: .nhwc), 1)
    let second = try outcome(storing, factor)
    #expect(first.poisoning.poisoned == second.poisoning.poisoned)
    #expect(first.poisoning.images.bytes == second.poisoning.images.bytes)
    #expect(first.model.graph == second.model.graph, "seed \(Self.seed)")
  }

  @Test("Pictures of zeros and ones are black and white, as bytes too", arguments: Storing.allCases)
  private func blackAndWhite(_ storing: Storing) throws {
    let like = LabelledImages(
      imageShape: [1, 2, 3], bytes: [0, 1, 1, 0, 0, 1], labels: [0], name: "two pixels")
    let images = try LabelledImages(storing.set(values(like), like: like))
    #expect(images.bytes == [0, 255, 255, 0, 0, 255] && images.white == 1)
  }
}
