import InferenceGraph

/// Networks with layers in `channels_first` are read into our own layout, in which channels are last.
///
/// A layer works on images [height][width][channels] whatever its file says, with the weights that
/// Keras stores. Where a layer sees the order of axes (a dense layer behind a flattening, a reshaping,
/// a sum with an image of the other layout) its weights are brought into our order, or a permutation is
/// put in front of it. So the result is Keras's for an image [channels][height][width].
enum KerasArrangement: Equatable {
  /// An image [height][width][channels] that is [channels][height][width] in Keras.
  case channelsLast
  /// Such an image flattened, which Keras flattens in its own order.
  case flattened(image: [Int])

  /// For each element of a flattened image its place in Keras's.
  static func order(_ image: [Int]) -> [Int] {
    let (height, width, channels) = (image[0], image[1], image[2])
    var order: [Int] = []
    order.reserveCapacity(height * width * channels)
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<channels { order.append((c * height + y) * width + x) }
      }
    }
    return order
  }
}

extension KerasLayer {
  /// Layers that have the axis they work along in their configuration.
  static let axisLayers: Set<String> = [
    "BatchNormalization", "GroupNormalization", "LayerNormalization", "Normalization", "Softmax",
    "Concatenate",
  ]

  /// Whether it takes images [channels][height][width], given the number of its input's axes.
  func isChannelsFirst(rank: Int) -> Bool {
    if config["data_format"]?.string == "channels_first" { return rank == 3 }
    return rank == 3 && Self.axisLayers.contains(className) && !isOperation
      && [1, -3].contains((try? axis()) ?? 0)
  }

  /// The layer with other values in its configuration.
  func replacing(_ values: [String: JSON]) -> KerasLayer {
    KerasLayer(
      className: className, name: name,
      config: JSON((config.object ?? [:]).merging(values) { $1 }), calls: calls,
      network: network, isOperation: isOperation, isTimeDistributed: isTimeDistributed)
  }

  /// Whether it does the same to every element, or to elements at equal positions, wherever they lie.
  func isElementwise(major: Int) -> Bool {
    if network != nil { return false }
    if let arithmetic = KerasArithmetic(self) {
      // `Multiply` and the like are also layers of these names.
      return arithmetic.activation?.isElementwise ?? true
    }
    if isOperation { return false }
    if KerasIdentity.isIdentity(className) { return true }
    switch className {
    case "Average", "CustomScaleLayer": return true
    case "Rescaling":
      return config["scale"]?.number != nil && (config["offset"] ?? 0).number != nil
    default:
      let activation = try? KerasActivation.layer(self, rank: nil, major: major)
      return activation?.isElementwise ?? false
    }
  }
}
