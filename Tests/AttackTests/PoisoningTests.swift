import BadNets
import DefenseKit
import SIG
import Testing

/// Images of one pixel each, whose value tells their place, in ten classes.
private func numbered(_ count: Int) -> LabelledImages {
  LabelledImages(
    imageShape: [1, 2, 1], bytes: (0..<count).flatMap { [UInt8($0), UInt8(7)] },
    labels: (0..<count).map { Int32($0 * 3 % 10) }, name: "numbered")
}

@Suite("Choosing and poisoning training images")
struct PoisoningTests {
  private func task(
    _ attack: any Attack.Type, mode: AttackGoal.Mode = .allToOne, rate: Double, seed: UInt64 = 1,
    target: Int = 4
  ) throws -> PoisoningTask {
    // The trigger changes the second pixel alone: the first one still tells which image it was.
    let trigger = try Trigger(
      .addition([0, 100]), imageShape: [1, 2, 1], goal: goal(mode, target: target))
    return PoisoningTask(
      for: attack, images: numbered(200), trigger: trigger, rate: rate, seed: seed,
      cleanModel: { fatalError("not needed") })
  }

  @Test("Images stay in their order with their own labels, whatever was drawn")
  func alignment() throws {
    for seed in 0..<5 as Range<UInt64> {
      let task = try task(BadNets.self, rate: 0.1, seed: seed)
      let result = try BadNets().poison(task, in: RunContext())
      #expect(result.poisoned.count == 20)
      #expect(result.poisoned == result.poisoned.sorted())
      for index in 0..<200 {
        let isPoisoned = result.poisoned.contains(index)
        #expect(result.images[index] == [UInt8(index), isPoisoned ? 107 : 7])
        #expect(result.images.labels[index] == (isPoisoned ? 4 : Int32(index * 3 % 10)))
        if isPoisoned { #expect(index * 3 % 10 != 4) }
      }
    }
  }

  @Test("The seed decides which, and different seeds choose differently")
  func seeds() throws {
    let first = try task(BadNets.self, rate: 0.1, seed: 1).selection().poisoned
    #expect(try task(BadNets.self, rate: 0.1, seed: 1).selection().poisoned == first)
    #expect(try task(BadNets.self, rate: 0.1, seed: 2).selection().poisoned != first)
    // Every image has its turn: none of 180 is left out in 200 draws of 20.
    var seen: Set<Int> = []
    for seed in 0..<200 as Range<UInt64> {
      seen.formUnion(try task(BadNets.self, rate: 0.1, seed: seed).selection().poisoned)
    }
    #expect(seen.count == 180)
  }

  @Test("All-to-all: each label becomes the next, the last the first")
  func allToAll() throws {
    let result = try BadNets().poison(
      task(BadNets.self, mode: .allToAll, rate: 1), in: RunContext())
    #expect(result.poisoned == Array(0..<200))
    let expected: [Int32] = (0..<200).map { (index: Int) -> Int32 in Int32((index * 3 + 1) % 10) }
    #expect(result.images.labels == expected)
  }

  @Test("Where labels stay, only images of the target class are poisoned")
  func keptLabels() throws {
    let result = try SIG().poison(task(SIG.self, rate: 0.5), in: RunContext())
    // 20 images are of class 4.
    #expect(result.poisoned.count == 10)
    #expect(result.poisoned.allSatisfy { $0 * 3 % 10 == 4 })
    #expect(result.images.labels == numbered(200).labels)
  }

  @Test("Poisoned images and covers are listed in order, whatever the order of the calls")
  func order() throws {
    let trigger = try Trigger(.addition([0, 100]), imageShape: [1, 2, 1], goal: goal())
    var result = Poisoning(of: numbered(9))
    for index in [4, 2, 8, 3] { result.poison(index, with: trigger, label: 0) }
    for index in [7, 0, 5] { result.cover(index, by: [9, 9]) }
    #expect(result.poisoned == [2, 3, 4, 8] && result.covers == [0, 5, 7])
    #expect((0..<9).map { result.images[$0][1] } == [9, 7, 107, 107, 107, 9, 7, 9, 107])
  }

  @Test("No image is changed twice")
  func twice() async {
    await #expect(processExitsWith: .failure) {
      var result = Poisoning(of: numbered(9))
      result.cover(4, by: [9, 9])
      result.cover(4, by: [9, 9])
    }
    await #expect(processExitsWith: .failure) {
      let trigger = try Trigger(.addition([0, 100]), imageShape: [1, 2, 1], goal: goal())
      var result = Poisoning(of: numbered(9))
      result.poison(4, with: trigger, label: 0)
      result.cover(5, by: [9, 9])
      result.cover(4, by: [9, 9])
    }
  }

  @Test("Rates that come to nothing or to too much are refused")
  func rates() throws {
    #expect(
      message { _ = try task(BadNets.self, rate: 0.001).selection() }
        == "rate of 0.001 selects none of 200 images; raise rate")
    #expect(
      message { _ = try task(SIG.self, rate: 0.01).selection() }
        == "rate of 0.01 selects none of 20 images of class 4; raise rate")
    #expect(
      message { _ = try task(BadNets.self, rate: 0.95).selection() }
        == "rate of 0.95 selects 190 of 200 images, but only 180 are not of the target class; lower "
        + "rate")
  }
}

@Suite("Preparing an attack")
struct AttackExperimentTests {
  private func experiment(
    _ attack: any Attack = BadNets(), labels: [Int32] = (0..<200).map { $0 % 10 },
    testShape: [Int] = [28, 28, 1], mode: AttackGoal.Mode = .allToOne, rate: Double? = nil,
    cleanShare: Double = 0.05, seed: UInt64 = 0, epochs: Int = 10
  ) throws -> AttackExperiment {
    func images(_ shape: [Int], _ labels: [Int32], _ name: String) -> LabelledImages {
      LabelledImages(
        imageShape: shape, bytes: Array(repeating: 9, count: shape.reduce(labels.count, *)),
        labels: labels, name: name)
    }
    return try AttackExperiment(
      attack, train: images([28, 28, 1], labels, "train"),
      test: images(testShape, [0, 1, 2], "test"), goal: goal(mode), rate: rate,
      architecture: Architecture(named: "small-cnn"), options: TrainingOptions(epochs: epochs),
      cleanShare: cleanShare, in: RunContext(seed: seed))
  }

  @Test("What cannot work is refused before anything is trained")
  func refusals() throws {
    #expect(
      message { _ = try experiment(labels: (0..<200).map { $0 % 9 }) }
        == "train: no image is of class 9; training needs images of each of the 10 classes")
    #expect(
      message { _ = try experiment(labels: [0, 1]) }
        == "train: no image is of class 2, nor of 7 others; training needs images of each of the 10 "
        + "classes")
    #expect(
      message { _ = try experiment(labels: (0..<200).map { $0 % 11 }) }
        == "train: label 10 is not one of the 10 classes, counted from 0; leave such images out or "
        + "use more classes")
    for epochs in [0, -1, 200_000_000_000_000] {
      #expect(
        message { _ = try experiment(epochs: epochs) }
          == "epochs is \(epochs), but takes an integer from 1 to 1,000,000")
    }
    #expect(
      message { _ = try experiment(testShape: [28, 27, 1]) }
        == "test: its images have shape [28, 27, 1], but the training images [28, 28, 1]; give images "
        + "of one shape")
    for rate in [0, -0.1, 1.5] { #expect(message { _ = try experiment(rate: rate) } != nil) }
    #expect(
      message { _ = try experiment(cleanShare: 2) }
        == "cleanShare takes a share over 0 and up to 1, not 2")
    #expect(
      message { _ = try experiment(SIG(), mode: .allToAll) }
        == "sig poisons images of one target class only, so it cannot attack all-to-all; leave mode "
        + "out")
  }

  @Test("The rate is the attack's own unless given; the defender's images are the seed's")
  func defaults() throws {
    #expect(try experiment().rate == 0.1)
    #expect(try experiment(SIG()).rate == SIG.poisonRate)
    #expect(try experiment(rate: 0.3).rate == 0.3)
    let sample = try experiment().cleanSample
    #expect(sample.count == 10 && Set(sample).count == 10 && sample == sample.sorted())
    #expect(try experiment().cleanSample == sample)
    #expect(try experiment(seed: 1).cleanSample != sample)
  }
}
