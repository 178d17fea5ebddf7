extension ProgressLine {
  /// A phase under way.
  struct Phase: Sendable {
    let title: String
    let done: Int
    /// How many images there are in all; 0 if they are not counted.
    let images: Int
    /// Seconds since it began.
    let elapsed: Double

    /// The share that is done, 0 to 1.
    fileprivate var share: Double {
      images > 0 ? min(1, max(0, Double(done) / Double(images))) : 0
    }
    fileprivate var percent: Int { Int(share * 100) }
    /// Images a second.
    fileprivate var rate: Double { elapsed > 0 ? Double(done) / elapsed : 0 }
    /// Seconds that are left.
    fileprivate var left: Double { rate > 0 ? Double(max(0, images - done)) / rate : 0 }
    fileprivate var isCounted: Bool { images > 0 && done > 0 }
  }

  /// The line for a terminal of that many columns; on narrow ones the bar shrinks, then the rate goes,
  /// then the bar, then the end of the title.
  static func line(_ phase: Phase, width: Int) -> String {
    // What is written into the last column breaks the line on some terminals.
    let room = max(1, width - 1)
    guard phase.isCounted else {
      return phase.title.clipped(to: room)
    }
    let percent = "\(phase.percent)".padded(to: 3) + " %"
    let rate = "\(grouped(Int(phase.rate)).padded(to: 9)) images/s"
    let left = "\(clock(phase.left)) left"
    let figures = "\(percent)  \(rate)  \(left)"
    // The brackets and the spaces around them take four columns; long titles may have what is left.
    let title = max(24, min(phase.title.columns, room - figures.count - 4 - 20))
    let bar = min(20, room - title - figures.count - 4)
    if bar >= 8 {
      return phase.title.clipped(to: title).filling(title)
        + " [\(Self.bar(phase.share, bar))] \(figures)"
    }
    let short = "\(percent)  \(left)"
    let rest = room - min(24, phase.title.columns) - short.count - 4
    if rest >= 8 {
      return "\(phase.title.clipped(to: 24)) [\(Self.bar(phase.share, min(20, rest)))] \(short)"
    }
    let end = room >= short.count + 8 ? " \(short)" : " \(phase.percent) %"
    return phase.title.clipped(to: max(1, room - end.count)) + end
  }

  private static func bar(_ share: Double, _ count: Int) -> String {
    let full = Int(share * Double(count))
    return String(repeating: "#", count: full) + String(repeating: "·", count: count - full)
  }

  /// The line in a log for a phase under way.
  static func logLine(_ phase: Phase) -> String {
    guard phase.isCounted else { return "\(phase.title): \(clock(phase.elapsed)) so far" }
    return "\(phase.title): \(phase.percent) %, \(grouped(Int(phase.rate))) images/s, "
      + "\(clock(phase.left)) left"
  }

  /// The line in a log for a phase that is over, done or not.
  static func lastLine(_ phase: Phase) -> String {
    let time = clock(phase.elapsed)
    guard phase.isCounted else { return "\(phase.title): ended after \(time)" }
    let amount =
      phase.done >= phase.images ? "\(grouped(phase.images)) images" : "\(phase.percent) %"
    return "\(phase.title): \(amount) in \(time), \(grouped(Int(phase.rate))) images/s"
  }
}

/// Seconds as minutes and seconds, or with hours.
private func clock(_ seconds: Double) -> String {
  let total = Int(min(max(seconds, 0), 359_999).rounded(.up))
  let two = { (n: Int) in n < 10 ? "0\(n)" : "\(n)" }
  return total < 3600
    ? "\(total / 60):\(two(total % 60))"
    : "\(total / 3600):\(two(total / 60 % 60)):\(two(total % 60))"
}
