import DefenseKit
import Testing

@Suite("Images that are in two sets, in the library")
struct ImageOverlapTests {
  private func model() throws -> Model {
    var graph = try Graph(inputShape: [1, 2, 1])
    try graph.append("flatten", .flatten, inputs: [0])
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1, 0, 0, 1]))), inputs: [1],
      activation: .softmax)
    return Model(graph: graph)
  }

  private func source(_ range: Range<Int>) -> ArraySource {
    ArraySource(range.flatMap { [Float($0), 1] }, imageShape: [1, 2, 1])
  }

  private func clean(_ range: Range<Int>, _ name: String) throws -> CleanData {
    try CleanData(source(range), labels: range.map { $0 > 1 ? 0 : 1 }, name: name)
  }

  /// Runs an experiment, and evaluates its model alone.
  private func warnings(
    clean: Range<Int>?, test: Range<Int>?, poisoned: Range<Int>?
  ) throws -> [String] {
    let context = RunContext()
    _ = try Experiment(
      suspect: model(), clean: clean.map { try self.clean($0, "a") },
      test: test.map { try self.clean($0, "b") },
      poisoned: poisoned.map {
        try PoisonedData(source($0), targets: $0.map { _ in 0 }, name: "c")
      }
    ).run([], in: context)
    return context.statistics.warnings.filter { $0.contains("images are") }
  }

  @Test("The same images as clean and as poisoned, or as test and as poisoned, are refused")
  func refused() throws {
    for (clean, test, names) in [
      (0..<40, 50..<90, "a and c: the clean"), (50..<90, 0..<40, "b and c: the test"),
      (nil, 0..<40, "b and c: the test"), (0..<40, nil, "a and c: the clean"),
    ] as [(Range<Int>?, Range<Int>?, String)] {
      let error = #expect(throws: DataError.self) {
        try warnings(clean: clean, test: test, poisoned: 0..<40)
      }
      #expect(
        error?.description
          == "\(names) and the poisoned images are the same 40; give images with the trigger as poisoned ones"
      )
    }
    let images = source(0..<40)
    let test = try CleanData(images, labels: (0..<40).map { $0 > 1 ? 0 : 1 }, name: "x")
    let poisoned = try PoisonedData(images, targets: Array(repeating: 0, count: 40), name: "x")
    let error = #expect(throws: DataError.self) {
      _ = try Evaluation.ModelResult(of: model(), test: test, poisoned: poisoned, in: RunContext())
    }
    #expect(
      error?.description.hasPrefix("x: the test and the poisoned images are the same 40") == true)
  }

  @Test("Nothing is run before that")
  func early() throws {
    struct Never: Defense {
      static let name = "never"
      static let summary = "Must not run."
      init(options: NoOptions) {}
      func repair(_ model: Model, using clean: CleanData?, in context: RunContext) -> [Repair] {
        Issue.record("it was run")
        return []
      }
    }
    let images = source(0..<40)
    let experiment = try Experiment(
      suspect: model(), clean: clean(0..<40, "a"),
      poisoned: PoisonedData(images, targets: Array(repeating: 0, count: 40)))
    #expect(throws: DataError.self) {
      try experiment.run([Never(options: NoOptions())], in: RunContext())
    }
  }

  @Test("Single images are counted, in warnings")
  func warnings() throws {
    let judged = ", which the defense sees; this flatters the results; use other test images"
    let triggerless = " and carry no trigger; leave them out"
    #expect(
      try warnings(clean: 0..<40, test: 30..<50, poisoned: 100..<120)
        == ["a and b: 10 of the 20 test images are also clean images" + judged])
    #expect(
      try warnings(clean: 0..<40, test: 0..<40, poisoned: nil)
        == ["a and b: all 40 test images are also clean images" + judged])
    #expect(
      try warnings(clean: 0..<40, test: 50..<90, poisoned: 39..<52) == [
        "a and c: 1 of the 13 poisoned images are also clean images" + triggerless,
        "b and c: 2 of the 13 poisoned images are also test images" + triggerless,
      ])
    #expect(try warnings(clean: 0..<40, test: 50..<90, poisoned: 100..<140).isEmpty)
    #expect(try warnings(clean: nil, test: nil, poisoned: 0..<5).isEmpty)
  }
}
