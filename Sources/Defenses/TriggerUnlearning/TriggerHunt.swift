internal import DefenseKit
internal import OccluderSearch

/// Searches for triggers of a suspect's target classes, round by round.
struct TriggerHunt {
  /// The triggers of a round, and what to say of them.
  struct Result {
    var entries: [KnownTriggers.Entry]
    var summary: String
  }

  private let options: TriggerUnlearning.Options
  private let suspect: Model
  private let clean: CleanData
  private let positions: [Int]
  /// A verdict other than occluder-search; nil for that one, or none.
  private let scanner: (any ModelScanner)?
  private let searches: Bool
  /// What occluder-search found on the suspect.
  private var onSuspect: OccluderSearch.Findings?

  /// The prices of a trigger's size, each with an evolution of its own; the first is none.
  private static let penalties = [0.0, 4, 12]

  /// Looks up the verdict.
  ///
  /// - Throws: `PluginError` for a name that is none.
  init(
    _ options: TriggerUnlearning.Options, of model: Model, _ clean: CleanData, _ learned: [Int],
    in context: RunContext
  ) throws {
    self.options = options
    suspect = model
    self.clean = clean
    positions = Array(learned.prefix(CleanPool.largestCount))
    searches = options.verdict == OccluderSearch.name
    if searches || options.verdict == "none" {
      scanner = nil
    } else if let plugins = context.plugins {
      scanner = try plugins.verdict(named: options.verdict)
    } else {
      throw PluginError(
        option: "verdict", of: TriggerUnlearning.name,
        "is '\(options.verdict)', which this run does not know; give its plugins to RunContext or use "
          + "\(OccluderSearch.name)")
    }
  }

  /// Returns the triggers found on a model; none if nothing is left to unlearn.
  ///
  /// - Parameters:
  ///   - model: The suspect in round 0, then the student.
  ///   - round: The round, counted from 0.
  ///   - known: The triggers of earlier rounds.
  mutating func entries(
    for model: Model, round: Int, known: KnownTriggers, in context: RunContext
  ) throws -> Result {
    if searches { return try evolved(for: model, round: round, known: known, in: context) }
    guard let scanner else { return try remaining(of: known, on: model, in: context) }
    let verdict = try scanner.scan(model, using: clean, in: context)
    guard verdict.isBackdoored else { return Result(entries: [], summary: "") }
    let entries = verdict.triggers.filter { $0.goal.mode == .allToOne }.map {
      KnownTriggers.Entry(target: $0.goal.target, change: .fixed($0.change))
    }
    return Result(
      entries: entries, summary: "\(options.verdict) found \(entries.count) triggers")
  }

  /// Returns the given triggers that still work on the student.
  private func remaining(
    of known: KnownTriggers, on model: Model, in context: RunContext
  ) throws -> Result {
    guard !known.all.isEmpty else {
      return Result(entries: [], summary: "the given triggers")
    }
    let (pool, scaled) = try CleanPool.pool(
      of: clean, positions, for: model, plugin: TriggerUnlearning.name)
    let margins = try Margins(scaled, on: pool, in: context)
    let left = try known.all.filter { entry in
      try share(entry.change, leadsTo: entry.target, pool, margins, in: context) > 0.05
    }
    return Result(entries: left, summary: "\(left.count) given triggers still worked")
  }

  /// Returns the share of the images of other classes that get a class with a change; 0 without any.
  private func share(
    _ change: StampedImages.Change, leadsTo target: Int, _ pool: CleanPool, _ margins: Margins,
    in context: RunContext
  ) throws -> Double {
    let images = (0..<pool.count).filter { margins.predictions[$0] != target }
    let stamped = StampedImages(
      pool, changes: [change], stamps: images.map { .init(image: $0, change: 0) })
    let found = try margins.margins(
      of: stamped, toward: Array(repeating: target, count: images.count))
    context.count(run: Double(images.count), alone: Double(images.count))
    return Double(found.count { $0 > 0 }) / Double(max(1, found.count))
  }

  /// Returns those classes whose fittest trigger stands apart on the suspect too, by twice the
  /// threshold: unlearning leads images to other classes, which no backdoor of the suspect does.
  private func inherited(
    _ classes: [Int], _ findings: OccluderSearch.Findings, known: [Int], in context: RunContext
  ) throws -> [Int] {
    guard let onSuspect else { return [] }
    let scanner = OccluderSearch()
    return try classes.filter { target in
      guard let place = findings.shortlist.firstIndex(of: target),
        let best = findings.found[place].first
      else { return false }
      let own = try onSuspect.search.fitness(
        of: best.genome, toward: target, penalty: scanner.options.penalty)
      let others = onSuspect.ranking.filter { $0.target != target && !known.contains($0.target) }
      let lead = own - 2 * max(0, others.first?.fitness ?? 0)
      return lead > 2 * scanner.options.threshold
    }
  }

  /// Returns the triggers of the classes that `OccluderSearch` names, and of known ones whose
  /// triggers are still fit.
  private mutating func evolved(
    for model: Model, round: Int, known: KnownTriggers, in context: RunContext
  ) throws -> Result {
    let scanner = OccluderSearch()
    let findings = try scanner.findings(
      of: model, clean, positions, stream: UInt64(round) << 8, in: context)
    let (search, census) = (findings.search, findings.census)
    var named = scanner.targets(in: findings)
    if round == 0 {
      onSuspect = findings
    } else {
      let new = named.filter { !known.targets.contains($0) }
      let inherited = try inherited(new, findings, known: known.targets, in: context)
      named.removeAll { new.contains($0) && !inherited.contains($0) }
    }
    let able = Set(search.shortlist(census, count: .max))
    let targets = named + known.targets.filter { !named.contains($0) && able.contains($0) }
    guard !targets.isEmpty else { return Result(entries: [], summary: "") }
    let tasks = targets.flatMap { target in
      Self.penalties.map {
        TriggerSearch.Task(target: target, seeds: census.best[target], penalty: $0)
      }
    }
    // The repeats of the census take the streams from `round << 8` on.
    let (found, _) = try context.phase("search \(round + 1)", images: search.passes(of: tasks)) {
      try search.evolve(tasks, stream: UInt64(round) << 8 | 255, progress: $0)
    }
    var (entries, words): ([KnownTriggers.Entry], [String]) = ([], [])
    for target in targets {
      let lists = tasks.indices.filter { tasks[$0].target == target }.map { found[$0] }
      let best = lists[0].first?.fitness ?? 0
      let first =
        named.contains(target)
        ? findings.shortlist.firstIndex(of: target).map { findings.found[$0] } : nil
      guard best >= options.residual || first != nil else { continue }
      let fit = ((first ?? []) + lists.flatMap { $0 }).filter { $0.success >= 0.5 }
      guard !fit.isEmpty else { continue }
      entries += fit.map { .init(target: target, change: .genome($0.genome)) }
      let names = lists[0].champions.filter { $0.success >= 0.5 }.map {
        "\($0.genome.familyName) \(($0.fitness * 10).rounded() / 10)"
      }
      words.append("class \(target) by \(names.joined(separator: ", "))")
    }
    return Result(entries: entries, summary: "found \(words.joined(separator: "; "))")
  }
}
