internal import DefenseKit

/// A chart of the report, with its kind and its file name.
struct ReportChart: Sendable {
  /// The kinds of charts, each a part of a model's section.
  enum Kind: Sendable {
    case tradeOff
    case pruning
    case roc
    case scores
    case classes
  }

  let kind: Kind
  /// The file name without ".svg"; other charts may have the same.
  let file: String
  let chart: any Chart

  private init(_ kind: Kind, _ names: [String], _ chart: any Chart) {
    self.kind = kind
    self.chart = chart
    file = names.map(Self.fileName).filter { !$0.isEmpty }.joined(separator: "-")
  }

  /// Returns a name's ASCII letters and digits, lowercased, with hyphens for the rest.
  ///
  /// With any model name, files stay in their folder and need no quotes in a shell.
  private static func fileName(_ name: String) -> String {
    let pieces = name.lowercased().unicodeScalars.split { scalar in
      !(scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)))
    }
    return String(pieces.map(String.init).joined(separator: "-").prefix(60))
  }

  /// Returns all charts of a model.
  static func all(
    _ model: String, _ records: [ComparisonRecord], _ summaries: [ComparisonTable.Summary]
  ) -> [ReportChart] {
    let summaries = summaries.filter { $0.kind == nil || $0.kind == .detector }
    // A repaired model has the same role in all charts.
    let repairs = summaries.filter { $0.defense != nil && $0.seeds > 0 }
      .map { Treatment($0.defense, $0.repair) }.distinct
    let roles = Dictionary(
      uniqueKeysWithValues: repairs.enumerated().map { ($0.element, ChartRole.repaired($0.offset)) }
    )
    let isSeveral = Set(records.map(\.unit.seed)).count > 1
    // Curves and scores cannot be averaged: those of the first seed are drawn.
    let measured = Measured.firstSeeds(of: records, roles)
    return tradeOffs(model, summaries, roles) + pruning(model, records, isSeveral)
      + rocs(model, measured, isSeveral) + scores(model, measured, isSeveral)
      + classes(model, records, roles)
  }

  /// Returns one chart without a detector, and one for each detector; the suspect is in all.
  private static func tradeOffs(
    _ model: String, _ summaries: [ComparisonTable.Summary], _ roles: [Treatment: ChartRole]
  ) -> [ReportChart] {
    func point(_ summary: ComparisonTable.Summary) -> TradeOffChart.Point? {
      guard let attack = summary.means[.attackSuccess], let clean = summary.means[.cleanAccuracy]
      else { return nil }
      var deviations: TradeOffChart.Point.Deviations?
      if let attack = summary.deviations[.attackSuccess],
        let clean = summary.deviations[.cleanAccuracy]
      {
        deviations = .init(attackSuccess: attack, cleanAccuracy: clean)
      }
      let treatment = Treatment(summary.defense, summary.repair)
      var (label, role) = (treatment.title, roles[treatment] ?? .suspect)
      if summary.defense == nil {
        role = .suspect
        if let detector = summary.detector {
          (label, role) = ("suspect with \(detector)", .filteredSuspect)
        }
      }
      return TradeOffChart.Point(
        label: label, attackSuccess: attack, cleanAccuracy: clean, deviations: deviations,
        role: role)
    }
    let suspect = summaries.filter { $0.defense == nil && $0.detector == nil }.compactMap(point)
    let sets = summaries.map(\.detector).distinct.map { detector in
      (
        detector,
        suspect
          + summaries.filter { $0.detector == detector && ($0.defense != nil || detector != nil) }
          .compactMap(point)
      )
    }.filter { $0.1.count > suspect.count }
    let lowest = TradeOffChart.lowest(sets.flatMap(\.1))
    let isSeveral = summaries.contains { !$0.deviations.isEmpty }
    return sets.flatMap { detector, points in
      distinct(points, \.role).map { points in
        let chart = TradeOffChart(
          title: "\(model), \(detector ?? "no detector")",
          subtitle: "Top left is best\(isSeveral ? "; mean ± standard deviation" : "")",
          points: points, lowest: lowest)
        return ReportChart(.tradeOff, [model, "accuracy-over-attack", detector ?? "alone"], chart)
      }
    }
  }

  /// Distributes the items to charts with distinguishable roles; the suspect's items are in all.
  private static func distinct<Item>(
    _ items: [Item], _ role: (Item) -> ChartRole
  ) -> [[Item]] {
    func part(_ item: Item) -> Int? {
      if case .repaired(let number) = role(item) { number / ChartRole.distinctRepairs } else { nil }
    }
    let parts = Set(items.compactMap(part)).sorted()
    if parts.count < 2 { return items.isEmpty ? [] : [items] }
    return parts.map { number in items.filter { part($0) ?? number == number } }
  }

  /// Returns a chart of the sweep for every defense that pruned.
  private static func pruning(
    _ model: String, _ records: [ComparisonRecord], _ isSeveral: Bool
  ) -> [ReportChart] {
    let swept = records.filter { $0.failure == nil && $0.curve != nil }
    return swept.map { $0.unit.defense?.label ?? "" }.distinct.compactMap { defense in
      guard let record = swept.first(where: { $0.unit.defense?.label ?? "" == defense }),
        let curve = record.curve
      else { return nil }
      let marks = record.rows.compactMap { row in
        row.pruned.first { $0.layer == curve.layer }.map {
          CurveChart.Mark(label: row.title.isEmpty ? defense : row.title, pruned: $0.channels.count)
        }
      }
      let seed = isSeveral ? ", seed \(record.unit.seed)" : ""
      let chart = CurveChart(title: "\(model), \(defense)\(seed)", curve: curve, marks: marks)
      return ReportChart(.pruning, [model, "pruning", defense], chart)
    }
  }

  /// Returns a chart for every detector, with a curve for each of its models.
  private static func rocs(
    _ model: String, _ measured: [Measured], _ isSeveral: Bool
  ) -> [ReportChart] {
    measured.map(\.detector).distinct.flatMap { detector in
      let curves = measured.filter { $0.detector == detector && !$0.figures.roc.isEmpty }
        .map { item in
          let answers = item.figures.answers
          let decision = answers.test.flatMap { test in
            answers.poisoned.map {
              ROCPoint(falsePositives: test.flaggedShare, truePositives: $0.flaggedShare)
            }
          }
          return ROCChart.Curve(
            label: item.treatment.title, points: item.figures.roc, area: item.figures.auroc,
            decision: decision, role: item.role)
        }
      return distinct(curves, \.role).map { curves in
        let seed = isSeveral ? "; \(measured.seeds(of: detector))" : ""
        return ReportChart(
          .roc, [model, "roc", detector],
          ROCChart(
            title: "\(model), \(detector)",
            subtitle: "The mark is the detector's own threshold\(seed)",
            curves: curves))
      }
    }
  }

  /// Returns a histogram for every detector with each of its models.
  private static func scores(
    _ model: String, _ measured: [Measured], _ isSeveral: Bool
  ) -> [ReportChart] {
    measured.compactMap { item in
      guard let histogram = item.figures.histogram else { return nil }
      let area = item.figures.auroc.map { ComparisonMetric.auroc.text($0) }
      let notes = [area.map { "AUROC \($0)" }, isSeveral ? "seed \(item.seed)" : nil]
      return ReportChart(
        .scores, [model, "scores", item.treatment.title, item.detector],
        HistogramChart(
          title: "\(item.detector), \(item.treatment.title)",
          subtitle: ([model] + notes.compactMap { $0 }).joined(separator: ", "), histogram))
    }
  }

  /// Returns the accuracy for every class, over the images of all seeds.
  private static func classes(
    _ model: String, _ records: [ComparisonRecord], _ roles: [Treatment: ChartRole]
  ) -> [ReportChart] {
    var series: [ClassChart.Series] = []
    for record in records where record.failure == nil && record.unit.otherPlugin == nil {
      for row in record.rows where !row.model.byClass.isEmpty {
        let treatment = Treatment(record.unit.defense?.label, row.title)
        let role = roles[treatment] ?? .suspect
        if let index = series.firstIndex(where: { $0.role == role }) {
          for (place, counts) in row.model.byClass.enumerated()
          where series[index].counts.indices.contains(place) {
            series[index].counts[place].correct += counts.correct
            series[index].counts[place].images += counts.images
          }
        } else {
          series.append(.init(label: treatment.title, counts: row.model.byClass, role: role))
        }
      }
    }
    return distinct(series, \.role).map { series in
      let chart = ClassChart(
        title: "\(model), by class", subtitle: "On test images, without a detector",
        series: series)
      return ReportChart(.classes, [model, "classes"], chart)
    }
  }
}

extension [Measured] {
  /// Returns the seeds of a detector's figures as text.
  fileprivate func seeds(of detector: String) -> String {
    let seeds = filter { $0.detector == detector }.map(\.seed).distinct
    return "seed \(seeds.map(String.init).joined(separator: ", "))"
  }
}
