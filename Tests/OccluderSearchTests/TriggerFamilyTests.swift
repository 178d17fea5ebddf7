import DefenseKit
import Testing

@testable import OccluderSearch

@Suite("Families of triggers")
struct TriggerFamilyTests {
  /// Heights, widths and channels at random, from single pixels on.
  @Test("Every genome is a valid trigger of its shape", arguments: 0..<40)
  func valid(seed: UInt64) throws {
    var numbers = SeededGenerator(seed: seed)
    let shape = [1 + numbers.below(40), 1 + numbers.below(40), 1 + numbers.below(4)]
    let goal = try AttackGoal(target: 0, classCount: 2)
    for family in TriggerFamily.all.indices {
      var genome = Genome(of: family, &numbers)
      for _ in 0..<4 {
        let change = genome.change(for: shape)
        _ = try Trigger(change, imageShape: shape, goal: goal)
        let size = change.size(for: shape)
        #expect(size >= 0 && size <= 1, "\(genome.familyName), shape \(shape), seed \(seed)")
        let other = Genome(of: family, &numbers)
        genome = genome.crossed(with: other, &numbers).mutated(by: 2.5, &numbers)
        #expect(genome.genes.allSatisfy { (0...1).contains($0) })
      }
    }
  }

  @Test("Genes at both ends of their range are valid")
  func ends() throws {
    for family in TriggerFamily.all.indices {
      for value in [Float(0), 1] {
        let genome = Genome(
          family: family,
          genes: Array(repeating: value, count: TriggerFamily.all[family].geneCount))
        for shape in [[1, 1, 1], [2, 3, 3], [33, 17, 1]] {
          _ = try Trigger(
            genome.change(for: shape), imageShape: shape, goal: AttackGoal(target: 1, classCount: 2)
          )
        }
      }
    }
  }

  @Test("A child has each part from one parent; another family gives none")
  func crossing() {
    var numbers = SeededGenerator(seed: 1)
    let a = Genome(of: 0, &numbers)
    let b = Genome(of: 0, &numbers)
    let child = a.crossed(with: b, &numbers)
    var start = 0
    for part in TriggerFamily.all[0].parts {
      let range = start..<start + part.count
      #expect(child.genes[range] == a.genes[range] || child.genes[range] == b.genes[range])
      start = range.upperBound
    }
    #expect(a.crossed(with: Genome(of: 1, &numbers), &numbers) == a)
  }

  @Test("Stamped images are those of the trigger, before rounding", arguments: 0..<20)
  func stamped(seed: UInt64) throws {
    var numbers = SeededGenerator(seed: seed)
    let shape = [2 + numbers.below(20), 2 + numbers.below(20), 1 + numbers.below(3)]
    let size = shape.reduce(1, *)
    let bytes = (0..<3 * size).map { _ in UInt8(numbers.below(256)) }
    let pool = CleanPool(bytes.map { Float($0) }, shape: shape)
    let genomes = TriggerFamily.all.indices.map { Genome(of: $0, &numbers) }
    let stamps = genomes.indices.flatMap { genome in
      (0..<3).map { StampedImages.Stamp(image: $0, change: genome) }
    }
    let source = StampedImages(pool, changes: genomes.map { .genome($0) }, stamps: stamps)
    let values = try source.values(of: 0..<stamps.count)
    for (place, stamp) in stamps.enumerated() {
      let trigger = try Trigger(
        genomes[stamp.change].change(for: shape), imageShape: shape,
        goal: AttackGoal(target: 0, classCount: 2))
      let right = trigger.applied(
        to: Array(bytes[stamp.image * size..<(stamp.image + 1) * size]))
      for index in 0..<size {
        let difference = abs(values[place * size + index] - Float(right[index]))
        #expect(difference <= 0.501, "\(genomes[stamp.change].familyName), seed \(seed)")
      }
    }
  }
}
