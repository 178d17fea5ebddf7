package import DefenseKit
internal import Synchronization

/// Searches for triggers: a census over random genomes, then evolution toward chosen classes.
///
/// All work is counted in passes, images through the network. With the same seed the result has the
/// same bits on any number of threads.
package struct TriggerSearch: Sendable {
  /// The sizes of a search.
  package struct Sizes: Sendable, Hashable {
    /// Random genomes of the census, each on one image.
    package var census = 20_000
    /// Generations of an evolution.
    package var generations = 10
    /// Children of a generation.
    package var children = 48
    /// Genomes that survive a generation: at least two for each family.
    package var survivors = 24
    /// Images that a genome is judged by in a generation.
    package var faces = 6
    /// Images that the survivors are judged by at the end.
    package var judges = 48

    package init() {}
  }

  /// A trigger that the search found for a class.
  package struct Found: Sendable, Hashable {
    /// The trigger.
    package let genome: Genome
    /// The lower quartile of the margins over fresh images, minus the price of the size.
    package let fitness: Double
    /// The share of these images that got the class, 0 to 1.
    package let success: Double
  }

  /// What random genomes do.
  package struct Census: Sendable {
    /// `flips[c]`: how many genomes moved an image to class c.
    package var flips: [Int]
    /// For each class, the genomes of each family with the largest margins on images of other
    /// classes, best first.
    package var best: [[Genome]]
  }

  /// The clean images.
  package let pool: CleanPool
  /// The network.
  package let margins: Margins
  /// The sizes.
  package let sizes: Sizes
  private let context: RunContext

  /// Runs a network on the clean images and prepares a search.
  ///
  /// - Throws: `GraphError`; `PluginError` if the network's clean scores do not differ.
  package init(
    _ pool: CleanPool, of model: Model, sizes: Sizes, in context: RunContext
  ) throws {
    self.pool = pool
    self.sizes = sizes
    self.context = context
    margins = try Margins(model, on: pool, in: context)
    guard margins.unit > 0, margins.unit.isFinite else {
      throw PluginError(
        .unsuitableModel,
        "no verdict on \(model.name), as its scores of clean images are all equal or not finite")
    }
  }

  /// Returns the classes with the most flips, most first; only classes that at least four images do
  /// not have.
  package func shortlist(_ census: Census, count: Int) -> [Int] {
    let usable = pool.indices(of: margins.predictions) { _ in true }
    let able = census.flips.indices.filter { c in
      usable.count { margins.predictions[$0] != c } >= 4
    }
    return Array(
      able.sorted { (census.flips[$1], $0) < (census.flips[$0], $1) }.prefix(count))
  }

  /// Counts what random genomes do to random images.
  package func census(
    stream: UInt64 = 0, progress: (Int) -> Void = { _ in }
  ) throws -> Census {
    let usable = pool.indices(of: margins.predictions) { _ in true }
    guard !usable.isEmpty else {
      return Census(
        flips: Array(repeating: 0, count: margins.classes),
        best: Array(repeating: [], count: margins.classes))
    }
    var numbers = SeededGenerator(seed: context.seed, stream: 0x63_656E_7375 &+ stream << 40)
    let genomes = (0..<sizes.census).map { _ in Genome(drawing: &numbers) }
    let stamps = genomes.indices.map {
      StampedImages.Stamp(image: usable[numbers.below(usable.count)], change: $0)
    }
    let classes = margins.classes
    let state = Mutex(CensusState(classes: classes, genomes.map(\.family)))
    let changes = genomes.map { StampedImages.Change.genome($0) }
    for start in stride(from: 0, to: stamps.count, by: Self.piece) {
      try context.checkCancellation()
      let part = Array(stamps[start..<min(stamps.count, start + Self.piece)])
      let source = StampedImages(pool, changes: changes, stamps: part)
      try margins.run(source) { indices, predictions, rows in
        for (position, index) in indices.enumerated() {
          guard let top = predictions[position] else { continue }
          let row = position * classes..<(position + 1) * classes
          let own = margins.predictions[part[index].image]
          let lead = rows[row.lowerBound + top]
          let second = lead - rows.margin(row, of: top)
          state.withLock { state in
            if top != own { state.flips[top] += 1 }
            for c in 0..<classes where c != own {
              let other = c == top ? second : lead
              state.note(
                (rows[row.lowerBound + c] - other) / margins.unit, of: part[index].change, for: c)
            }
          }
        }
      }
      context.count(run: Double(part.count), alone: Double(part.count))
      progress(start + part.count)
    }
    return state.withLock { state in
      Census(
        flips: state.flips,
        best: state.best.map { $0.flatMap { $0.map { genomes[$0.genome] } } })
    }
  }

  /// Images run between two checks for cancellation.
  private static let piece = 1024

  /// The passes of an evolution that is not cut short.
  package func passes(of tasks: [Task]) -> Int {
    tasks.reduce(0) { sum, task in
      let later = (sizes.generations - 1) * (sizes.survivors + sizes.children)
      let first = max(task.seeds.count, sizes.survivors) + sizes.children
      return sum + (later + first) * sizes.faces + sizes.survivors * sizes.judges
    }
  }

  /// One evolution: the class, the genomes to start from, and the price of a trigger's size.
  package struct Task: Sendable {
    package var target: Int
    package var seeds: [Genome]
    /// What is subtracted from the fitness for a change of the whole image.
    package var penalty = 0.0

    package init(target: Int, seeds: [Genome], penalty: Double = 0) {
      self.target = target
      self.seeds = seeds
      self.penalty = penalty
    }
  }

  /// Evolves genomes for several tasks at once.
  ///
  /// Each generation draws images from half of the pool, which all genomes of a task are judged by:
  /// the mean margin decides. The best of each family survive first, then the best of all. At the end
  /// images of the other half judge the survivors, by the lower quartile of the margins.
  ///
  /// - Parameters:
  ///   - tasks: The tasks; each class must have an image that the network gives another class.
  ///   - stream: Distinguishes searches with the same seed.
  ///   - limit: The passes after which to stop, after a whole generation.
  ///   - progress: Receives the passes done.
  /// - Returns: For each task what was found, fittest first, and whether the search was cut short.
  package func evolve(
    _ tasks: [Task], stream: UInt64 = 0, limit: Int = .max, progress: (Int) -> Void = { _ in }
  ) throws -> (found: [[Found]], isCutShort: Bool) {
    // All tasks draw the same numbers, so that the order of classes decides nothing.
    var numbers = Array(
      repeating: SeededGenerator(seed: context.seed, stream: 0x65_766F_6C76 &+ stream << 40),
      count: tasks.count)
    let images = tasks.map { self.images(for: $0.target) }
    let (breeding, judging) = (images.map { $0.breeding }, images.map { $0.judging })
    var populations = tasks.map(\.seeds)
    for index in tasks.indices {
      while populations[index].count < sizes.survivors {
        populations[index].append(Genome(drawing: &numbers[index]))
      }
    }
    var (done, isCutShort) = (0, false)
    let atEnd = sizes.survivors * sizes.judges * tasks.count
    for _ in 0..<sizes.generations {
      let passes = populations.reduce(0) { $0 + ($1.count + sizes.children) * sizes.faces }
      guard done + passes + atEnd <= limit else {
        isCutShort = true
        break
      }
      for index in tasks.indices {
        populations[index] += (0..<sizes.children).map { _ in
          child(of: populations[index], &numbers[index])
        }
      }
      let scores = try judged(populations, tasks, breeding, by: sizes.faces, &numbers)
      done += passes
      progress(done)
      for index in tasks.indices {
        populations[index] = Self.survivors(
          of: populations[index], scores[index].map(\.mean), count: sizes.survivors)
      }
    }
    let scores = try judged(populations, tasks, judging, by: sizes.judges, &numbers)
    progress(done + atEnd)
    let found = tasks.indices.map { index in
      zip(populations[index], scores[index])
        .map { Found(genome: $0, fitness: $1.quartile, success: $1.success) }
        .fittestFirst
    }
    return (found, isCutShort)
  }

  /// Returns the fitness of a genome for a class, over all images that have another one; 0 without
  /// any.
  package func fitness(of genome: Genome, toward target: Int, penalty: Double) throws -> Double {
    let images = pool.indices(of: margins.predictions) { $0 != target }
    guard !images.isEmpty else { return 0 }
    let source = StampedImages(
      pool, changes: [.genome(genome)], stamps: images.map { .init(image: $0, change: 0) })
    let found = try margins.margins(
      of: source, toward: Array(repeating: target, count: images.count))
    context.count(run: Double(images.count), alone: Double(images.count))
    return Judgement(of: found[...], price: penalty * size(of: genome)).quartile
  }

  /// Returns the images that may breed triggers for a class, and those that judge them: every other
  /// one of those that have another class.
  private func images(for target: Int) -> (breeding: [Int], judging: [Int]) {
    let images = pool.indices(of: margins.predictions) { $0 != target }
    return (
      stride(from: 0, to: images.count, by: 2).map { images[$0] },
      stride(from: 1, to: images.count, by: 2).map { images[$0] }
    )
  }

  /// Returns a mutated child; of a family drawn at random for half of all children, so that small
  /// families evolve too.
  private func child(of parents: [Genome], _ numbers: inout SeededGenerator) -> Genome {
    let first = parents[numbers.below(parents.count)]
    let families = Set(parents.map(\.family)).sorted()
    let family =
      numbers.unit() < 0.5 ? families[numbers.below(families.count)] : first.family
    let relatives = parents.filter { $0.family == family }
    let mother = first.family == family ? first : relatives[numbers.below(relatives.count)]
    let father = relatives[numbers.below(relatives.count)]
    return mother.crossed(with: father, &numbers).mutated(by: 1, &numbers)
  }

  /// Returns the genomes that live on, fittest first: the two best of each family, then the best.
  static func survivors(of genomes: [Genome], _ fitness: [Double], count: Int) -> [Genome] {
    let order = genomes.indices.sorted { (fitness[$1], $0) < (fitness[$0], $1) }
    var seen: [Int: Int] = [:]
    let champions = Set(
      order.filter { index in
        seen[genomes[index].family, default: 0] += 1
        return seen[genomes[index].family, default: 0] <= 2
      })
    let others = order.filter { !champions.contains($0) }.prefix(max(0, count - champions.count))
    let kept = champions.union(others)
    return order.filter { kept.contains($0) }.prefix(count).map { genomes[$0] }
  }

  /// Judges populations by images drawn for each task.
  private func judged(
    _ populations: [[Genome]], _ tasks: [Task], _ images: [[Int]], by count: Int,
    _ numbers: inout [SeededGenerator]
  ) throws -> [[Judgement]] {
    var result: [[Judgement]] = []
    for index in tasks.indices {
      try context.checkCancellation()
      let order = numbers[index].permutation(images[index].count).prefix(count)
      let faces = order.map { images[index][$0] }
      let genomes = populations[index]
      let stamps = genomes.indices.flatMap { genome in
        faces.map { StampedImages.Stamp(image: $0, change: genome) }
      }
      let source = StampedImages(
        pool, changes: genomes.map { .genome($0) }, stamps: stamps)
      let found = try margins.margins(
        of: source, toward: Array(repeating: tasks[index].target, count: stamps.count))
      context.count(run: Double(stamps.count), alone: Double(stamps.count))
      result.append(
        genomes.indices.map { genome in
          let part = found[genome * faces.count..<(genome + 1) * faces.count]
          return Judgement(of: part, price: tasks[index].penalty * size(of: genomes[genome]))
        })
    }
    return result
  }

  private func size(of genome: Genome) -> Double {
    genome.change(for: pool.shape).size(for: pool.shape)
  }
}

/// The counts of a census and, for each class and family, its best genomes.
private struct CensusState {
  /// The family of each genome.
  let families: [Int]
  var flips: [Int]
  /// By class and family, best first.
  var best: [[[(margin: Float, genome: Int)]]]

  init(classes: Int, _ families: [Int]) {
    self.families = families
    flips = Array(repeating: 0, count: classes)
    best = Array(
      repeating: Array(repeating: [], count: TriggerFamily.all.count), count: classes)
  }

  /// Keeps a genome if its margin is among the best of a class and the genome's family; of equals,
  /// the first.
  mutating func note(_ margin: Float, of genome: Int, for c: Int) {
    let family = families[genome]
    let count = best[c][family].count
    if count == TriggerFamily.all[family].weight + 1 {
      let last = best[c][family][count - 1]
      guard (last.margin, genome) < (margin, last.genome) else { return }
      best[c][family].removeLast()
    }
    let place =
      best[c][family].firstIndex { ($0.margin, genome) < (margin, $0.genome) }
      ?? best[c][family].count
    best[c][family].insert((margin, genome), at: place)
  }
}
