internal import DefenseKit

/// What was done about a model.
struct Treatment: Hashable, Sendable {
  let defense: String?
  let repair: String

  init(_ defense: String?, _ repair: String) { (self.defense, self.repair) = (defense, repair) }

  /// It in words, which another treatment may share.
  var title: String { ComparisonTable.treatment(defense, repair) }
}
