import InferenceGraph

/// The weights of a file, assigned to layers.
struct KerasWeights {
  /// The weights read so far; several uses of a layer share memory.
  private final class Cache {
    var tensors: [String: Tensor] = [:]
    /// The bytes of all tensors, or the number of blank weights; a limit keeps a small file from
    /// taking much memory.
    var size = 0
    var findings: [Finding] = []
  }

  /// The path of each weight in the file, by the layer's path and the weight's role.
  private var paths: [[String]: [String: String]] = [:]
  /// The file; nil for blank weights.
  private let file: HDF5File?
  private let isTolerant: Bool
  private let cache = Cache()

  /// The paths of all assigned weights in the file.
  var places: Set<String> { Set(paths.values.flatMap(\.values)) }

  /// Findings about weights that were read nevertheless.
  var findings: [Finding] { cache.findings }

  /// Assigns a file's weights to a network's layers.
  ///
  /// - Parameters:
  ///   - isWhole: Whether the network is the file's own, rather than from a separate file.
  ///   - major: The major version of the Keras that wrote the configuration.
  ///   - isTolerant: Whether to accept NaN and infinite weights.
  /// - Throws: ``KerasError`` if weights are missing or superfluous, or names contradict the order.
  init(
    _ file: HDF5File, for network: KerasNetwork, isWhole: Bool, major: Int, isTolerant: Bool = false
  ) throws {
    self.file = file
    self.isTolerant = isTolerant
    let matching = KerasWeightMatching(file: file, network: network, isWhole: isWhole, major: major)
    for (slot, place) in try matching.match() {
      paths[slot.layer, default: [:]][slot.role] = place
    }
  }

  /// Creates blank weights, for training from scratch.
  init(blankFor network: KerasNetwork) {
    file = nil
    isTolerant = false
  }

  /// Whether weights are blank instead of read from a file.
  var isBlank: Bool { file == nil }

  /// Returns a layer's weight; nil if the layer has no such weight.
  ///
  /// - Throws: ``KerasError`` if the weight is missing or cannot be read, or if it holds NaN or
  ///   infinity and this is not tolerant.
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

  /// Returns a blank weight of a layer: ones for scales and variances, zeros otherwise.
  ///
  /// - Throws: ``KerasError`` if an extent is not positive, or all weights together exceed
  ///   ``largestBlank``.
  func blank(
    _ role: String, of layer: KerasLayer, in path: [String], shape: [Int]
  ) throws(KerasError) -> Tensor {
    let place = (path + [layer.name, role]).joined(separator: "/")
    if let tensor = cache.tensors[place] {
      guard tensor.shape == shape else {
        throw KerasError(
          layer, "its weight '\(role)' has shape \(tensor.shape), but needs \(shape)")
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

  /// The largest number of blank weights, 1 GiB; VGG-19 has 144 million.
  static let largestBlank = 1 << 28
}
