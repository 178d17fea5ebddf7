extension Evaluation {
  /// The results as a table for a terminal, ended by a line feed.
  ///
  /// There is one row for the suspect and one for every repaired model, each followed by one for
  /// every detector that used it. The column "kept" is the filtered accuracy.
  public var table: String {
    var rows = [Self.row("suspect", suspect)] + suspectDetectors.map { Self.row($0) }
    for repair in repairs {
      var row = Self.row(repair.repair.title, repair.result)
      let pruned = repair.repair.pruned
      row[1] = "\(pruned.reduce(0) { $0 + $1.channels.count })"
      if !pruned.isEmpty { row[1] += "/\(pruned.reduce(0) { $0 + $1.total })" }
      rows.append(row)
      rows += repair.detectors.map { Self.row($0) }
    }
    let table = TextTable(
      header: [
        ["", "pruned", "clean", "attack", "clean", "poisoned", "kept", "AUROC"],
        ["", "", "accuracy", "success", "flagged", "flagged", "accuracy", ""],
      ], lines: rows.map { .cells($0) })
    return table.text
  }

  private static func row(_ detector: DetectorResult) -> [String] {
    var row = row("  + \(detector.detector)", detector.result)
    row[4] = percent(detector.result.test?.flaggedShare)
    row[5] = percent(detector.result.poisoned?.counted.flaggedShare)
    row[6] = percent(detector.result.test?.filteredAccuracy)
    row[7] = detector.auroc.map { decimals($0, 4) } ?? "–"
    return row
  }

  private static func row(_ name: String, _ result: ModelResult) -> [String] {
    [
      name, "", percent(result.test?.accuracy), percent(result.poisoned?.counted.successRate), "",
      "", "", "",
    ]
  }

  /// One line for every model with undefined test images, and for every detector with NaN scores.
  public var nonfiniteLines: [String] {
    var lines: [String] = []
    func add(_ name: String, _ result: ModelResult) {
      let test = (result.test?.nonfinite ?? 0, result.test?.images ?? 0)
      let attack = result.poisoned.map { $0.all ?? $0.counted }
      let poisoned = (attack?.nonfinite ?? 0, attack?.images ?? 0)
      let parts = [(test, DataRole.test), (poisoned, .poisoned)].filter { $0.0.0 > 0 }
        .map { "\($0.0.0) of \($0.0.1) \($0.1.rawValue)" }
      guard !parts.isEmpty else { return }
      lines.append(
        "\(name): no class for \(parts.joined(separator: ", ")) images: the model computed NaN or "
          + "infinite values; these images count as wrong, and not as attack success")
    }
    func add(_ detector: DetectorResult, with name: String) {
      add("\(detector.detector) with \(name)", detector.result)
      if detector.scores.unscored > 0 {
        lines.append(
          "\(detector.detector) with \(name): \(detector.scores.unscored) scores are NaN; the "
            + "AUROC counts them as most suspicious")
      }
    }
    add("suspect", suspect)
    for detector in suspectDetectors { add(detector, with: "suspect") }
    for repair in repairs {
      let name = repair.repair.fileStem
      add(name, repair.result)
      for detector in repair.detectors { add(detector, with: name) }
    }
    return lines
  }

  /// One line for every detector that could not judge some images.
  public var noVerdictLines: [String] {
    func line(_ detector: DetectorResult, with name: String) -> String? {
      let attack = detector.result.poisoned.map { $0.all ?? $0.counted }
      let counts = [
        (detector.result.test?.noVerdict ?? 0, detector.result.test?.images ?? 0, DataRole.test),
        (attack?.noVerdict ?? 0, attack?.images ?? 0, .poisoned),
      ]
      let parts = counts.filter { $0.0 > 0 }.map { "\($0.0) of \($0.1) \($0.2.rawValue)" }
      guard !parts.isEmpty else { return nil }
      return "\(detector.detector) with \(name): no verdict on \(parts.joined(separator: ", ")) "
        + "images; these get no class and count as wrong, and not as attack success; the AUROC leaves "
        + "them out"
    }
    return suspectDetectors.compactMap { line($0, with: "suspect") }
      + repairs.flatMap { repair in
        repair.detectors.compactMap { line($0, with: repair.repair.fileStem) }
      }
  }

  /// One line for every fine-tuned repair: epochs, training images, and the held-out accuracy
  /// before and after.
  public var tuningLines: [String] {
    repairs.compactMap { result in
      result.repair.tuning.map { "\(result.repair.title): \($0.line)" }
    }
  }

  /// One line for the suspect and every repaired model: the clean accuracy on test images of groups
  /// that the clean images have, and on the others; empty unless both sets are grouped.
  public var groupLines: [String] {
    let models = [("suspect", suspect)] + repairs.map { ($0.repair.title, $0.result) }
    return models.compactMap { name, result in
      result.byGroup.map { groups in
        let (seen, unseen) = (groups.seen, groups.unseen)
        return
          "\(name): clean accuracy \(percent(accuracy(seen))) on \(seen.images) test images of groups "
          + "in the clean set, \(percent(accuracy(unseen))) on \(unseen.images) of other groups"
      }
    }
  }

  private func accuracy(_ counts: CleanCounts) -> Double? {
    counts.images == 0 ? nil : counts.accuracy
  }

  /// Two lines with the attack success rate over all poisoned images; nil if the table counts them
  /// all.
  public var note: String? {
    guard let attack = suspect.poisoned, let all = attack.all, all.images != attack.counted.images
    else { return nil }
    let rates = [suspect.poisoned] + repairs.map(\.result.poisoned)
    let list = rates.map { percent($0?.all?.successRate) }.joined(separator: ", ")
    return "Attack success excludes \(all.images - attack.counted.images) images of the target "
      + "class; including them:\n\(list)."
  }
}

extension TuningSummary {
  /// The summary as a sentence.
  fileprivate var line: String {
    var text = "fine-tuned for \(epochs) epoch\(epochs == 1 ? "" : "s") on \(images) images"
    if let before, let after {
      text +=
        "; held-out accuracy \(percent(before.accuracy)) before, \(percent(after.accuracy)) after "
        + "(\(before.images) images)"
    }
    return text
  }
}
