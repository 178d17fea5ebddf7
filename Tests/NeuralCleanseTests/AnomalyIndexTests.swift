import DefenseKit
import Testing

@testable import NeuralCleanse

@Suite("Anomaly index")
struct AnomalyIndexTests {
  @Test("The index, worked by hand")
  func index() {
    // Median 12; deviations 2 0 2 4 10 have the median 2: 1.4826 * 2 = 2.9652.
    let found = AnomalyIndex.indices(of: [10, 12, 14, 16, 2])
    for (index, wanted) in zip(found, [2, 0, -2, -4, 10]) {
      #expect(abs(index - Double(wanted) / 2.9652) < 1e-12)
    }
    // Median 2.5; deviations 1.5 0.5 0.5 1.5 have the median 1.
    #expect(abs(AnomalyIndex.indices(of: [4, 2, 3, 1])[3] - 1.5 / 1.4826) < 1e-12)
  }

  @Test("A deviation of 0 is taken as 1 pixel")
  func equal() {
    #expect(AnomalyIndex.indices(of: [5, 5, 5, 5, 1]) == [0, 0, 0, 0, 4])
    #expect(AnomalyIndex.indices(of: [5, 5, 5]) == [0, 0, 0])
  }

  @Test("Of two numbers both deviate by 0.6745, whatever they are")
  func pair() {
    for numbers in [[1, 100], [7.0, 7.5]] {
      let found = AnomalyIndex.indices(of: numbers)
      #expect(abs(found[0] - 1 / 1.4826) < 1e-9 && abs(found[1] + 1 / 1.4826) < 1e-9)
    }
  }

  @Test("The index does not depend on the unit, and the order of numbers permutes it")
  func invariance() {
    for seed in 0..<20 as Range<UInt64> {
      var numbers = SeededGenerator(seed: seed)
      let values = (0..<3 + numbers.below(30)).map { _ in 100 * numbers.unit() }
      let order = numbers.permutation(values.count)
      let found = AnomalyIndex.indices(of: values)
      let scaled = AnomalyIndex.indices(of: order.map { 3 * values[$0] + 7 })
      for (place, index) in order.enumerated() {
        #expect(abs(scaled[place] - found[index]) < 1e-9, "seed \(seed)")
      }
    }
  }

  private func verdict(_ sizes: [Double]) throws -> ModelVerdict {
    var graph = try Graph(inputShape: [20, 20, 1])
    try graph.append("flat", .flatten, inputs: [0])
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [400, sizes.count], repeating: 0))), inputs: [1])
    let found = sizes.map { size in
      TriggerInversion.Found(
        trigger: size == 400
          ? nil
          : MaskedPattern(
            imageShape: [20, 20, 1], mask: Array(repeating: Float(size) / 400, count: 400),
            pattern: Array(repeating: 9, count: 400)), size: size)
    }
    return try NeuralCleanse().verdict(
      on: Model(graph: graph), Array(sizes.indices), found, in: RunContext())
  }

  @Test("Only small masks are suspicious, the smallest most")
  func sides() throws {
    #expect(try verdict([10, 11, 12, 13, 200]).targets == [])
    let two = try verdict([100, 20, 101, 99, 3, 102, 98])
    #expect(two.targets == [4, 1] && two.triggers.map(\.goal.target) == [4, 1])
    #expect(two.triggers.first?.area.map { abs($0 - 3 / 400) < 1e-6 } == true)
    #expect(two.topClass == 4 && two.statistic == two.classScores[4])
    #expect(two.classScores.allSatisfy { $0 >= 0 })
    // One class with a trigger among those without: the deviation is 0.
    let alone = try verdict([400, 400, 400, 390, 400])
    #expect(alone.targets == [3] && alone.statistic == 10)
    #expect(alone.notes.first?.hasPrefix("no trigger was found for 4 of 5 classes") == true)
  }
}
