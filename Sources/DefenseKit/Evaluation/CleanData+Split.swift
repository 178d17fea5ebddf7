extension CleanData {
  /// Divides the images in two parts, the images of a group in the same one.
  ///
  /// Without ``groups``, the first `count` places are held out. With them, whole groups are, as
  /// near to `count` images as possible and at least one group, and at least one is left; groups
  /// that come early in `places` go first. A `count` of 0 holds nothing out.
  ///
  /// ```swift
  /// var numbers = SeededGenerator(seed: context.seed)
  /// let order = try clean.contentOrder()
  /// let (heldOut, others) = try clean.split(
  ///   numbers.permutation(clean.count), holdingOut: clean.count / 5, for: Self.name)
  /// let images = Subset(of: clean.source, others.map { order[$0] })
  /// ```
  ///
  /// - Parameters:
  ///   - places: All positions in ``contentOrder()``, in random order.
  ///   - count: The number of images to hold out.
  ///   - plugin: The plugin's name, for errors.
  /// - Returns: The places of both parts, in the order of `places`.
  /// - Throws: ``PluginError`` with code `tooFewGroups` if all images are of one group; the errors
  ///   of the source.
  public func split(
    _ places: [Int], holdingOut count: Int, for plugin: String
  ) throws -> (heldOut: [Int], others: [Int]) {
    precondition(
      places.count == self.count && (0...self.count).contains(count),
      "\(count) of \(places.count) places for \(self.count) images")
    guard let groups, count > 0 else {
      return (Array(places.prefix(count)), Array(places.dropFirst(count)))
    }
    let order = try contentOrder()
    /// `numbers[g]`: the position of group g among the groups as they first occur.
    var numbers: [Int: Int] = [:]
    var sizes: [Int] = []
    let numbered = places.map { place in
      let group = groups[order[place]]
      let number = numbers[group] ?? sizes.count
      if number == sizes.count {
        numbers[group] = number
        sizes.append(0)
      }
      sizes[number] += 1
      return number
    }
    guard sizes.count > 1 else {
      throw PluginError(
        .tooFewGroups, "holds out whole groups of images, but \(name) has only one",
        about: .plugin(plugin),
        remedies: [.advice("give images of more groups"), .omit("group")])
    }
    let chosen = Set(GroupChoice.groups(of: sizes, near: count))
    var parts: (heldOut: [Int], others: [Int]) = ([], [])
    for (place, number) in zip(places, numbered) {
      if chosen.contains(number) {
        parts.heldOut.append(place)
      } else {
        parts.others.append(place)
      }
    }
    return parts
  }
}

/// The choice of whole groups to hold out.
enum GroupChoice {
  /// Returns the groups, ascending, whose sizes add up as near to `target` as possible, but neither
  /// none nor all of them.
  ///
  /// Of two sums equally near the smaller is taken; of several choices with the same sum one whose
  /// last group comes earliest. Time grows with the number of groups times `target`.
  ///
  /// - Parameters:
  ///   - sizes: The number of images of each group, over 0; at least two groups.
  ///   - target: The number of images, over 0.
  static func groups(of sizes: [Int], near target: Int) -> [Int] {
    let total = sizes.reduce(0, +)
    let smallest = sizes.min() ?? 0
    precondition(sizes.count > 1 && smallest > 0 && target > 0, "\(target) of \(sizes)")
    let target = min(target, total - 1)
    // A sum over twice the target is farther from it than any sum up to it; without such a sum the
    // smallest group is the nearest.
    let limit = min(total - 1, max(2 * target, smallest))
    /// `last[s]`: the group with which the sum s is first reached; -1 if it is not.
    var last = [Int](repeating: -1, count: limit + 1)
    var highest = 0
    for (group, size) in sizes.enumerated() where size <= limit {
      highest = min(limit, highest + size)
      // Downwards, so that a group counts once.
      for sum in stride(from: highest, through: size, by: -1)
      where last[sum] < 0 && (sum == size || last[sum - size] >= 0) {
        last[sum] = group
      }
      if last[target] >= 0 { break }
    }
    let reached = (1...limit).filter { last[$0] >= 0 }
    var sum = reached.min { (abs($0 - target), $0) < (abs($1 - target), $1) } ?? 0
    var groups: [Int] = []
    while sum > 0 {
      groups.append(last[sum])
      sum -= sizes[last[sum]]
    }
    return groups.reversed()
  }
}

extension PluginError.Code {
  /// The images are of too few groups to divide them.
  public static let tooFewGroups = PluginError.Code(rawValue: "too-few-groups")
}
