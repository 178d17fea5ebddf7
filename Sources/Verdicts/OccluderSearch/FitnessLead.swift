/// The classes whose triggers are far fitter than those of all other classes.
///
/// A network without a backdoor yields to some triggers too, but for several classes alike. A
/// target class stands apart from the others.
package struct FitnessLead: Sendable, Hashable {
  /// The number of classes before the largest gap, fewer than half of them unless they are two or
  /// one; 0 without classes.
  package let count: Int
  /// The gap: how much fitter the last of these classes is than the next one. Without a next one
  /// it is the fitness.
  package let lead: Double

  /// Finds the largest gap; of equal ones the first.
  ///
  /// - Parameter fitness: The best fitness of each class, in descending order; under 0 counts as 0.
  package init(_ fitness: [Double]) {
    let values = fitness.map { max(0, $0) } + [0]
    var (count, lead) = (0, 0.0)
    for place in fitness.indices.prefix(max(1, (fitness.count - 1) / 2)) {
      let gap = values[place] - values[place + 1]
      if count == 0 || gap > lead { (count, lead) = (place + 1, gap) }
    }
    (self.count, self.lead) = (count, lead)
  }
}
