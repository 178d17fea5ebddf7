/// The contents of a file of weights as its parser reports them, unverified.
///
/// The weights stay in the file.
struct StateCatalogue: Sendable, Equatable {
  /// The tensors of the set of weights, in the order of the file.
  var tensors: [StateTensor] = []
  /// The keys that lead to the set, separated by dots; empty if it is the whole file.
  var wrapper = ""
  /// What a record of BackdoorBench says; nil for another file.
  var record: RecordFacts?
  /// The other tensors of a checkpoint, without names.
  var others: [StateTensor] = []
  /// The checkpoint with all that can be written again; nil for other files, and if the weights are in
  /// a part that cannot.
  var skeleton: StateSkeleton?
  /// The keys of what ``skeleton`` leaves out.
  var omitted: [String] = []
  /// The keys of other sets of tensors with names.
  var otherSets: [String] = []
  /// What an honest file does not have.
  var findings: [Finding] = []
  /// The reason why there are no tensors; nil if there are.
  var refusal: Finding?

  // Limits far above any honest file.
  static let maximumTensors = PickleMachine.maximumTensors
  static let maximumFindings = PickleMachine.maximumFindings
  static let maximumNameLength = PickleMachine.maximumNameLength
  /// The largest size of a serialized catalogue in bytes.
  static let maximumSize = 192 << 20

  /// The rules that a parser may report.
  static let rules: [Finding.Rule] = [
    .pickleDamaged, .pickleGlobal, .pickleOpcode, .pickleCall, .pickleSize, .zipArchive,
    .tensorPlace, .stateDict, .stateUnsupported, .stateExtra, .safetensorsDamaged,
  ]
}
