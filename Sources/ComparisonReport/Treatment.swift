internal import DefenseKit

/// A defense and a repair, or the suspect without them.
struct Treatment: Hashable, Sendable {
  let defense: String?
  let repair: String

  init(_ defense: String?, _ repair: String) { (self.defense, self.repair) = (defense, repair) }

  /// The treatment as text, which another treatment may share.
  var title: String { ComparisonTable.treatment(defense, repair) }
}
