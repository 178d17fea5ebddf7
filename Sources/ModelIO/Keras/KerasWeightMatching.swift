/// Assigns the weights of a file to layers.
///
/// Keras goes by order: the n-th group with weights belongs to the n-th layer with weights, and
/// within it the n-th name to the n-th weight. This does the same, regardless of names. If names
/// contradict the order in a way that no version of Keras writes, the file is refused: readers that
/// go by name would see another network.
struct KerasWeightMatching {
  let file: HDF5File
  let network: KerasNetwork
  /// Whether the network is the file's own, rather than from a separate file.
  let isWhole: Bool
  /// The major version of the Keras that wrote the configuration.
  let major: Int

  /// A weight and its path in the file.
  typealias Match = (slot: KerasWeightSlot, place: String)

  /// The groups of Keras 3's weights format, and of Keras 2.13's.
  private static let containers = ["layers", "_layer_checkpoint_dependencies"]

  func match() throws -> [Match] {
    let root = try root()
    if let names = file.namesIfListed(as: "layer_names", in: root) {
      return try match(groups(names, in: root))
    }
    guard let container = Self.containers.first(where: file.hasGroup) else {
      throw KerasError(
        "holds no weights (no attribute 'layer_names'); save them with model.save_weights()")
    }
    return try matchVariables(of: network, in: container, path: [])
  }

  /// Returns the group with the layers: `model_weights` for a whole model, else the root.
  private func root() throws(KerasError) -> String {
    let isListed = file.strings("layer_names") != nil || file.strings("layer_names0") != nil
    guard file.hasGroup("model_weights") else { return "" }
    guard !isListed else {
      throw KerasError(
        "lists the layers of two models, at the root and in 'model_weights'", rule: .kerasAmbiguous)
    }
    return "model_weights"
  }

  // MARK: Keras 2's format: layer_names and weight_names

  /// A layer's group in the file.
  private struct Group {
    let name: String
    var entries: [Entry]
  }

  /// A weight in a file's list: its path in the file, and the last component of its name.
  private struct Entry {
    let path: String
    let role: String

    /// - Parameter name: A name in `weight_names`, for example `outer/conv_1/kernel:0`.
    init(group: String, name: String) {
      path = group + "/" + name
      role = String(name.split(separator: "/").last?.prefix { $0 != ":" } ?? "")
    }

    /// Whether it is the state of a random generator, which some versions of Keras 2 list.
    var isRandomState: Bool { role.hasPrefix("StateVar") || role == "seed_generator_state" }
  }

  /// Returns the groups with weights.
  private func groups(_ names: [String], in root: String) throws -> [Group] {
    if root.isEmpty, Self.containers.contains(where: file.hasGroup) {
      throw KerasError(
        "holds weights twice, in the formats of Keras 2 and Keras 3", rule: .kerasAmbiguous)
    }
    var groups: [Group] = []
    var count = 0
    for name in names {
      try Self.checkPath(name)
      let path = root.isEmpty ? name : "\(root)/\(name)"
      let weights = file.names(listedAs: "weight_names", in: path)
      // A hostile list can repeat a group, and a group can repeat a weight, any number of times.
      count += weights.count + 1
      guard count <= HDF5Catalogue.maximumNodes else {
        throw KerasError("lists more weights than the file has room for", rule: .objectCount)
      }
      for weight in weights { try Self.checkPath(weight) }
      if !weights.isEmpty {
        groups.append(
          Group(name: name, entries: weights.map { Entry(group: path, name: $0) }))
      }
    }
    return groups
  }

  /// Refuses names that HDF5 would resolve outside of the group.
  private static func checkPath(_ name: String) throws(KerasError) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
      throw KerasError(
        "lists a weight or layer as '\(abbreviated(name))', which points elsewhere in the file",
        rule: .kerasAmbiguous)
    }
  }

  private func match(_ all: [Group]) throws(KerasError) -> [Match] {
    let identities = Set(network.layers.filter(\.ignoresWeights).map(\.name))
    let groups = all.filter { !identities.contains($0.name) }
    let layers = network.ordered.filter { !$0.slots(major: major).isEmpty }
    guard groups.count == layers.count else {
      let names = Set(groups.map(\.name))
      if let missing = layers.first(where: { !names.contains($0.name) }) {
        throw KerasError(missing, "the file has no weights for it")
      }
      // Surplus weights belong to another network.
      let known = Set(layers.map(\.name))
      let unknownGroup =
        groups.first { !known.contains($0.name) }?.name ?? "more than one of a name"
      throw KerasError(
        "has weights for a layer '\(unknownGroup)' that the architecture lacks; give the architecture "
          + "of these weights")
    }
    try checkNames(groups.map(\.name), of: layers)
    var matches: [Match] = []
    for (layer, group) in zip(layers, groups) { matches += try match(group.entries, to: layer) }
    return matches
  }

  /// Refuses names that contradict the order.
  ///
  /// In a whole model the names must be those of the layers. A weights file may come from a model
  /// with other automatic names, but must not have the same names in another order.
  private func checkNames(_ names: [String], of layers: [KerasLayer]) throws(KerasError) {
    let expected = layers.map(\.name)
    guard let index = names.indices.first(where: { names[$0] != expected[$0] }),
      isWhole || Set(names) == Set(expected)
    else { return }
    throw KerasError(
      layers[index],
      "by order its weights are those of '\(abbreviated(names[index]))', as Keras reads them, but "
        + "not by name",
      rule: .kerasAmbiguous)
  }

  /// Assigns the weights of a group to a layer, or to the layers of a nested model.
  private func match(_ all: [Entry], to layer: KerasLayer) throws(KerasError) -> [Match] {
    let slots = layer.slots(major: major)
    let required = slots.filter { !$0.isOptional }
    if major >= 3, layer.network != nil,
      let slot = slots.first(where: { $0.className == "Normalization" })
    {
      throw KerasError(
        layer,
        "Keras 3 does not read the mean and variance of its layer '\(slot.layer.last ?? "")' from "
          + "this form of file; create it with Normalization(mean=..., variance=...), or outside a "
          + "nested model",
        rule: .kerasUnsupported)
    }
    var entries = all
    if entries.count > slots.count { entries.removeAll(where: \.isRandomState) }
    guard let fitting = [slots, required].first(where: { $0.count == entries.count }) else {
      throw KerasError(
        layer, "the file has \(all.count) weights for it, but it needs \(required.count)")
    }
    for (slot, entry) in zip(fitting, entries)
    where KerasWeightSlot.roles.contains(entry.role) && !slot.names.contains(entry.role) {
      throw KerasError(
        layer,
        "by order its weight '\(entry.role)' is the '\(slot.role)' of '\(slot.layer.last ?? "")', "
          + "as Keras reads it, but not by name",
        rule: .kerasAmbiguous)
    }
    return zip(fitting, entries).map { ($0, $1.path) }
  }

  // MARK: Keras 3's format of .weights.h5: layers/<class in snake case>/vars/0, 1, ...

  private func matchVariables(
    of network: KerasNetwork, in container: String, path: [String]
  ) throws -> [Match] {
    var matches: [Match] = []
    var counts: [String: Int] = [:]
    var places: [(layer: KerasLayer, place: String)] = []
    for layer in network.ordered {
      let className = layer.isTimeDistributed ? "TimeDistributed" : layer.className
      let base = Self.snakeCase(className == "Model" ? "Functional" : className)
      let count = counts[base, default: 0]
      counts[base] = count + 1
      if layer.slots(major: major).isEmpty { continue }
      places.append((layer, "\(container)/\(base)" + (count == 0 ? "" : "_\(count)")))
    }
    try checkVariableNames(places)
    for (layer, place) in places {
      if let inner = layer.network {
        matches += try matchVariables(of: inner, in: place + "/layers", path: path + [layer.name])
        continue
      }
      let slots = layer.slots(in: path, major: major)
      let variables = place + (layer.isTimeDistributed ? "/layer/vars" : "/vars")
      let present = file.names(in: variables).count
      let required = slots.filter { !$0.isOptional }
      guard present >= required.count, present <= slots.count else {
        throw KerasError(
          layer, "the file has \(present) weights for it, but it needs \(required.count)")
      }
      // Here frozen layers do not change the order: trainable first refers to the kind of a weight.
      for (index, slot) in slots.prefix(present).enumerated() {
        matches.append((slot, "\(variables)/\(index)"))
      }
    }
    return matches
  }

  /// Refuses layer names, which newer files store, if they are the expected ones in another order.
  private func checkVariableNames(
    _ places: [(layer: KerasLayer, place: String)]
  ) throws(KerasError) {
    let names = places.map { _, place in
      file.strings("name", in: place + "/vars")?.first ?? file.strings("name", in: place)?.first
    }
    let expected = places.map(\.layer.name)
    guard Set(names.compactMap { $0 }) == Set(expected) else { return }
    for (index, name) in names.enumerated() where name != expected[index] {
      throw KerasError(
        places[index].layer,
        "by order its weights are those of '\(abbreviated(name ?? ""))', as Keras reads them, but "
          + "not by name",
        rule: .kerasAmbiguous)
    }
  }

  /// Returns the name that Keras derives from a class: `conv2d`, `max_pooling2d`, `dense`.
  static func snakeCase(_ name: String) -> String {
    let letters = Array(name)
    var result = ""
    for (index, letter) in letters.enumerated() {
      let before = index > 0 ? letters[index - 1] : " "
      let after = index + 1 < letters.count ? letters[index + 1] : " "
      if letter.isUppercase, index > 0, before.isLowercase || after.isLowercase { result += "_" }
      result += letter.lowercased()
    }
    return result
  }
}
