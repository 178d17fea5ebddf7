/// The classes whose triggers are far fitter than those of all other classes.
///
/// A network without a backdoor yields to some triggers too, but for several classes alike. A
/// target class is over twice as fit as any of these.
package struct FitnessLead: Sendable, Hashable {
  /// The number of classes with the largest lead, fewer than half of them unless they are two or
  /// one; 0 without classes.
  package let count: Int
  /// The fitness of the last of these classes minus twice that of the next one.
  package let lead: Double

  /// Finds the largest lead; of equal ones the first.
  ///
  /// - Parameter fitness: The best fitness of each class, in descending order; under 0 counts as 0.
  package init(_ fitness: [Double]) {
    let values = fitness.map { max(0, $0) } + [0]
    var (count, lead) = (0, 0.0)
    for place in fitness.indices.prefix(max(1, (fitness.count - 1) / 2)) {
      let own = values[place] - 2 * values[place + 1]
      if count == 0 || own > lead { (count, lead) = (place + 1, own) }
    }
    (self.count, self.lead) = (count, lead)
  }
}
