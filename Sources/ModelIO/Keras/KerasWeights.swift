import InferenceGraph

/// The weights of a file, given to the layers that they belong to.
struct KerasWeights {
  /// What was read already: layers used many times share their weights' memory.
  private final class Cache {
    var tensors: [String: Tensor] = [:]
    /// The bytes of all tensors; a network may not take much more memory than its file.
    var size = 0
    var findings: [Finding] = []
  }

  /// Where each layer's weights are in the file, by the layer's path and what it calls them.
  private var paths: [[String]: [String: String]] = [:]
  /// Nil if only the network is wanted, and its weights are blank.
  private let file: HDF5File?
  private let isTolerant: Bool
  private let cache = Cache()

  /// What was odd about weights that were read all the same.
  var findings: [Finding] { cache.findings }

  /// Finds the weights of a network's layers in a file.
  ///
  /// - Parameters:
  ///   - isWhole: Whether the network is the file's own, rather than one that was given with it.
  ///   - major: The major version of the Keras that wrote the configuration.
  ///   - isTolerant: Whether weights are read although they are NaN or infinite.
  /// - Throws: ``KerasError`` if some are missing, there are others, or names and order contradict
  ///   each other.
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
}
