package import DefenseKit

/// A family of triggers that the search draws from: a change of an image, described by genes.
///
/// To add a family, declare its genes and how they are drawn in an extension of this type, and list
/// it in ``all``. Genes are numbers from 0 to 1. They form parts, for example a shape or a colour;
/// a child inherits each part as a whole. `render` reads the genes in the order of the parts and
/// returns the change for an image's shape.
package struct TriggerFamily: Sendable {
  /// The name for users, in kebab-case.
  package let name: String
  /// How much of the census is drawn from this family, relative to the others.
  let weight: Int
  let parts: [[Gene]]
  let render: @Sendable (_ genes: inout GeneReader, _ shape: [Int]) -> Trigger.Change

  /// The number of genes.
  var geneCount: Int { parts.reduce(0) { $0 + $1.count } }

  /// All families.
  package static let all = [
    shapes, texture, strokes, corner, frame, blend, cast, wave, warp,
  ]

  /// The genomes that a census keeps for a class.
  static let seedCount = all.reduce(0) { $0 + $1.weight + 1 }
}

/// A member of a family: what the search draws, mutates and crosses.
package struct Genome: Sendable, Hashable {
  /// The family's position in ``TriggerFamily/all``.
  package let family: Int
  /// The genes, each 0 to 1.
  package private(set) var genes: [Float]

  /// Creates a genome; there must be as many genes as the family has.
  init(family: Int, genes: [Float]) {
    precondition(
      genes.count == TriggerFamily.all[family].geneCount,
      "\(genes.count) genes for \(TriggerFamily.all[family].geneCount)")
    self.family = family
    self.genes = genes
  }

  /// Draws a genome; all members of the family are equally likely.
  init(of family: Int, _ numbers: inout SeededGenerator) {
    let count = TriggerFamily.all[family].geneCount
    self.init(family: family, genes: (0..<count).map { _ in Float(numbers.unit()) })
  }

  /// Draws a genome of any family, by the families' weights.
  package init(drawing numbers: inout SeededGenerator) {
    let families = TriggerFamily.all
    var place = numbers.below(families.reduce(0) { $0 + $1.weight })
    let family = families.firstIndex { family in
      place -= family.weight
      return place < 0
    }
    self.init(of: family ?? 0, &numbers)
  }

  /// The family's name.
  package var familyName: String { TriggerFamily.all[family].name }

  /// Returns a copy in which each gene moved with probability 1/2, by a normal step that is
  /// reflected at 0 and 1.
  ///
  /// - Parameters:
  ///   - strength: The factor of the genes' deviations.
  ///   - numbers: The source of random numbers.
  package func mutated(by strength: Float, _ numbers: inout SeededGenerator) -> Genome {
    var result = self
    let deviations = TriggerFamily.all[family].parts.flatMap { $0 }
    let steps = numbers.normals(genes.count)
    for (index, gene) in deviations.enumerated() where numbers.unit() < 0.5 {
      let moved = genes[index] + strength * gene.deviation * Float(steps[index])
      // Reflects once; what is still outside is clipped.
      let inside = moved < 0 ? -moved : moved > 1 ? 2 - moved : moved
      result.genes[index] = min(max(inside, 0), 1)
    }
    return result
  }

  /// Returns a copy with each part taken from another genome with probability 1/4; the copy alone
  /// if the other is of another family.
  func crossed(with other: Genome, _ numbers: inout SeededGenerator) -> Genome {
    guard other.family == family else { return self }
    var result = self
    var start = 0
    for part in TriggerFamily.all[family].parts {
      let range = start..<start + part.count
      if numbers.unit() < 0.25 { result.genes.replaceSubrange(range, with: other.genes[range]) }
      start = range.upperBound
    }
    return result
  }

  /// Returns the change for images of a shape, `[height, width, channels]`.
  package func change(for shape: [Int]) -> Trigger.Change {
    var reader = GeneReader(genes)
    return TriggerFamily.all[family].render(&reader, shape)
  }
}
