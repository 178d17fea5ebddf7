import InferenceGraph
import NetworkTraining
import Testing

@testable import DefenseKit
@testable import ModelIO

@Suite("Images of the same group stay together")
struct GroupTests {
  /// Images of one value each, which is their number in `values`.
  private func clean(
    _ groups: [Int]?, values: [Float], name: String = "clean.h5"
  ) throws -> CleanData {
    try CleanData(
      ArraySource(values, imageShape: [1]), labels: values.map { Int32($0) % 3 }, groups: groups,
      name: name)
  }

  private func clean(_ groups: [Int]?, count: Int) throws -> CleanData {
    try clean(groups, values: (0..<count).map { Float($0) })
  }

  // MARK: Splitting

  @Test(
    "Choices worked out by hand",
    arguments: [
      // 3 + 2 is reached with the third group, before the one of 5.
      ([4, 3, 2, 5], 5, [1, 2]),
      // Nothing is nearer than a whole group, of which the first is taken.
      ([10, 10], 2, [0]), ([3, 3], 3, [0]),
      // 2 and 6 are equally near to 4: the smaller.
      ([6, 2], 4, [1]),
      // Something is left.
      ([1, 1, 1], 5, [0, 1]), ([1, 9], 10, [1]),
      ([7, 20, 3, 5], 12, [0, 3]),
    ])
  func byHand(sizes: [Int], target: Int, chosen: [Int]) {
    #expect(GroupChoice.groups(of: sizes, near: target) == chosen)
  }

  @Test("No choice is nearer", arguments: [UInt64.random(in: 0..<1 << 32)])
  func nearest(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for trial in 0..<300 {
      let sizes = (0..<Int.random(in: 2...9, using: &random)).map { _ in
        Int.random(in: 1...12, using: &random)
      }
      let total = sizes.reduce(0, +)
      let target = Int.random(in: 1...total, using: &random)
      let chosen = GroupChoice.groups(of: sizes, near: target)
      let sums = (1..<(1 << sizes.count) - 1).map { subset in
        sizes.indices.reduce(0) { $0 + (subset >> $1 & 1) * sizes[$1] }
      }
      let least = sums.map { abs($0 - target) }.min()
      let sum = chosen.reduce(0) { $0 + sizes[$1] }
      #expect(abs(sum - target) == least, "\(sizes), \(target), seed \(seed), trial \(trial)")
      #expect(Set(chosen).count == chosen.count && chosen == chosen.sorted())
    }
  }

  @Test(
    "No group is on both sides, whatever the sizes", arguments: [UInt64.random(in: 0..<1 << 32)])
  func sides(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for trial in 0..<200 {
      let count = Int.random(in: 2...300, using: &random)
      let kinds = Int.random(in: 2...max(2, count), using: &random)
      // At least two groups.
      let groups = [0, 1] + (2..<count).map { _ in Int.random(in: 0..<kinds, using: &random) }
      let wanted = Int.random(in: 1...count, using: &random)
      let splitSeed = random.next()
      let note: Comment = "seed \(seed), trial \(trial): \(count) in \(kinds), \(wanted)"
      func split(_ order: [Int]) throws -> (heldOut: [Int], others: [Int]) {
        let data = try clean(order.map { groups[$0] }, values: order.map { Float($0) })
        var numbers = SeededGenerator(seed: splitSeed)
        let parts = try data.split(numbers.permutation(count), holdingOut: wanted, for: "x")
        let content = try data.contentOrder()
        func images(_ places: [Int]) -> [Int] { places.map { order[content[$0]] } }
        return (images(parts.heldOut), images(parts.others))
      }
      let parts = try split(Array(0..<count))
      #expect((parts.heldOut + parts.others).sorted() == Array(0..<count), note)
      #expect(!parts.heldOut.isEmpty && !parts.others.isEmpty, note)
      let (held, left) = (
        Set(parts.heldOut.map { groups[$0] }), Set(parts.others.map { groups[$0] })
      )
      #expect(held.isDisjoint(with: left), note)
      // The images decide, not their places in the file.
      let shuffled = try split(random.permutation(count))
      #expect(shuffled.heldOut == parts.heldOut && shuffled.others == parts.others, note)
    }
  }

  @Test("Groups of one image each are split like images without groups")
  func single() throws {
    var numbers = SeededGenerator(seed: 3)
    let places = numbers.permutation(50)
    for count in [0, 1, 7, 49] {
      let plain = try clean(nil, count: 50).split(places, holdingOut: count, for: "x")
      let grouped = try clean(Array(100..<150), count: 50)
        .split(places, holdingOut: count, for: "x")
      #expect(plain.heldOut == Array(places[..<count]) && plain.others == Array(places[count...]))
      #expect(grouped.heldOut == plain.heldOut && grouped.others == plain.others)
    }
  }

  @Test("Images of a single group cannot be split; nothing to hold out needs no split")
  func oneGroup() throws {
    let data = try clean([4, 4, 4], count: 3)
    let error = #expect(throws: PluginError.self) {
      try data.split([0, 1, 2], holdingOut: 1, for: "anp")
    }
    #expect(error?.code == .tooFewGroups)
    #expect(
      error?.description
        == "anp holds out whole groups of images, but clean.h5 has only one; give images of more "
        + "groups or leave group out")
    #expect(try data.split([2, 0, 1], holdingOut: 0, for: "anp").others == [2, 0, 1])
  }

  @Test("As many groups as images")
  func counts() throws {
    let error = #expect(throws: DataError.self) { try clean([1, 2], count: 3) }
    #expect(error?.description == "clean.h5: has 2 groups for 3 images; give one for each image")
  }

  @Test("Fine-tuning holds out whole groups")
  func tuning() throws {
    var graph = try Graph(inputShape: [1])
    try graph.append(
      "output", .dense(Dense(kernel: Tensor(shape: [1, 3], values: [1, 0, -1]))), inputs: [0],
      activation: .softmax)
    var options = FineTuningOptions()
    (options.epochs, options.batch, options.heldOut) = (1, 5, 0.1)
    options.learningRate = 0.001
    // 4 of 40 are wanted; the nearest is a group of 10, or 6 of the smallest.
    for (groups, held) in [
      ((0..<40).map { $0 % 4 }, 10), ((0..<40).map { $0 < 6 ? 9 : $0 % 3 }, 6),
    ] {
      let data = try clean(groups, count: 40)
      let result = try FineTuner(options, for: "x").tune(
        Model(graph: graph), using: data, in: RunContext())
      #expect(result.summary.images == 40 - held)
      #expect(result.summary.after?.images == held && result.summary.before?.images == held)
      #expect(result.heldOut.count == held)
      let others = Set(groups.indices).subtracting(result.heldOut).map { groups[$0] }
      #expect(Set(others).isDisjoint(with: result.heldOut.map { groups[$0] }))
    }
    let one = try clean(Array(repeating: 0, count: 40), count: 40)
    #expect(throws: PluginError.self) {
      try FineTuner(options, for: "x").tune(Model(graph: graph), using: one, in: RunContext())
    }
    options.heldOut = 0
    let all = try FineTuner(options, for: "x").tune(
      Model(graph: graph), using: one, in: RunContext())
    #expect(all.summary.images == 40)
  }

  // MARK: Counting

  @Test("Test images of groups that the clean images have are counted apart from the others")
  func counting() throws {
    var graph = try Graph(inputShape: [2])
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1, 0, 0, 1]))), inputs: [0])
    let model = Model(graph: graph)
    func data(_ values: [Float], _ labels: [Int32], _ groups: [Int]?) throws -> CleanData {
      try CleanData(ArraySource(values, imageShape: [2]), labels: labels, groups: groups)
    }
    // The larger value is the class: of groups 1 and 2 two of three are right, of group 3 none.
    let values: [Float] = [3, 1, 1, 4, 5, 1, 2, 1]
    func evaluation(_ clean: [Int]?, _ test: [Int]?) throws -> (Evaluation, Report) {
      let experiment = try Experiment(
        suspect: model, clean: data([1, 0, 0, 1], [0, 1], clean),
        test: data(values, [0, 1, 1, 1], test))
      let context = RunContext()
      let evaluation = try experiment.evaluate([], in: context)
      return (
        evaluation,
        try Report(
          of: experiment, evaluation, by: [], group: clean.map { _ in .dataSet("who") }, in: context
        )
      )
    }
    let (result, report) = try evaluation([1, 2], [1, 1, 2, 3])
    #expect(
      result.suspect.byGroup
        == GroupCounts(
          seen: CleanCounts(correct: 2, images: 3), unseen: CleanCounts(correct: 0, images: 1)))
    #expect(
      result.groupLines == [
        "suspect: clean accuracy 66.67 % on 3 test images of groups in the clean set, 0.00 % on 1 "
          + "of other groups"
      ])
    #expect(
      report.json["suspect"]?["test"]
        == [
          "correct": 2, "images": 4, "seen": ["correct": 2, "images": 3],
          "unseen": ["correct": 0, "images": 1],
        ])
    #expect(report.json["options"]?["group"] == "who")
    #expect(report.json["data"]?["clean"]?["groups"] == 2)
    #expect(report.json["data"]?["test"]?["groups"] == 3)
    #expect(
      try evaluation([1, 3], [1, 1, 1, 3]).0.groupLines == [
        "suspect: clean accuracy 50.00 % on 4 test images of groups in the clean set, – on 0 of other "
          + "groups"
      ])
    for (clean, test) in [(nil, [1, 1, 2, 3]), ([1, 2], nil), (nil, nil)] as [([Int]?, [Int]?)] {
      let (result, report) = try evaluation(clean, test)
      #expect(result.suspect.byGroup == nil && result.groupLines == [])
      #expect(report.json["suspect"]?["test"] == ["correct": 2, "images": 4])
    }
  }

  // MARK: Near copies

  @Test("Blocks and distances worked out by hand")
  func blocks() throws {
    // Black on the left, white on the right: every block is 1/8 from the mean.
    let halves = (0..<16 * 16).map { Float($0 % 16 / 8) }
    func blocks(_ values: [Float]) -> ImageBlocks? { ImageBlocks(values[...], shape: [16, 16, 1]) }
    let image = try #require(blocks(halves))
    #expect(abs(image.distance(to: image)) < 1e-6)
    let darker = try #require(blocks(halves.map { 0.5 * $0 + 3 }))
    #expect(abs(image.distance(to: darker)) < 1e-5)
    let negative = try #require(blocks(halves.map { 1 - $0 }))
    #expect(abs(image.distance(to: negative) - 2) < 1e-6)
    // The same halves, above each other.
    let turned = try #require(blocks((0..<16 * 16).map { Float($0 / 128) }))
    #expect(abs(image.distance(to: turned) - 1) < 1e-6)
    #expect(blocks(Array(repeating: 0.3, count: 256)) == nil)
    #expect(blocks(halves.map { $0 == 0 ? .nan : 1 }) == nil)
  }

  /// Evaluates a model on test images made from clean ones by `change`.
  private func warnings(
    side: Int = 16, channels: Int = 1, groups: [Int]? = nil, seed: UInt64,
    _ change: (_ clean: [Float], _ image: Int, _ random: inout SeededGenerator) -> [Float]
  ) throws -> [String] {
    var random = SeededGenerator(seed: seed)
    let shape = [side, side + 1, channels]
    let size = shape.reduce(1, *)
    let clean = (0..<50).map { _ in
      (0..<size).map { _ in Float.random(in: 0...255, using: &random) }
    }
    let test = (0..<40).map { change(clean[$0], $0, &random) }
    var graph = try Graph(inputShape: shape)
    try graph.append("flatten", .flatten, inputs: [0])
    try graph.append(
      "out",
      .dense(
        Dense(kernel: Tensor(shape: [size, 2], values: Array(repeating: 0, count: 2 * size)))),
      inputs: [1])
    func data(_ images: [[Float]], _ name: String) throws -> CleanData {
      try CleanData(
        ArraySource(images.flatMap { $0 }, imageShape: shape),
        labels: Array(repeating: 0, count: images.count), groups: groups, name: name)
    }
    let context = RunContext()
    _ = try Experiment(
      suspect: Model(graph: graph), clean: data(clean, "a.h5"), test: data(test, "b.h5")
    ).evaluate([], in: context)
    return context.statistics.warnings.filter { $0.contains("near copies") }
  }

  private func noisy(_ image: [Float], _ random: inout SeededGenerator) -> [Float] {
    image.map { 0.8 * $0 + 20 + Float.random(in: -2...2, using: &random) }
  }

  @Test("Copies with noise are found among other images, and equal images are not counted")
  func copies() throws {
    for (side, channels) in [(8, 1), (16, 1), (13, 3)] {
      #expect(
        try warnings(side: side, channels: channels, seed: 5) { clean, image, random in
          image < 10 ? clean : image < 22 ? noisy(clean, &random) : Array(clean.reversed())
        } == [
          "a.h5 and b.h5: 12 of 30 test images compared are near copies of clean images; accuracy on "
            + "them says little about unseen ones; test on other groups or give the groups of the "
            + "images"
        ], "\(side)x\(channels)")
    }
    #expect(try warnings(seed: 5) { clean, _, _ in clean }.isEmpty)
    #expect(try warnings(seed: 5) { clean, _, _ in Array(clean.reversed()) }.isEmpty)
    // Too small to tell.
    #expect(try warnings(side: 7, seed: 5) { clean, _, random in noisy(clean, &random) }.isEmpty)
  }
}
