import DefenseKit
import DefenseKitTesting
import Testing

@Suite("Attacks that break rules")
struct AttackRuleTests {
  private struct Good: BadAttack {}

  @Test("An attack that does nothing wrong passes")
  func good() throws { try PluginChecks(Good.self).run() }

  /// An attack that is right but for how it poisons.
  private struct Poisoner<How: Poisons>: BadAttack {
    static var keepsLabels: Bool { How.keepsLabels }

    func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
      try context.checkCancellation()
      return try How.poison(task)
    }
  }

  private protocol Poisons: Sendable {
    static var keepsLabels: Bool { get }
    static func poison(_ task: PoisoningTask) throws -> Poisoning
  }

  private enum ChangesOthers: Poisons {
    static let keepsLabels = false
    static func poison(_ task: PoisoningTask) throws -> Poisoning {
      // The last image becomes like the first, and nobody is told.
      let all = Array(0..<task.images.count - 1) + [0]
      var result = Poisoning(of: task.images.selecting(all))
      for index in try task.selection().poisoned where index < task.images.count - 1 {
        result.poison(index, with: task.trigger, label: task.label(of: index))
      }
      return result
    }
  }

  private enum LeavesOut: Poisons {
    static let keepsLabels = false
    static func poison(_ task: PoisoningTask) throws -> Poisoning {
      var result = Poisoning(of: task.images.selecting(Array(0..<200)))
      for index in 4..<8 {
        result.poison(index, with: task.trigger, label: task.label(of: index))
      }
      return result
    }
  }

  private enum KeepsAll: Poisons {
    static let keepsLabels = false
    static func poison(_ task: PoisoningTask) throws -> Poisoning {
      var result = Poisoning(of: task.images)
      for index in try task.selection().poisoned {
        result.poison(index, with: task.trigger, label: task.images.labels[index])
      }
      return result
    }
  }

  private enum Nobody: Poisons {
    static let keepsLabels = false
    static func poison(_ task: PoisoningTask) throws -> Poisoning { Poisoning(of: task.images) }
  }

  private enum TooMany: Poisons {
    static let keepsLabels = false
    static func poison(_ task: PoisoningTask) throws -> Poisoning {
      var result = Poisoning(of: task.images)
      for index in 0..<task.images.count {
        result.poison(index, with: task.trigger, label: task.label(of: index))
      }
      return result
    }
  }

  private enum OtherClasses: Poisons {
    static let keepsLabels = true
    static func poison(_ task: PoisoningTask) throws -> Poisoning {
      var result = Poisoning(of: task.images)
      for index in 1...4 { result.poison(index, with: task.trigger, label: task.label(of: index)) }
      return result
    }
  }

  @Test("Poisoned sets that are not as promised")
  func poisoning() {
    expect(
      Poisoner<ChangesOthers>.self, breaks: .poisoning,
      saying: "bad breaks the rule 'poisoning': image 399 changed, but is neither poisoned nor a "
        + "cover, "
        + "all-to-one; start from Poisoning(of: task.images), and change images by its methods")
    expect(
      Poisoner<LeavesOut>.self, breaks: .poisoning,
      saying: "bad breaks the rule 'poisoning': 400 images of shape [8, 8, 1] became 200 of "
        + "shape [8, 8, 1], "
        + "all-to-one; start from Poisoning(of: task.images), and change images by its methods")
    expect(
      Poisoner<KeepsAll>.self, breaks: .poisoning,
      saying: "bad breaks the rule 'poisoning': poisoned image * of class * is labelled *, not "
        + "1, all-to-one; "
        + "label it with task.label(of:)")
    expect(
      Poisoner<Nobody>.self, breaks: .poisoning,
      saying: "bad breaks the rule 'poisoning': 0 images are poisoned, not 40, all-to-one; poison "
        + "the images of task.selection()")
    expect(
      Poisoner<TooMany>.self, breaks: .poisoning,
      saying:
        "bad breaks the rule 'poisoning': 400 images are poisoned, not 40, all-to-one; poison "
        + "the images of task.selection()")
    expect(
      Poisoner<OtherClasses>.self, breaks: .poisoning,
      saying: "bad breaks the rule 'poisoning': image 2 of class 2 is poisoned, but the attack "
        + "keeps labels and the target is 1, all-to-one; poison the images of task.selection()")
  }

  private struct NoRate: BadAttack {
    static let poisonRate = 0.0
  }

  private struct Invisible: BadAttack {
    func change(
      for imageShape: [Int], in context: RunContext
    ) throws -> Trigger.Change {
      .addition(Array(repeating: 0.1, count: imageShape.reduce(1, *)))
    }
  }

  @Test("A share of nothing, and a trigger that cannot be seen")
  func trigger() {
    expect(
      PluginChecks(NoRate.self), .poisoning,
      "bad breaks the rule 'poisoning': its poisonRate is 0.0; return the share of images, over 0 "
        + "and up to 1",
      #_sourceLocation)
    expect(
      Invisible.self, breaks: .trigger,
      saying: "bad breaks the rule 'trigger': the trigger changes none of the test images; return "
        + "a change from change(for:in:) that is visible in bytes")
  }

  private struct ByChance: BadAttack {
    func change(
      for imageShape: [Int], in context: RunContext
    ) throws -> Trigger.Change {
      .addition((0..<imageShape.reduce(1, *)).map { _ in .random(in: -50...50) })
    }
  }

  private struct NeverAsks: BadAttack {
    func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
      var result = Poisoning(of: task.images)
      for index in try task.selection().poisoned {
        result.poison(index, with: task.trigger, label: task.label(of: index))
      }
      return result
    }
  }

  private struct ChangesImages: BadAttack {
    func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
      try context.checkCancellation()
      var result = Poisoning(of: task.images.selecting(Array(0..<task.images.count)))
      unsafe task.images.bytes.withUnsafeBufferPointer {
        unsafe UnsafeMutablePointer(mutating: $0.baseAddress!).pointee = 200
      }
      for index in try task.selection().poisoned {
        result.poison(index, with: task.trigger, label: task.label(of: index))
      }
      return result
    }
  }

  @Test("Chance, deafness, and images that are changed where they are")
  func runs() {
    expect(
      ByChance.self, breaks: .sameSeed, .threadCount,
      saying: "bad breaks the rule 'same-seed': element 0 of the trigger's addition is * in the "
        + "first run and * in the second run, on all-to-one; draw random numbers only from "
        + "SeededGenerator(seed: context.seed), and depend on no set, dictionary, clock or earlier "
        + "run")
    expect(
      NeverAsks.self, breaks: .cancelledBefore,
      saying: "bad breaks the rule 'cancelled-before': cancelled before it began, it returned a "
        + "result, on all-to-one; call try context.checkCancellation() first, pass "
        + "context.execution to executors, sweeps and trainings, and rethrow CancellationError")
    expect(
      ChangesImages.self, breaks: .dataUnchanged,
      saying: "bad breaks the rule 'data-unchanged': element 0 of the bytes of the training set is "
        + "* before and 200 after, on all-to-one; change only copies; arrays are values unless you "
        + "write through a pointer")
  }
}
