public import DefenseKit

/// Searches for triggers that draw clean images of all classes to one class.
///
/// A trigger of an attack changes any image to the target class. So do few changes of the same size
/// in a network without a backdoor. This method looks for such changes directly, with forward
/// passes alone:
///
/// 1. *Census*: random triggers of several families (`TriggerFamily`), each on a random clean
///    image. The classes with the most flips, images that moved there, form the shortlist.
/// 2. *Evolution*: for each of these classes, the best triggers of the census are mutated, crossed
///    and selected over some generations, each on images of other classes, drawn anew from one half
///    of these. The two best of each family always survive, so that no family displaces the others.
/// 3. *Judgement*: the other half judges the survivors. A class's score is the fitness of its best
///    trigger, 0 at least:
///
///        fitness = lower quartile of (z_c - max(z_j for j other than c)) / u - penalty * size
///
///    over the images, with logits z, u the mean margin of clean predictions and size the share of
///    the image that the trigger changes. It is 1 for a trigger of no size that makes the network as
///    sure of class c as it is of clean images, for three images of four at least.
///
/// 4. *Repeats*: the four fittest classes go through all of this again, twice, with other random
///    numbers and images. An evolution may miss a small trigger that another one finds.
///
/// Networks without a backdoor have fit triggers too, but for several classes alike. The statistic
/// is the *lead*: in the descending scores of the shortlist, the largest difference between a score
/// and twice the next, for one to three classes that are fewer than half. The classes up to the last
/// difference over the threshold are held to be targets.
///
/// Labels are not used. Classes outside of the shortlist score 0. The method is DefenseKit's own;
/// Documentation/Algorithms.md relates it to published ones. It does not see triggers outside of
/// its families, triggers that work only on images of one class, and all-to-all attacks.
public struct OccluderSearch: ModelScanner {
  /// "occluder-search".
  public static let name = "occluder-search"
  /// One sentence for listings.
  public static let summary =
    "Evolves triggers on clean images, by forward passes alone, and shows those that work."

  /// Eight clean images, to judge triggers by several that did not select them.
  public static let requirements: [PluginRequirement] = [.classes(2), .cleanData, .images(8)]

  /// The options of this scanner.
  public let options: Options

  /// Creates the scanner with all defaults.
  public init() { options = Options() }

  /// Creates the scanner.
  ///
  /// - Throws: `PluginError` if an option is out of range.
  public init(options: Options) throws(PluginError) {
    try Self.check(options)
    self.options = options
  }

  /// Searches for triggers and returns the fitness of each class's best one.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` where no verdict is possible: for too few
  ///   classes or images, images of which most get one class, or values outside of 0...255;
  ///   `GraphError`; `DataError`; `CancellationError`.
  public func scan(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> ModelVerdict {
    try context.checkCancellation()
    let clean = try required(clean)
    try clean.check(against: model)
    let positions = try CleanPool.positions(in: clean, seed: context.seed)
    let findings = try findings(of: model, clean, positions, in: context)
    if clean.isLabelled {
      let labels = positions.map { clean.labels[$0] }
      context.checkBaseline(
        correct: zip(findings.search.margins.predictions, labels).count { $0 == Int($1) },
        images: positions.count, of: model, on: clean)
    }
    return try verdict(on: model, findings, in: context)
  }

  /// What a search found: for each class of the shortlist its triggers, fittest first.
  package struct Findings: Sendable {
    package let search: TriggerSearch
    package let census: TriggerSearch.Census
    package let shortlist: [Int]
    package fileprivate(set) var found: [[TriggerSearch.Found]]
    package fileprivate(set) var isCutShort: Bool

    /// The best fitness and its class, best first.
    package var ranking: [(target: Int, fitness: Double)] {
      zip(shortlist, found).map { ($0, $1.first?.fitness ?? 0) }
        .sorted { ($1.fitness, $0.target) < ($0.fitness, $1.target) }
    }

    /// The classes that stand apart from the others.
    package var lead: FitnessLead { FitnessLead(ranking.map(\.fitness)) }
  }

  /// The classes that the search is repeated for.
  private static let finalists = 4

  /// Searches for triggers on some clean images; `stream`, a multiple of 256, distinguishes searches
  /// with the same seed.
  package func findings(
    of model: Model, _ clean: CleanData, _ positions: [Int], stream: UInt64 = 0,
    in context: RunContext
  ) throws -> Findings {
    let (pool, scaled) = try CleanPool.pool(
      of: clean, positions, for: model, plugin: Self.name)
    var sizes = TriggerSearch.Sizes()
    var left = options.passes.map { max(0, $0 - pool.count) } ?? .max
    sizes.census = min(options.census, left / 2)
    sizes.generations = options.generations
    let search = try TriggerSearch(pool, of: scaled, sizes: sizes, in: context)
    let census = try self.census(by: search, stream: stream, left: &left, in: context)
    let shortlist = search.shortlist(census, count: options.shortlist)
    guard !shortlist.isEmpty else {
      throw PluginError(
        .unsuitableModel,
        "has no verdict, as the network gives almost all of the \(pool.count) images the same class; "
          + "give clean images of at least two classes", about: .plugin(Self.name))
    }
    let (found, isCutShort) = try evolution(
      of: shortlist, from: census, by: search, stream: stream, left: &left, in: context)
    var findings = Findings(
      search: search, census: census, shortlist: shortlist, found: found,
      isCutShort: isCutShort || sizes.census < options.census)
    let finalists = findings.ranking.prefix(Self.finalists).map(\.target)
    for repetition in 1..<UInt64(options.repeats + 1) where !findings.isCutShort {
      guard left > sizes.census else {
        findings.isCutShort = true
        break
      }
      let stream = stream + repetition
      let census = try self.census(by: search, stream: stream, left: &left, in: context)
      let (found, isCutShort) = try evolution(
        of: finalists, from: census, by: search, stream: stream, left: &left, in: context)
      findings.isCutShort = isCutShort
      for (target, more) in zip(finalists, found) {
        guard let place = shortlist.firstIndex(of: target) else { continue }
        findings.found[place] = (findings.found[place] + more).fittestFirst
      }
    }
    return findings
  }

  private func census(
    by search: TriggerSearch, stream: UInt64, left: inout Int, in context: RunContext
  ) throws -> TriggerSearch.Census {
    left = max(0, left - search.sizes.census)
    return try context.phase("census", images: search.sizes.census) {
      try search.census(stream: stream, progress: $0)
    }
  }

  private func evolution(
    of classes: [Int], from census: TriggerSearch.Census, by search: TriggerSearch, stream: UInt64,
    left: inout Int, in context: RunContext
  ) throws -> (found: [[TriggerSearch.Found]], isCutShort: Bool) {
    let tasks = classes.map {
      TriggerSearch.Task(target: $0, seeds: census.best[$0], penalty: options.penalty)
    }
    let limit = left
    left = max(0, left - search.passes(of: tasks))
    return try context.phase("evolution", images: search.passes(of: tasks)) {
      try search.evolve(tasks, stream: stream, limit: limit, progress: $0)
    }
  }

  private func verdict(
    on model: Model, _ findings: Findings, in context: RunContext
  ) throws -> ModelVerdict {
    var scores = Array(repeating: 0.0, count: model.classCount)
    for (c, fitness) in findings.ranking { scores[c] = max(0, fitness) }
    let targets = targets(in: findings)
    var (triggers, notes): ([Trigger], [String]) = ([], [])
    if findings.isCutShort {
      notes.append(
        "the search was cut short after \(Self.name).passes, which is "
          + "\(options.passes ?? 0), and says what it found by then")
    }
    if findings.shortlist.count < model.classCount {
      notes.append(
        "triggers were evolved for \(findings.shortlist.count) of \(model.classCount) classes, those that the "
          + "most random triggers led to; all others score 0")
    }
    for c in targets {
      guard let place = findings.shortlist.firstIndex(of: c) else { continue }
      let champions = findings.found[place].champions.filter { $0.fitness > 0 }
      let words = champions.map {
        "\($0.genome.familyName) \(Self.rounded($0.fitness)) (\(Int(100 * $0.success)) % of images)"
      }
      notes.append("fittest triggers for class \(c): \(words.joined(separator: ", "))")
      triggers += try champions.map { found in
        try Trigger(
          found.genome.change(for: model.graph.inputShape), imageShape: model.graph.inputShape,
          goal: AttackGoal(target: c, classCount: model.classCount), attack: Self.name,
          seed: context.seed)
      }
    }
    return ModelVerdict(
      statistic: findings.lead.largest, threshold: options.threshold, classScores: scores,
      measure: "fitness of the best trigger toward it", targets: targets, triggers: triggers,
      notes: notes)
  }

  /// Returns the classes held to be targets, most suspicious first: the largest group that leads
  /// all others by more than the threshold.
  package func targets(in findings: Findings) -> [Int] {
    findings.ranking.prefix(findings.lead.count(over: options.threshold)).map(\.target)
  }

  private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}

extension [TriggerSearch.Found] {
  /// The same triggers, fittest first; of equals the first.
  package var fittestFirst: Self {
    enumerated().sorted { ($1.element.fitness, $0.offset) < ($0.element.fitness, $1.offset) }
      .map(\.element)
  }

  /// The fittest of each family, fittest first; the array must be in this order.
  package var champions: [TriggerSearch.Found] {
    var seen: Set<Int> = []
    return filter { seen.insert($0.genome.family).inserted }
  }
}
