/// How far the fittest classes stand apart from all others.
///
/// A network without a backdoor yields to some triggers too, but for several classes alike. A
/// target class is over twice as fit as any of these.
package struct FitnessLead: Sendable, Hashable {
  /// For the fittest class, the two, and the three fittest ones: the fitness of the last of them
  /// minus twice that of the next one. Groups are fewer than half of the classes, but one.
  package let leads: [Double]

  /// Compares classes.
  ///
  /// - Parameter fitness: The best fitness of each class, in descending order; under 0 counts as 0.
  package init(_ fitness: [Double]) {
    let values = fitness.map { max(0, $0) } + [0]
    let largest = max(1, min(3, (fitness.count - 1) / 2))
    leads = fitness.indices.prefix(largest).map { values[$0] - 2 * values[$0 + 1] }
  }

  /// The largest lead; 0 without classes.
  package var largest: Double { leads.max() ?? 0 }

  /// Returns the number of classes in the largest group that leads by more than this; 0 if none
  /// does.
  package func count(over threshold: Double) -> Int {
    (leads.lastIndex { $0 > threshold } ?? -1) + 1
  }
}
