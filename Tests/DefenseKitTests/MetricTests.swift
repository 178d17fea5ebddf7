import Testing

@testable import DefenseKit

@Suite("Metrics, against cases worked out by hand")
struct MetricTests {
  @Test("Clean counts")
  func cleanCounts() {
    // Three classes; 3 is a flag. Right, wrong, flagged, right, right.
    let counts = CleanCounts(
      predictions: [.class(0), .class(2), .flagged, .class(1), .class(2)], labels: [0, 1, 1, 1, 2])
    #expect(counts == CleanCounts(correct: 3, flagged: 1, images: 5))
    #expect(counts.accuracy == 0.6)
    #expect(counts.flaggedShare == 0.2)
    #expect(counts.filteredAccuracy == 0.75)
  }

  @Test("Attack counts leave out the target class where true labels are known")
  func attackCounts() {
    let predictions: [Prediction] = [.class(0), .class(0), .class(1), .flagged, .class(0)]
    let targets: [Int32] = [0, 0, 0, 0, 0]
    let unknown = AttackCounts(
      predictions: predictions, targets: targets, trueLabels: nil)
    #expect(unknown == AttackCounts(counted: PoisonedCounts(hits: 3, flagged: 1, images: 5)))
    let known = AttackCounts(
      predictions: predictions, targets: targets, trueLabels: [0, 1, 1, 0, 2])
    #expect(known.counted == PoisonedCounts(hits: 2, restored: 1, flagged: 0, images: 3))
    #expect(known.all == PoisonedCounts(hits: 3, restored: 2, flagged: 1, images: 5))
  }

  @Test("An image without a class is neither right nor a hit, and is counted")
  func withoutClass() {
    let counts = CleanCounts(
      predictions: [.class(0), .undefined, .class(2), .undefined], labels: [0, 0, 1, 1])
    #expect(counts == CleanCounts(correct: 1, nonfinite: 2, images: 4))
    // Even where a caller's label or target is -1 itself.
    #expect(CleanCounts(predictions: [.undefined], labels: [-1]).correct == 0)
    let attack = AttackCounts(
      predictions: [.class(0), .undefined, .undefined], targets: [0, 0, 0], trueLabels: [1, 1, 0])
    #expect(attack.counted == PoisonedCounts(hits: 1, restored: 0, nonfinite: 1, images: 2))
    #expect(attack.all == PoisonedCounts(hits: 1, restored: 0, nonfinite: 2, images: 3))
    let odd = AttackCounts(predictions: [.undefined], targets: [-1], trueLabels: nil)
    #expect(odd.counted == PoisonedCounts(hits: 0, nonfinite: 1, images: 1))
  }

  @Test(
    "Area under the ROC curve",
    arguments: [
      ([1, 2], [3, 4], 1), ([3, 4], [1, 2], 0), ([1, 1], [1, 1], 0.5),
      // Pairs (1,2) (1,3) right, (2,2) half, (2,3) right: 3.5 of 4.
      ([1, 2], [2, 3], 0.875),
      // 0 < 0.5, 0 < 0.5, and of 0.5 two halves, of 1 none: 3 of 6.
      ([0, 0.5, 1], [0.5, 0.5], 0.5),
      ([0, .infinity], [.infinity], 0.75), ([0], [.nan], 1),
    ] as [([Float], [Float], Double)])
  func auroc(negatives: [Float], positives: [Float], expected: Double) {
    #expect(areaUnderROC(negatives: negatives, positives: positives) == expected)
  }

  @Test("Without negatives or positives there is no area")
  func noAuroc() {
    #expect(areaUnderROC(negatives: [], positives: [1]) == nil)
    #expect(areaUnderROC(negatives: [1], positives: []) == nil)
  }

  @Test("The area equals a count over all pairs, whatever the order")
  func aurocByPairs() {
    let negatives = (0..<57).map { Float(($0 * 31) % 17) }
    let positives = (0..<43).map { Float(($0 * 13) % 23) }
    var sum = 0.0
    for n in negatives { for p in positives { sum += p > n ? 1 : p == n ? 0.5 : 0 } }
    #expect(areaUnderROC(negatives: negatives, positives: positives) == sum / (57 * 43))
    #expect(
      areaUnderROC(negatives: negatives.reversed(), positives: positives.reversed())
        == sum / (57 * 43))
  }

  @Test("A baseline near chance names the likely cause")
  func baseline() throws {
    func warning(_ correct: Int, _ scale: Float = 1, classes: Int = 10) throws -> String? {
      let suspect = try Model(
        graph: Graph(inputShape: [classes]), preprocessing: Preprocessing(scale: scale))
      return PoorBaseline(correct: correct, images: 100, of: suspect, on: "valid.h5")?.warning()
        .description
    }
    #expect(
      try warning(18)
        == "valid.h5: the model classifies only 18 of 100 images correctly, close to chance; the "
        + "scale, now 1, is probably wrong if the model expects 0...1; set preprocessing.scale to 1/255, check "
        + "layout or check that the labels belong to this model")
    #expect(
      try warning(18, 1 / 255)?.contains(
        "now 1/255, is probably wrong if the model expects 0...255; set preprocessing.scale to 1,")
        == true)
    #expect(try warning(20) == nil)
    #expect(try warning(9, classes: 1283) != nil)
    #expect(try warning(11, classes: 1283) == nil)
    #expect(try warning(54, classes: 2) != nil)
    #expect(try warning(56, classes: 2) == nil)
  }

  @Test("Images in the order of their classes do not make a constant network look right")
  func sortedImages() throws {
    var graph = try Graph(inputShape: [1, 1, 1])
    try graph.append("flat", .flatten, inputs: [0])
    let dense = Dense(
      kernel: Tensor(shape: [1, 2], values: [0, 0]), bias: Tensor(shape: [2], values: [1, 0]))
    try graph.append("dense", .dense(dense), inputs: [1], activation: .softmax)
    let data = try CleanData(
      ArraySource((0..<1200).map { Float($0 % 256) }, imageShape: [1, 1, 1]),
      labels: (0..<1200).map { $0 < 600 ? 0 : 1 }, name: "sorted.h5")
    let warning = RunContext().baselineWarning(
      correct: 600, images: 1200, of: Model(graph: graph), on: data)
    #expect(warning?.description.contains("the scale, now 1, is probably wrong") == true)
  }

  @Test("Fixed decimals")
  func fixedDecimals() {
    #expect(decimals(0.98437, 2) == "0.98")
    #expect(decimals(99.995, 2) == "100.00" || decimals(99.995, 2) == "99.99")
    #expect(decimals(7, 0) == "7")
    #expect(decimals(-0.001, 2) == "0.00")
    #expect(decimals(-1.5, 1) == "-1.5")
    #expect(percent(0.0625) == "6.25 %")
    #expect(percent(nil) == "–")
  }

  @Test("Data that does not fit itself or the model is refused")
  func data() throws {
    let images = ArraySource([1, 2, 3, 4], imageShape: [2])
    #expect(
      message { _ = try CleanData(images, labels: [0], name: "a.h5") }
        == "a.h5: has 1 labels for 2 images; give one for each image")
    #expect(
      message { _ = try CleanData(ArraySource([], imageShape: [2]), labels: [], name: "a.h5") }
        == "a.h5: holds no images; give another set")
    #expect(message { _ = try PoisonedData(images, targets: [0, 0], trueLabels: [1]) } != nil)
    let model = Model(graph: try Graph(inputShape: [2]))
    #expect(
      message { try CleanData(images, labels: [0, 2], name: "a.h5").check(against: model) }?
        .hasPrefix("a.h5: label 2 is not one of the model's 2 classes") == true)
    let other = Model(graph: try Graph(inputShape: [3]))
    #expect(
      message { try CleanData(images, labels: [0, 0]).check(against: other) }?.contains(
        "[2], but the model takes [3]") == true)
  }

  @Test("An image that cannot be evaluated is named with its data set")
  func notANumber() throws {
    var graph = try Graph(inputShape: [2])
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1, 0, 0, 1]))), inputs: [0])
    let model = Model(graph: graph)
    let good = try CleanData(ArraySource([1, 0], imageShape: [2]), labels: [0], name: "good.h5")
    let images = ArraySource([1, 0, 0, .nan], imageShape: [2])
    let bad = try CleanData(images, labels: [0, 1], name: "bad.h5")
    let poisoned = try PoisonedData(images, targets: [0, 0], name: "worse.h5")
    let context = RunContext()
    #expect(try CleanCounts(of: model, on: good, in: context) == CleanCounts(correct: 1, images: 1))
    #expect(
      message { _ = try CleanCounts(of: model, on: bad, in: context) }?
        .hasPrefix("bad.h5: image 1: ") == true)
    #expect(
      message {
        _ = try Experiment(suspect: model, clean: good, test: bad).run([], in: context)
      }?.hasPrefix("bad.h5: image 1: ") == true)
    #expect(
      message {
        _ = try Experiment(suspect: model, clean: good, poisoned: poisoned).run([], in: context)
      }?.hasPrefix("worse.h5: image 1: ") == true)
    #expect(
      message {
        _ = try Evaluation.ModelResult(of: model, test: nil, poisoned: poisoned, in: context)
      }?.hasPrefix("worse.h5: image 1: ") == true)
  }

  @Test("The same warning is told once")
  func warnings() {
    let context = RunContext()
    context.warn("a")
    context.warn("b")
    context.warn("a")
    #expect(context.statistics.warnings == ["a", "b"])
  }
}
