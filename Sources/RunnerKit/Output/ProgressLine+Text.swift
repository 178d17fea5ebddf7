extension ProgressLine {
  /// A phase in progress.
  struct Phase: Sendable {
    let title: String
    let done: Int
    /// The number of images; 0 if they are not counted.
    let images: Int
    /// The seconds since the phase began.
    let elapsed: Double

    /// The completed share, 0 to 1.
    fileprivate var share: Double {
      images > 0 ? min(1, max(0, Double(done) / Double(images))) : 0
    }
    fileprivate var percent: Int { Int(share * 100) }
    /// Images per second.
    fileprivate var rate: Double { elapsed > 0 ? Double(done) / elapsed : 0 }
    /// The estimated remaining seconds.
    fileprivate var left: Double { rate > 0 ? Double(max(0, images - done)) / rate : 0 }
    fileprivate var isCounted: Bool { images > 0 && done > 0 }
  }

  /// Returns the line for a terminal with `width` columns.
  ///
  /// On narrow terminals the bar shrinks, then the rate is dropped, then the bar, then the end of
  /// the title.
  static func line(_ phase: Phase, width: Int) -> String {
    // On some terminals, text in the last column breaks the line.
    let room = max(1, width - 1)
    guard phase.isCounted else {
      return phase.title.clipped(to: room)
    }
    let percent = "\(phase.percent)".padded(to: 3) + " %"
    let rate = "\(grouped(Int(phase.rate)).padded(to: 9)) images/s"
    let left = "\(clock(phase.left)) left"
    let figures = "\(percent)  \(rate)  \(left)"
    // The brackets and the spaces around them take four columns; a long title may use the rest.
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

  /// Returns a log's line for a phase in progress.
  static func logLine(_ phase: Phase) -> String {
    guard phase.isCounted else { return "\(phase.title): \(clock(phase.elapsed)) so far" }
    return "\(phase.title): \(phase.percent) %, \(grouped(Int(phase.rate))) images/s, "
      + "\(clock(phase.left)) left"
  }

  /// Returns a log's line for an ended phase, complete or not.
  static func lastLine(_ phase: Phase) -> String {
    let time = clock(phase.elapsed)
    guard phase.isCounted else { return "\(phase.title): ended after \(time)" }
    let amount =
      phase.done >= phase.images ? "\(grouped(phase.images)) images" : "\(phase.percent) %"
    return "\(phase.title): \(amount) in \(time), \(grouped(Int(phase.rate))) images/s"
  }
}

/// Formats seconds as minutes and seconds, with hours if necessary.
private func clock(_ seconds: Double) -> String {
  let total = Int(min(max(seconds, 0), 359_999).rounded(.up))
  let two = { (n: Int) in n < 10 ? "0\(n)" : "\(n)" }
  return total < 3600
    ? "\(total / 60):\(two(total % 60))"
    : "\(total / 3600):\(two(total / 60 % 60)):\(two(total % 60))"
}
