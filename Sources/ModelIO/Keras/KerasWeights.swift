import InferenceGraph

/// The weights of a file, given to the layers that they belong to.
struct KerasWeights {
  /// A weight as the file lists it: its path in the file, and its name's components.
  private struct Entry {
    let path: String
    let components: [Substring]

    /// - Parameter name: As in `weight_names`, such as `outer/conv_1/kernel:0`.
    init(group: String, name: String) {
      path = group + "/" + name
      var parts = name.split(separator: "/")
      if let last = parts.popLast() { parts.append(last.prefix { $0 != ":" }) }
      components = parts
    }
  }

  /// What was read already: layers used many times share their weights' memory.
  private final class Cache {
    var tensors: [String: Tensor] = [:]
    /// The bytes of all tensors; a network may not take much more memory than its file.
    var size = 0
    var findings: [Finding] = []
  }

  private var paths: [[String]: [String: String]] = [:]
  /// Nil if only the network is wanted, and its weights are blank.
  private let file: HDF5File?
  private let isTolerant: Bool
  private let cache = Cache()

  /// What was odd about weights that were read all the same.
  var findings: [Finding] { cache.findings }

  /// Finds the weights of a network's layers in a file.
  ///
  /// - Parameter isTolerant: Whether weights are read although they are NaN or infinite.
  /// - Throws: ``KerasError`` if some are missing, or there are others.
  init(_ file: HDF5File, for network: KerasNetwork, isTolerant: Bool = false) throws {
    self.file = file
    self.isTolerant = isTolerant
    let root = file.hasGroup("model_weights") ? "model_weights" : ""
    if let names = try Self.list("layer_names", in: root, of: file) {
      try match(names, in: root, of: file, to: network)
    } else if file.hasGroup("layers") || file.hasGroup("_layer_checkpoint_dependencies") {
      let container = file.hasGroup("layers") ? "layers" : "_layer_checkpoint_dependencies"
      try matchVariables(of: network, in: container, of: file, path: [])
    } else {
      throw KerasError(
        "holds no weights (no attribute 'layer_names'); save them with model.save_weights()")
    }
  }

  /// Makes blank weights, for a network that is to be trained.
  init(blankFor network: KerasNetwork) {
    file = nil
    isTolerant = false
  }

  /// Whether weights are made instead of read.
  var isBlank: Bool { file == nil }

  /// Returns a layer's weight; nil if the layer has no such weight.
  ///
  /// - Throws: ``KerasError`` if it cannot be read, or, unless that is tolerated, holds a NaN or an
  ///   infinity.
  func tensor(_ role: String, of layer: KerasLayer, in path: [String]) throws -> Tensor? {
    guard let file, let place = paths[path + [layer.name]]?[role] else { return nil }
    if let tensor = cache.tensors[place] { return tensor }
    guard let dataset = file.datasetIfPresent(place) else {
      throw KerasError(layer, "its weight '\(role)' is missing in the file, at '\(place)'")
    }
    cache.size += dataset.info.count * 4
    guard cache.size <= HDF5DatasetInfo.largestUnpacked + 32 * file.size else {
      throw KerasError(
        layer, "the weights unpack to far more than the file's size", rule: .compressionBomb)
    }
    let tensor = Tensor(shape: dataset.info.shape, values: try dataset.floats())
    if let position = tensor.firstNonFinite {
      let count = tensor.values.count { !$0.isFinite }
      let error = KerasError(
        layer,
        "its weight '\(role)' is \(tensor.values[position]) at position \(position) (\(count) of its "
          + "\(tensor.count) values are not finite); the model is damaged or its training diverged",
        rule: .weightsNonfinite)
      guard isTolerant else { throw error }
      cache.findings.append(error.finding)
    }
    cache.tensors[place] = tensor
    return tensor
  }

  /// Returns a new weight of a layer: ones for scales and variances, else zeros.
  ///
  /// - Throws: ``KerasError`` if extents are not positive, or all weights together are more than any
  ///   classifier has.
  func blank(
    _ role: String, of layer: KerasLayer, in path: [String], shape: [Int]
  ) throws(KerasError) -> Tensor {
    let place = (path + [layer.name, role]).joined(separator: "/")
    if let tensor = cache.tensors[place] {
      guard tensor.shape == shape else {
        throw KerasError(
          layer, "its weight '\(role)' has shape \(tensor.shape), where \(shape) fits")
      }
      return tensor
    }
    var count = 1
    for extent in shape {
      let (product, overflows) = count.multipliedReportingOverflow(by: extent)
      guard extent > 0 else {
        throw KerasError(layer, "its weight '\(role)' would have the shape \(shape)")
      }
      guard !overflows, product <= Self.largestBlank else {
        throw KerasError(
          layer, "its weight '\(role)' of shape \(shape) is too large", rule: .graphSize)
      }
      count = product
    }
    cache.size += count
    guard cache.size <= Self.largestBlank else {
      throw KerasError(
        layer, "the layers up to it have more than \(Self.largestBlank) weights, too many",
        rule: .graphSize)
    }
    let value: Float = ["gamma", "moving_variance"].contains(role) ? 1 : 0
    let tensor = Tensor(shape: shape, repeating: value)
    cache.tensors[place] = tensor
    return tensor
  }

  /// The most weights of a network without a file: 1 GiB of them; VGG-19 with its 144 million has
  /// half as many.
  static let largestBlank = 1 << 28

  // MARK: Keras 2's format: layer_names and weight_names

  /// Reads a list of names that may be split over attributes `name0`, `name1`, ...
  private static func list(
    _ name: String, in group: String, of file: HDF5File
  ) throws(FileError) -> [String]? {
    if let names = file.strings(name, in: group) { return names }
    var result: [String]?
    var index = 0
    while let part = file.strings("\(name)\(index)", in: group) {
      result = (result ?? []) + part
      index += 1
    }
    return result
  }

  private mutating func match(
    _ names: [String], in root: String, of file: HDF5File, to network: KerasNetwork
  ) throws {
    var groups: [(name: String, entries: [Entry])] = []
    var count = 0
    for name in names {
      let group = root.isEmpty ? name : "\(root)/\(name)"
      let weights = try Self.list("weight_names", in: group, of: file) ?? []
      // A list can name one group any number of times, and that one any number of weights.
      count += weights.count + 1
      guard count <= HDF5Catalogue.maximumNodes else {
        throw KerasError("lists more weights than the file has room for", rule: .objectCount)
      }
      if !weights.isEmpty {
        groups.append((name, weights.map { Entry(group: group, name: $0) }))
      }
    }
    let identities = Set(network.layers.filter(\.ignoresWeights).map(\.name))
    groups.removeAll { identities.contains($0.name) }
    let layers = network.layers.filter { !$0.slots().isEmpty }
    let byName = Dictionary(groups.map { ($0.name, $0.entries) }) { first, _ in first }
    let missing = layers.filter { byName[$0.name] == nil && !$0.slots().allSatisfy(\.isOptional) }
    if missing.isEmpty {
      // Weights for layers that are not there mean that this is another network's file.
      let known = Set(layers.map(\.name))
      if let stranger = groups.first(where: { !known.contains($0.name) }) {
        throw KerasError(
          "has weights for a layer '\(stranger.name)' that the architecture lacks; "
            + "give the architecture that belongs to these weights")
      }
      for layer in layers { try assign(byName[layer.name] ?? [], to: layer) }
    } else if groups.count == layers.count {
      // As Keras does: names given automatically differ from run to run, the order does not.
      for (layer, group) in zip(layers, groups) { try assign(group.entries, to: layer) }
    } else {
      throw KerasError(missing[0], "the file has no weights for it")
    }
  }

  /// Gives the weights of a group to a layer, or to the layers of a nested model.
  private mutating func assign(_ entries: [Entry], to layer: KerasLayer) throws(KerasError) {
    let slots = layer.slots()
    let isNested = layer.network != nil
    // By name, where every name fits one slot alone.
    var taken: [Int] = []
    for slot in slots {
      let matches = entries.indices.filter { index in
        let components = entries[index].components
        guard let last = components.last, slot.names.contains(String(last)) else { return false }
        return !isNested || components.dropLast().last.map(String.init) == slot.layer.last
      }
      guard matches.count == 1 else {
        if matches.isEmpty && slot.isOptional {
          taken.append(-1)
          continue
        }
        break
      }
      taken.append(matches[0])
    }
    let used = taken.filter { $0 >= 0 }
    if taken.count == slots.count, Set(used).count == used.count,
      used.count == entries.count || isNested
    {
      for (slot, index) in zip(slots, taken) where index >= 0 { set(slot, entries[index].path) }
      return
    }
    // By order.
    let required = slots.filter { !$0.isOptional }
    let fitting = entries.count == slots.count ? slots : required
    guard entries.count == fitting.count else {
      throw KerasError(
        layer, "the file has \(entries.count) weights for it, where \(required.count) are needed")
    }
    for (slot, entry) in zip(fitting, entries) { set(slot, entry.path) }
  }

  private mutating func set(_ slot: KerasWeightSlot, _ path: String) {
    paths[slot.layer, default: [:]][slot.role] = path
  }

  // MARK: Keras 3's format of .weights.h5: layers/<class in snake case>/vars/0, 1, ...

  private mutating func matchVariables(
    of network: KerasNetwork, in container: String, of file: HDF5File, path: [String]
  ) throws {
    // Groups are named by class, but say the layer's name where the file is new enough.
    var named: [String: String] = [:]
    for group in file.names(in: container) {
      let place = "\(container)/\(group)"
      if let name = file.strings("name", in: place)?.first
        ?? file.strings("name", in: place + "/vars")?.first
      {
        named[name] = place
      }
    }
    let weighted = network.layers.filter { !$0.slots().isEmpty }
    let isNamed = weighted.allSatisfy { named[$0.name] != nil }
    var counts: [String: Int] = [:]
    for layer in network.layers {
      let base = Self.snakeCase(layer.className == "Model" ? "Functional" : layer.className)
      let count = counts[base, default: 0]
      counts[base] = count + 1
      let slots = layer.slots(in: path)
      if slots.isEmpty { continue }
      let byClass = "\(container)/\(base)" + (count == 0 ? "" : "_\(count)")
      let place = isNamed ? named[layer.name] ?? byClass : byClass
      if let inner = layer.network {
        try matchVariables(
          of: inner, in: place + "/layers", of: file, path: path + [layer.name])
        continue
      }
      let present = file.names(in: place + "/vars").count
      let required = slots.filter { !$0.isOptional }
      guard present >= required.count, present <= slots.count else {
        throw KerasError(
          layer, "the file has \(present) weights for it, where \(required.count) are needed")
      }
      // Frozen layers keep their order here: trainable first is by the weight's kind.
      for (index, slot) in slots.prefix(present).enumerated() {
        set(slot, "\(place)/vars/\(index)")
      }
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
