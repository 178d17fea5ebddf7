/// Checks objects that Keras 2 treats as one object because of their `shared_object_id`.
///
/// In an honest file all of them have the same description. If they differ, Keras 2 uses the first
/// and ignores the others.
struct KerasSharing {
  private var shared: [Int: JSON] = [:]
  private(set) var findings: [Finding] = []

  /// Returns findings about objects that differ from the previous one with the same identifier.
  static func findings(in json: JSON) -> [Finding] {
    var sharing = KerasSharing()
    sharing.walk(json, isInFunctional: false, place: "model_config")
    return sharing.findings
  }

  /// - Parameter isInFunctional: Whether a functional model encloses the value; each outermost one
  ///   starts its own numbering.
  private mutating func walk(_ json: JSON, isInFunctional: Bool, place: String) {
    guard findings.count < KerasAudit.maximumCount else { return }
    switch json {
    case .array(let elements):
      for element in elements { walk(element, isInFunctional: isInFunctional, place: place) }
    case .object(let members):
      let className = members["class_name"]?.string
      let isFunctional = className.map { ["Functional", "Model"].contains($0) } ?? false
      let place = members["config"]?["name"]?.string ?? place
      if isFunctional, !isInFunctional { shared = [:] }
      if let className, let id = members["shared_object_id"]?.int {
        let description: JSON = [
          "class_name": .string(className), "config": members["config"] ?? .null,
        ]
        if shared.updateValue(description, forKey: id) ?? description != description {
          findings.append(
            Finding(
              .kerasAmbiguous, at: abbreviated(place),
              "'\(abbreviated(place))' (\(abbreviated(className))): it claims to be the same "
                + "object as another that is described differently"))
        }
      }
      for member in members.sorted {
        walk(member.value, isInFunctional: isInFunctional || isFunctional, place: place)
      }
    case .null, .bool, .number, .string: break
    }
  }
}
