import DefenseKit
import MultiTrigger
import TaCT
import Testing

@testable import AdaptiveBlend
@testable import TaCT

/// A task on images of 8x8 noise in ten classes.
private func task(
  _ attack: some Attack, count: Int = 400, rate: Double, seed: UInt64 = 5, target: Int = 0
) throws -> PoisoningTask {
  var generator = SeededGenerator(seed: 77)
  let images = LabelledImages(
    imageShape: [8, 8, 1], bytes: (0..<count * 64).map { _ in UInt8(generator.next() >> 56) },
    labels: (0..<count).map { Int32($0 % 10) }, name: "noise")
  let context = RunContext(seed: 1)
  let trigger = try Trigger(
    of: attack, imageShape: [8, 8, 1],
    goal: attack.goal(AttackGoal(target: target, classCount: 10)), in: context)
  return PoisoningTask(
    for: type(of: attack), images: images, trigger: trigger,
    otherTriggers: try attack.otherTriggers(besides: trigger, in: context), rate: rate, seed: seed,
    cleanModel: { fatalError("not needed") })
}

@Suite("adaptive-blend")
struct AdaptiveBlendTests {
  @Test(
    "By hand: 100 with the trigger's 200 at 0.15 is 115 in a piece, 100 elsewhere; 120 in tests")
  func byHand() throws {
    let attack = AdaptiveBlend()
    let whole = try Trigger(
      .overlay(
        pattern: Array(repeating: 200, count: 64), alpha: Array(repeating: 0.2, count: 64)),
      imageShape: [8, 8, 1], goal: goal())
    let grey = [UInt8](repeating: 100, count: 64)
    #expect(whole.applied(to: grey) == Array(repeating: 120, count: 64))
    let image = try attack.pieces(of: whole, image: 7, seed: 3).applied(to: grey)
    // Eight of the sixteen pieces of 2x2 pixels.
    #expect(image.count { $0 == 115 } == 32 && image.count { $0 == 100 } == 32)
    for pixel in 0..<64 {
      #expect(image[pixel] == image[pixel / 16 * 16 + pixel % 8 / 2 * 2])
    }
  }

  @Test("Pieces depend on the image's position and the seed, and every piece has its turn")
  func pieces() throws {
    let attack = AdaptiveBlend()
    let whole = try task(attack, rate: 0.1).trigger
    #expect(
      try attack.pieces(of: whole, image: 4, seed: 1)
        == attack.pieces(of: whole, image: 4, seed: 1))
    func opaque(_ image: Int, _ seed: UInt64) throws -> Set<Int> {
      guard
        case .overlay(_, let alpha) = try attack.pieces(of: whole, image: image, seed: seed)
          .change
      else { return [] }
      return Set(alpha.indices.filter { alpha[$0] > 0 })
    }
    #expect(try opaque(4, 1) != opaque(5, 1))
    #expect(try opaque(4, 1) != opaque(4, 2))
    let seen = try (0..<40).reduce(into: Set<Int>()) { $0.formUnion(try opaque($1, 1)) }
    #expect(seen.count == 64)
  }

  @Test("Poisoned images get the target, covers keep their labels, and they are different images")
  func poisoning() throws {
    let attack = AdaptiveBlend()
    let task = try task(attack, rate: 0.05)
    let result = try attack.poison(task, in: RunContext())
    #expect(result.poisoned.count == 20 && result.covers.count == 20)
    #expect(Set(result.poisoned).isDisjoint(with: result.covers))
    for index in result.poisoned {
      #expect(result.images.labels[index] == 0 && task.images.labels[index] != 0)
      let own = try attack.pieces(of: task.trigger, image: index, seed: 5)
      #expect(result.images[index] == own.applied(to: task.images[index]))
    }
    for index in result.covers {
      #expect(result.images.labels[index] == task.images.labels[index])
      #expect(result.images[index] != task.images[index])
    }
  }

  @Test("A small set gets ten poisoned images, and a run says so")
  func floor() throws {
    #expect(try task(AdaptiveBlend(), rate: 0.003).selection().poisoned.count == 10)
    #expect(try task(AdaptiveBlend(), rate: 0.1).selection().poisoned.count == 40)
    let experiment = try toyExperiment(AdaptiveBlend(), epochs: 1)
    _ = try experiment.run()
    #expect(
      experiment.context.statistics.warnings.contains(
        "adaptive-blend poisons at least 10 images; the rate of 0.003 alone would select 1"))
  }

  @Test("The picture has edges, is drawn at any size, and follows the seed")
  func discs() {
    let small = RandomDiscs(seed: 1, channels: 3).drawn(on: [16, 16, 3])
    #expect(Set(small).count > 6 && small.count == 768)
    #expect(small == RandomDiscs(seed: 1, channels: 3).drawn(on: [16, 16, 3]))
    #expect(small != RandomDiscs(seed: 2, channels: 3).drawn(on: [16, 16, 3]))
    // Every third pixel of three times the size has the same centre.
    let large = RandomDiscs(seed: 1, channels: 3).drawn(on: [48, 48, 3])
    for row in 0..<16 {
      for column in 0..<16 {
        let (from, to) = (((3 * row + 1) * 48 + 3 * column + 1) * 3, (row * 16 + column) * 3)
        #expect(large[from] == small[to])
      }
    }
  }

  @Test("What is out of range is refused")
  func refusals() {
    func attempt(_ set: (inout AdaptiveBlend.Options) -> Void) -> String? {
      var options = AdaptiveBlend.Options()
      set(&options)
      return message {
        _ = try AdaptiveBlend(options: options).change(for: [8, 8, 1], in: RunContext())
      }
    }
    #expect(
      attempt { $0.trainAlpha = 0 }
        == "adaptive-blend.train-alpha takes a number over 0 and up to 1, as in 0.2")
    #expect(
      attempt { $0.pieces = 0 }
        == "adaptive-blend.pieces takes a whole number from 1 to 64, as in 4")
    #expect(
      attempt { $0.pieces = 9 }
        == "adaptive-blend.pieces is 9, more than images of 8x8 have pixels; lower "
        + "adaptive-blend.pieces")
    #expect(
      attempt { $0.coverRatio = -1 }
        == "adaptive-blend.cover-ratio takes a number from 0 to 1000, as in 1")
    #expect(attempt { $0.pieces = 8 } == nil)
  }
}

@Suite("tact")
struct TaCTTests {
  @Test("The published classes follow from target 0: source 1, covers 5 and 7")
  func classes() throws {
    let goal = try TaCT().goal(AttackGoal(target: 0, classCount: 10))
    #expect(goal.source == 1 && TaCT().coverClasses(for: goal) == [5, 7])
    // With four classes, target 1: source 2; 2 + 4 is 2 itself, so 3; 2 + 6 is 0.
    let small = try TaCT().goal(AttackGoal(target: 1, classCount: 4))
    #expect(small.source == 2 && TaCT().coverClasses(for: small) == [3, 0])
    let three = try TaCT().goal(AttackGoal(target: 1, classCount: 3))
    #expect(TaCT().coverClasses(for: three) == [0])
  }

  @Test("Only source images get the target; only covers of their classes get the patch besides")
  func poisoning() throws {
    let attack = TaCT()
    let task = try task(attack, rate: 0.05)
    let result = try attack.poison(task, in: RunContext())
    #expect(result.poisoned.count == 20 && result.covers.count == 20)
    for index in result.poisoned {
      #expect(task.images.labels[index] == 1 && result.images.labels[index] == 0)
    }
    for index in result.covers {
      #expect([5, 7].contains(task.images.labels[index]))
      #expect(result.images.labels[index] == task.images.labels[index])
      #expect(result.images[index] == task.trigger.applied(to: task.images[index]))
    }
    #expect(Set(result.covers.map { task.images.labels[$0] }) == [5, 7])
  }

  @Test("Success is counted on images of the source class alone")
  func testSet() throws {
    let task = try task(TaCT(), rate: 0.05)
    let (images, trueLabels) = try task.trigger.testSet(from: task.images)
    #expect(images.count == 40 && Set(trueLabels) == [1] && Set(images.labels) == [0])
    let (all, _) = try task.trigger.testSet(from: task.images, keepsUnaffected: true)
    // Of all others the trigger asks nothing.
    #expect(all.labels == task.images.labels.map { $0 == 1 ? 0 : $0 })
    let others = task.images.selecting(task.images.labels.indices.filter { $0 % 10 != 1 })
    #expect(
      message { _ = try task.trigger.testSet(from: others) }
        == "noise: no image is of class 1, the only one that the trigger should change; give images "
        + "of that class too")
  }

  @Test("What cannot be is refused before any work")
  func refusals() throws {
    func attempt(
      mode: AttackGoal.Mode = .allToOne, target: Int = 0, classes: Int = 10,
      _ set: (inout TaCT.Options) -> Void = { _ in }
    ) -> String? {
      var options = TaCT.Options()
      set(&options)
      return message {
        let attack = try TaCT(options: options)
        _ = try attack.goal(AttackGoal(mode, target: target, classCount: classes))
        _ = try attack.poison(task(attack, rate: 0.05), in: RunContext())
      }
    }
    #expect(attempt() == nil)
    #expect(
      attempt(mode: .allToAll)
        == "tact leads one class to another, so it cannot attack all-to-all; leave mode out")
    #expect(
      attempt(classes: 2)
        == "tact needs a third class for cover images, but there are 2; give images of more classes"
    )
    #expect(
      attempt { $0.source = 0 }
        == "tact.source is 0, but takes a class from 0 to 9 that is not the target 0")
    #expect(
      attempt { $0.coverClasses = [3, 3] }
        == "tact.cover-classes takes different classes, counted from 0, as in 5,7")
    #expect(
      attempt { $0.coverClasses = [1] }
        == "tact.cover-classes names 1, which is no class from 0 to 9 besides the source and the "
        + "target")
    #expect(
      attempt {
        $0.coverClasses = [3]
        $0.coverRatio = 3
      }
        == "tact needs 60 images of class 3 besides the 20 poisoned ones, but there are 40; lower rate"
    )
    #expect(
      message { _ = try TaCT().change(for: [2, 9, 1], in: RunContext()) }
        == "tact.size is 3, larger than images of 2x9; lower tact.size")
    #expect(
      message { _ = try AttackGoal(.allToAll, target: 0, classCount: 3, source: 1) }
        == "class 1 cannot be the source of an attack that is all-to-all, with target 0 of 3 classes; "
        + "give another class, and one target class")
    #expect(
      message { _ = try task(TaCT(), rate: 0.5).selection() }
        == "rate of 0.5 selects 200 of 400 images, but only 40 are of class 1; lower rate")
  }
}

@Suite("multi-trigger")
struct MultiTriggerTests {
  @Test("Each patch has its corner and its class, and poisoned images are dealt out evenly")
  func dealing() throws {
    let attack = MultiTrigger()
    let task = try task(attack, rate: 0.3, target: 8)
    let triggers = [task.trigger] + task.otherTriggers
    #expect(triggers.map(\.goal.target) == [8, 9, 0])
    let result = try attack.poison(task, in: RunContext())
    var counts = [0, 0, 0]
    for index in result.poisoned {
      let found = triggers.indices.filter {
        triggers[$0].applied(to: task.images[index]) == result.images[index]
      }
      #expect(found.count == 1)
      let number = try #require(found.first)
      counts[number] += 1
      #expect(Int(result.images.labels[index]) == triggers[number].goal.target)
      #expect(task.images.labels[index] != result.images.labels[index])
    }
    #expect(counts.reduce(0, +) == 120 && counts.allSatisfy { abs($0 - 40) <= 12 })
  }

  @Test("One class for all patches")
  func oneTarget() throws {
    var options = MultiTrigger.Options()
    (options.targets, options.count) = (.one, 4)
    let attack = try MultiTrigger(options: options)
    let task = try task(attack, rate: 0.1)
    #expect(task.otherTriggers.count == 3 && task.otherTriggers.allSatisfy { $0.goal.target == 0 })
    #expect(Set(task.otherTriggers.map(\.change) + [task.trigger.change]).count == 4)
  }

  @Test("Success is counted for each patch")
  func success() throws {
    var options = MultiTrigger.Options()
    options.size = 2
    let outcome = try toyExperiment(MultiTrigger(options: options), rate: 0.3, epochs: 16).run()
    #expect(try #require(outcome.result.test).accuracy >= 0.95)
    #expect(outcome.others.map(\.trigger.goal.target) == [2, 3])
    let rates = ([outcome.result] + outcome.others.map(\.result)).map {
      $0.poisoned?.counted.successRate ?? 0
    }
    #expect(rates.allSatisfy { $0 >= 0.9 }, "\(rates)")
    #expect(outcome.others.allSatisfy { $0.result.poisoned?.counted.images == 75 })
  }

  @Test("What cannot be is refused")
  func refusals() throws {
    var options = MultiTrigger.Options()
    options.count = 5
    #expect(
      message { _ = try MultiTrigger(options: options) }
        == "multi-trigger.count takes a whole number from 2 to 4")
    options.count = 3
    options.size = 5
    let large = try MultiTrigger(options: options)
    #expect(
      message { _ = try large.change(for: [9, 12, 1], in: RunContext()) }
        == "multi-trigger.size is 5, so that patches overlap in images of 9x12; lower "
        + "multi-trigger.size")
    #expect(
      message { _ = try large.goal(AttackGoal(target: 0, classCount: 2)) }
        == "multi-trigger.count is 3, more than the 2 classes; lower multi-trigger.count")
    #expect(
      message { _ = try large.goal(goal(.allToAll)) }
        == "multi-trigger leads each trigger to one class, so it cannot attack all-to-all; leave mode "
        + "out")
  }
}
