import InferenceGraph

/// The element order of a value that differs from the one in Keras.
///
/// Networks with `channels_first` layers are converted to channels last. Every layer works on
/// images [height][width][channels], with the weights that Keras stores. Some layers depend on the
/// order of elements: a dense layer after flattening, a reshape, a sum with an image of the other
/// layout. Their weights are permuted, or a permutation precedes them. The network's result is the
/// one that Keras computes for the image as [channels][height][width].
enum KerasArrangement: Equatable {
  /// An image [height][width][channels] that is [channels][height][width] in Keras.
  case channelsLast
  /// A flattened image of that kind; Keras flattens [channels][height][width].
  case flattened(image: [Int])

  /// Returns the index in Keras's order for each element of a flattened image.
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
  /// The layers with an `axis` in their configuration.
  static let axisLayers: Set<String> = [
    "BatchNormalization", "GroupNormalization", "LayerNormalization", "Normalization", "Softmax",
    "Concatenate",
  ]

  /// Returns whether the layer works on images [channels][height][width].
  ///
  /// - Parameter rank: The number of the input's axes without the batch.
  func isChannelsFirst(rank: Int) -> Bool {
    if config["data_format"]?.string == "channels_first" { return rank == 3 }
    return rank == 3 && Self.axisLayers.contains(className) && !isOperation
      && [1, -3].contains((try? axis()) ?? 0)
  }

  /// Returns the layer with some values of its configuration replaced.
  func replacing(_ values: [String: JSON]) -> KerasLayer {
    KerasLayer(
      className: className, name: name,
      config: JSON((config.object ?? [:]).merging(values) { $1 }), calls: calls,
      network: network, isOperation: isOperation, isTimeDistributed: isTimeDistributed)
  }

  /// Returns whether the layer treats all elements alike, independently of their positions.
  func isElementwise(major: Int) -> Bool {
    if network != nil { return false }
    if let arithmetic = KerasArithmetic(self) {
      // `Multiply` and some others are also names of layers.
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
