import DefenseKit
import Testing

@testable import OccluderSearch

@Suite("The lead in fitness")
struct FitnessLeadTests {
  /// Lists in descending order, worked out by hand.
  @Test(
    "The classes with the largest lead, at most three and fewer than half",
    arguments: [
      // One class far above the others.
      ([4, 0, 0, 0, 0], 1, 4), ([6.5, 1.5, 1, 0.5, 0], 1, 3.5), ([2.5, 0.5, 0.5, 0], 1, 1.5),
      // Fit triggers for several classes alike.
      ([2, 1.75, 1.25, 1, 0.75], 2, -0.75), ([5.5, 2.5, 1.5, 1, 0.5], 1, 0.5),
      // Two target classes, which lead the rest.
      ([6, 5.5, 0.5, 0.25, 0], 2, 4.5), ([6, 3, 0.5, 0, 0], 2, 2),
      // Half of the classes, or more, cannot stand apart.
      ([3, 3, 0, 0], 1, -3), ([3, 3, 0, 0, 0], 2, 3), ([3, 3, 3, 0, 0], 1, -3),
      // Three classes, and four, which are too many.
      ([4, 4, 3, 1, 0, 0, 0, 0, 0, 0], 3, 1), ([4, 4, 4, 4, 0, 0, 0, 0, 0, 0], 1, -4),
      // Of equal leads the first.
      ([6, 2.5, 0.75, 0.5, 0.25], 1, 1),
      // Two classes, and one, which has none to compare with.
      ([3, 0.5], 1, 2), ([2, 2], 1, -2), ([2], 1, 2), ([], 0, 0),
      // Under 0 there is no fitness to lead.
      ([1.5, -3, -4], 1, 1.5), ([-1, -2, -3], 1, 0),
    ] as [([Double], Int, Double)])
  func byHand(fitness: [Double], count: Int, lead: Double) {
    let found = FitnessLead(fitness)
    #expect(found.largest == lead, "\(fitness): \(found)")
    #expect((found.leads.firstIndex(of: lead) ?? -1) + 1 == count, "\(fitness): \(found)")
  }

  @Test("The largest group over the threshold is named, worked by hand")
  func named() {
    // Leads of 13, 3.5 and 0.
    let found = FitnessLead([20, 3.5, 0, 0, 0, 0, 0])
    #expect(found.leads == [13, 3.5, 0])
    #expect([1, 3.5, 13].map { found.count(over: $0) } == [2, 1, 0])
    #expect(FitnessLead([]).count(over: 1) == 0)
  }

  @Test("Random lists, against the definition", arguments: [UInt64(11)])
  func definition(seed: UInt64) {
    print("FitnessLeadTests.definition: seed \(seed)")
    var numbers = SeededGenerator(seed: seed)
    for _ in 0..<2000 {
      let classes = 1 + numbers.below(14)
      // Quarters, so that equal values and equal gaps occur and sums are exact.
      let fitness = (0..<classes).map { _ in Double(numbers.below(40)) / 4 - 1 }.sorted(by: >)
      let found = FitnessLead(fitness)
      // Every group of the best classes that the rule allows, beside its best rival.
      var (count, lead) = (1, -Double.infinity)
      for size in 1...classes where size == 1 || size <= 3 && 2 * size < classes {
        let last = max(0, fitness[size - 1])
        let rival = 2 * fitness.dropFirst(size).reduce(0) { max($0, $1) }
        if last - rival > lead { (count, lead) = (size, last - rival) }
      }
      #expect(found.largest == lead, "\(fitness): \(found)")
      #expect((found.leads.firstIndex(of: lead) ?? -1) + 1 == count, "\(fitness): \(found)")
    }
  }

  /// Fitness 5, 4.5 and 0.5 for the classes 3, 1 and 4 of five searched ones: the lead is 3.5.
  @Test("The classes that lead by more than the threshold are targets, the fittest first")
  func targets() throws {
    let network = PlantedNetwork()
    var options = OccluderSearch.Options()
    (options.census, options.generations) = (100, 1)
    let findings = try OccluderSearch(options: options).findings(
      of: network.model(target: nil), network.clean(), Array(0..<60), in: RunContext())
    func targets(_ fitness: [Int: Double], threshold: Double) throws -> [Int] {
      let classes = fitness.keys.sorted()
      let found = classes.map { c in
        [
          TriggerSearch.Found(
            genome: findings.found[0][0].genome, fitness: fitness[c] ?? 0, success: 1)
        ]
      }
      options.threshold = threshold
      return try OccluderSearch(options: options).targets(
        in: .init(
          search: findings.search, census: findings.census, shortlist: classes, found: found,
          isCutShort: false))
    }
    let two = [0: 0.25, 1: 4.5, 2: 0, 3: 5, 4: 0.5]
    #expect(try targets(two, threshold: 1) == [3, 1])
    #expect(try targets(two, threshold: 3.25) == [3, 1])
    #expect(try targets(two, threshold: 3.5) == [])
    #expect(try targets([0: 2, 1: 1.5, 2: 1.5, 3: 1, 4: 0.5], threshold: 1) == [])
    // A class of low fitness leads if all others have less.
    #expect(try targets([0: 0, 1: 0, 2: 1.25, 3: 0, 4: 0], threshold: 1) == [2])
  }
}
