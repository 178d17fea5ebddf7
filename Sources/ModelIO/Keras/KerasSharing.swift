/// Checks objects that Keras treats as one object because of their `shared_object_id`.
///
/// In an honest file all of them have the same description. If they differ, Keras uses the first and
/// ignores the others. An HDF5 file of Keras 2 repeats the weights of a layer that is in several
/// models; a Keras archive holds them in one place, and Keras ignores any others.
struct KerasSharing {
  private var shared: [Int: JSON] = [:]
  private(set) var findings: [Finding] = []
  private let isArchived: Bool

  private init(isArchived: Bool) { self.isArchived = isArchived }

  /// Returns findings about objects that differ from the previous one with the same identifier.
  ///
  /// - Parameter isArchived: Whether the configuration is from a Keras archive.
  static func findings(in json: JSON, isArchived: Bool) -> [Finding] {
    var sharing = KerasSharing(isArchived: isArchived)
    sharing.walk(json, isInFunctional: false, place: "model_config")
    return sharing.findings
  }

  /// - Parameters:
  ///   - isInFunctional: Whether a functional model encloses the value; in HDF5 files each outermost
  ///     one starts its own numbering.
  ///   - isLayer: Whether the value is a layer, or a list of them.
  private mutating func walk(
    _ json: JSON, isInFunctional: Bool, isLayer: Bool = false, place: String
  ) {
    guard findings.count < KerasAudit.maximumCount else { return }
    switch json {
    case .array(let elements):
      for element in elements {
        walk(element, isInFunctional: isInFunctional, isLayer: isLayer, place: place)
      }
    case .object(let members):
      let className = members["class_name"]?.string
      let isFunctional = className.map { ["Functional", "Model"].contains($0) } ?? false
      let place = members["config"]?["name"]?.string ?? place
      if isFunctional, !isInFunctional, !isArchived { shared = [:] }
      if let className, let id = members["shared_object_id"]?.int {
        let description: JSON = [
          "class_name": .string(className), "config": members["config"] ?? .null,
        ]
        let other = shared.updateValue(description, forKey: id)
        if isArchived, isLayer, other != nil {
          findings.append(
            Finding(
              .kerasAmbiguous, at: abbreviated(place),
              "'\(abbreviated(place))' (\(abbreviated(className))): it is a layer of two models, and "
                + "the file has one place for its weights; rebuild the model with a layer for each")
          )
        } else if other ?? description != description {
          findings.append(
            Finding(
              .kerasAmbiguous, at: abbreviated(place),
              "'\(abbreviated(place))' (\(abbreviated(className))): it claims to be the same "
                + "object as another that is described differently"))
        }
      }
      for member in members.sorted {
        walk(
          member.value, isInFunctional: isInFunctional || isFunctional,
          isLayer: member.key == "layers", place: place)
      }
    case .null, .bool, .number, .string: break
    }
  }
}
