extension Evaluation.DataSetResult {
  /// The result as text for the terminal, ended by a line feed.
  public var text: String {
    var lines = ["\(detector): \(counts.images) training images"]
    if let dropped = counts.dropped { lines[0] += ", \(dropped) to drop" }
    if let poisoned = counts.poisoned {
      var found = "  \(poisoned) are poisoned"
      if let droppedPoisoned = counts.droppedPoisoned {
        found += ", \(droppedPoisoned) of them dropped"
      }
      lines.append(found + (counts.auroc.map { "; AUROC \(decimals($0, 4))" } ?? ""))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
