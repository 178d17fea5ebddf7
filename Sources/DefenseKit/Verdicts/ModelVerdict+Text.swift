extension ModelVerdict {
  /// The verdict as text with the classes' scores, the largest first; ended by a line feed.
  ///
  /// - Parameter name: The name of the plugin.
  public func text(by name: String) -> String {
    let answer =
      isBackdoored
      ? "backdoored, class \(topClass)"
      : "no backdoor found (this does not prove that there is none)"
    let order = ranking
    var lines = [
      "\(name): \(answer)",
      "  statistic \(upToFourDecimals(statistic)), threshold \(upToFourDecimals(threshold))",
      "  \(measure):",
    ]
    lines += order.prefix(10).map { place in
      let label = "\(place)"
      let gap = String(repeating: " ", count: max(1, 7 - label.count))
      return "    class \(label)\(gap)\(upToFourDecimals(classScores[place]))"
    }
    if order.count > 10 { lines.append("    and \(order.count - 10) with lower scores") }
    return lines.joined(separator: "\n") + "\n"
  }
}
