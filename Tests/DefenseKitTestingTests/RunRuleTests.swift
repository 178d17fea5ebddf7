import DefenseKit
import DefenseKitTesting
import Foundation
import Synchronization
import Testing

@Suite("Runs that break rules")
struct RunRuleTests {
  /// What it does is right; each of the others differs from it in one thing.
  private struct Good: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      [try masking([0, 1], of: model, using: clean, in: context)]
    }
  }

  @Test("A defense that does nothing wrong passes")
  func good() throws { try PluginChecks(Good.self).run() }

  /// Writes to memory that others share, as code does that hands arrays to C.
  private static func overwrite<Element>(_ values: [Element], with value: Element) {
    unsafe values.withUnsafeBufferPointer {
      unsafe UnsafeMutablePointer(mutating: $0.baseAddress!).pointee = value
    }
  }

  private struct ChangesSuspect: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let repairs = try Good().repair(model, using: clean, in: context)
      let layer = model.graph.nodes.first { !$0.operation.weights.isEmpty }!
      overwrite(layer.operation.weights[0].values, with: 77)
      return repairs
    }
  }

  private struct ChangesData: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      let repairs = try Good().repair(model, using: clean, in: context)
      overwrite(clean.labels, with: 3)
      return repairs
    }
  }

  private struct ChangesImages: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      let repairs = try Good().repair(model, using: clean, in: context)
      if let source = clean.source as? ArraySource { overwrite(source.values, with: 99.5) }
      return repairs
    }
  }

  @Test("A suspect or images that are changed through shared memory")
  func changes() {
    expect(
      ChangesSuspect.self, breaks: .suspectUnchanged, .repairs,
      saying: "bad breaks the rule 'suspect-unchanged': element 0 of weights 0 of layer 'conv_1' "
        + "of toy_plain is * before and 77.0 after, on toy_plain; change only copies; arrays are "
        + "values unless you write through a pointer")
    expect(
      ChangesData.self, breaks: .dataUnchanged, .repairs,
      saying: "bad breaks the rule 'data-unchanged': element 0 of the labels of the clean data is "
        + "0 before and 3 after, on toy_plain; change only copies; arrays are values unless you "
        + "write through a pointer")
    expect(
      ChangesImages.self, breaks: .dataUnchanged,
      saying: "bad breaks the rule 'data-unchanged': element 0 of the images of the clean data is "
        + "* before and 99.5 after, on toy_plain; change only copies; arrays are values unless you "
        + "write through a pointer")
  }

  private struct SeedsByChance: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      var own = context
      own.seed = .random(in: 0...UInt64.max)
      var options = FineTuningOptions()
      options.epochs = 1
      let tuned = try FineTuner(options, for: "bad").tune(model, using: clean, in: own)
      return [Repair(model: tuned.model, defense: "bad", clean: tuned.clean)]
    }
  }

  private struct Counts: BadDefense {
    private let runs = Counter()

    private final class Counter: Sendable {
      let count = Mutex(0)
    }

    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      let run = runs.count.withLock {
        $0 += 1
        return $0
      }
      return [try masking([run % 12], of: model, using: clean, in: context)]
    }
  }

  /// Puts a layer without weights behind the output, which does something else every time.
  private struct ScalesByChance: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      var repair = try masking([0, 1], of: model, using: clean, in: context)
      let factor = Float.random(in: 1...2)
      try repair.model.graph.append(
        "scale", .rescaling(Rescaling(scale: [factor], offset: [0])),
        inputs: [model.graph.output])
      return [repair]
    }
  }

  private static let seedAdvice =
    "draw random numbers only from SeededGenerator(seed: context.seed), and depend on no set, "
    + "dictionary, clock or earlier run"

  @Test("Chance that the seed does not decide, and runs that remember others")
  func sameSeed() {
    expect(
      SeedsByChance.self, breaks: .sameSeed, .threadCount, .sampleOrder,
      saying: "bad breaks the rule 'same-seed': * of repair 0 is * in the first run and * in the "
        + "second run, on toy_plain; \(Self.seedAdvice)")
    expect(
      PluginChecks(ScalesByChance.self), .sameSeed,
      "bad breaks the rule 'same-seed': the layers of repair 0 is '*' in the first run and '*' in the "
        + "second run, on toy_plain; \(Self.seedAdvice)", #_sourceLocation)
    expect(
      Counts.self, breaks: .sameSeed, .threadCount, .sampleOrder,
      saying: "bad breaks the rule 'same-seed': element 0 of the pruned channels of repair 0 is "
        + "1 in the "
        + "first run and 2 in the second run, on toy_plain; \(Self.seedAdvice)")
  }

  private struct AsThreadsAre: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      [try masking([context.execution.threads], of: model, using: clean, in: context)]
    }
  }

  /// Adds up floats group by group, in the order in which groups are done.
  private struct AsGroupsCome: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      try context.checkCancellation()
      let hash = Mutex(0)
      try Executor([model], options: context.execution).run(clean.source) { batch in
        hash.withLock { $0 = ($0 * 31 + batch.indices.lowerBound) % 7919 }
      }
      return [try masking([hash.withLock { $0 } % 12], of: model, using: clean, in: context)]
    }
  }

  private struct AsImagesCome: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      let sum = clean.labels.enumerated().reduce(0) { $0 + $1.offset * Int($1.element) }
      return [try masking([sum % 12], of: model, using: clean, in: context)]
    }
  }

  @Test("Results that depend on the number of threads or the order of images")
  func order() {
    expect(
      AsThreadsAre.self, breaks: .threadCount,
      saying: "bad breaks the rule 'thread-count': element 0 of the pruned channels of repair 0 is "
        + "1 with 1 thread and 2 with 2 threads, on toy_plain; groups of images arrive in any "
        + "order: store results by batch.indices before adding them up, or sort them")
    expect(
      PluginChecks(AsGroupsCome.self), .threadCount,
      "bad breaks the rule 'thread-count': element 0 of the pruned channels of repair 0 is * with "
        + "1 thread and * with 2 threads, on toy_plain; groups of images arrive in any order: "
        + "store results by batch.indices before adding them up, or sort them", #_sourceLocation)
    expect(
      AsImagesCome.self, breaks: .sampleOrder,
      saying: "bad breaks the rule 'sample-order': element 0 of the pruned channels of repair 0 is "
        + "* in the original order of clean images and * in shuffled order, on toy_plain; choose "
        + "images by their positions in clean.contentOrder(), and add up only values whose sum "
        + "does not depend on the order, for example integers")
  }

  private struct WritesFile: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let file = FileManager.default.temporaryDirectory
        .appendingPathComponent("bad-plugin-\(UUID().uuidString)")
      try Data("hello".utf8).write(to: file)
      try FileManager.default.removeItem(at: file)
      return try Good().repair(model, using: clean, in: context)
    }
  }

  private struct Prints: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      print()
      return try Good().repair(model, using: clean, in: context)
    }
  }

  /// Keeps what it found out for the next time.
  private struct WritesOnce: BadDefense {
    private let hasWritten = Once()

    private final class Once: Sendable {
      let value = Mutex(false)
    }

    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let isFirst = hasWritten.value.withLock { value in
        defer { value = true }
        return !value
      }
      return isFirst
        ? try WritesFile().repair(model, using: clean, in: context)
        : try Good().repair(model, using: clean, in: context)
    }
  }

  /// Writes where an executor's own threads would.
  private struct WritesErrors: BadDefense {
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      try Executor([model], options: context.execution).run(clean.source) { batch in
        if batch.indices.contains(0) { FileHandle.standardError.write(Data("\n".utf8)) }
      }
      return try Good().repair(model, using: clean, in: context)
    }
  }

  @Test("Files and output", .enabled(if: PluginChecks(Good.self).rules.contains(.writesNothing)))
  func writes() {
    let advice =
      "report through context.warn(_:) and context.phase(_:images:_:), and leave files to the "
      + "program"
    expect(
      WritesFile.self, breaks: .writesNothing,
      saying: "bad breaks the rule 'writes-nothing': it wrote 5 bytes, on toy_plain; \(advice)")
    expect(
      PluginChecks(WritesOnce.self), .writesNothing,
      "bad breaks the rule 'writes-nothing': it wrote 5 bytes, on toy_plain; \(advice)",
      #_sourceLocation)
    // This rule alone: what is printed comes into the way of other tests of it.
    expect(
      PluginChecks(Prints.self), .writesNothing,
      "bad breaks the rule 'writes-nothing': it wrote * bytes, on toy_plain; \(advice)",
      #_sourceLocation)
    expect(
      WritesErrors.self, breaks: .writesNothing,
      saying: "bad breaks the rule 'writes-nothing': it wrote 1 bytes, on toy_plain; \(advice)")
  }

  private struct NeedsData: BadDefense {
    static let requirements: [PluginRequirement] = []
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      guard let clean else { throw DataError("no images") }
      return try Good().repair(model, using: clean, in: context)
    }
  }

  @Test("A defense that says it learns nothing, and does")
  func withoutData() {
    expect(
      NeedsData.self, breaks: .withoutData,
      saying: "bad breaks the rule 'without-data': without clean images, it ended on toy_plain "
        + "with an error: no images; work without clean images, or add .cleanData to requirements")
  }

  private struct ReadsLabels: BadDefense {
    static let requirements: [PluginRequirement] = [.cleanData]
    func repair(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> [Repair] {
      let clean = try required(clean)
      var repairs = try Good().repair(model, using: clean, in: context)
      repairs[0].note = "\(clean.labels[try clean.contentOrder()[0]])"
      return repairs
    }
  }

  @Test("A defense that says it needs no labels, and uses them")
  func withoutLabels() {
    expect(
      ReadsLabels.self, breaks: .withoutLabels,
      saying: "bad breaks the rule 'without-labels': the title of repair 0 is *; add .labels to "
        + "requirements, or use labels only if clean.isLabelled")
  }
}
