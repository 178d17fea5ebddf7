extension ModelVerdict {
  /// The verdict as text with the classes' scores, the largest first; ended by a line feed.
  ///
  /// - Parameter name: The name of the plugin.
  public func text(by name: String) -> String {
    let answer =
      isBackdoored
      ? "backdoored" + (targets.isEmpty ? "" : ", \(classes)")
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
    for trigger in triggers {
      let area = trigger.area.map { ", \(upToFourDecimals($0 * 100)) % of the image" } ?? ""
      lines.append("  a trigger of class \(trigger.goal.target) was found\(area)")
    }
    lines += notes.map { "  \($0)" }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The target classes: "class 7" or "classes 7, 2".
  private var classes: String {
    (targets.count == 1 ? "class " : "classes ") + targets.map(String.init).joined(separator: ", ")
  }
}
