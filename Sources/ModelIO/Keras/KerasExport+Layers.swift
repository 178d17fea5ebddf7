import InferenceGraph

extension Graph.Node {
  /// Returns the node as a Keras layer; its configuration has "activation" if the layer accepts
  /// one.
  ///
  /// - Parameter operation: The node's operation, with a padding that Keras supports.
  func keras(_ operation: Graph.Operation, name: String, inputs: [Int]) -> KerasExportLayer {
    func layer(
      _ className: String, _ config: [String: JSON] = [:],
      _ weights: [(String, Tensor?)] = []
    ) -> KerasExportLayer {
      KerasExportLayer(
        name: name, className: className, config: config, inputs: inputs,
        weights: weights.compactMap { role, tensor in tensor.map { (role, $0) } })
    }
    switch operation {
    case .input:
      return layer(
        "InputLayer",
        ["batch_input_shape": .array([.null] + shape.map { JSON($0) }), "sparse": false])
    case .convolution(let c):
      var config = windowConfig(c.kernel, c.strides, c.dilation, c.padding)
      config["filters"] = JSON(c.kernel.shape[3])
      config["use_bias"] = .bool(c.bias != nil)
      // Older versions of Keras don't know the key.
      if c.groups != 1 { config["groups"] = JSON(c.groups) }
      return layer("Conv2D", config, [("kernel", c.kernel), ("bias", c.bias)])
    case .depthwiseConvolution(let c):
      var config = windowConfig(c.kernel, c.strides, c.dilation, c.padding)
      config["depth_multiplier"] = JSON(c.kernel.shape[3])
      config["use_bias"] = .bool(c.bias != nil)
      return layer("DepthwiseConv2D", config, [("depthwise_kernel", c.kernel), ("bias", c.bias)])
    case .separableConvolution(let c):
      let d = c.depthwise
      var config = windowConfig(d.kernel, d.strides, d.dilation, d.padding)
      config["filters"] = JSON(c.pointwise.shape[3])
      config["depth_multiplier"] = JSON(d.kernel.shape[3])
      config["use_bias"] = .bool(c.bias != nil)
      return layer(
        "SeparableConv2D", config,
        [("depthwise_kernel", d.kernel), ("pointwise_kernel", c.pointwise), ("bias", c.bias)])
    case .pooling(let p):
      return layer(
        p.kind == .max ? "MaxPooling2D" : "AveragePooling2D",
        [
          "pool_size": JSON([p.window.height, p.window.width]),
          "strides": JSON([p.strides.height, p.strides.width]),
          "padding": p.padding.keras, "data_format": "channels_last",
        ])
    case .globalPooling(let kind, let keepsDimensions):
      var config: [String: JSON] = ["data_format": "channels_last"]
      if keepsDimensions { config["keepdims"] = true }
      return layer(kind == .max ? "GlobalMaxPooling2D" : "GlobalAveragePooling2D", config)
    case .dense(let d):
      return layer(
        "Dense",
        [
          "units": JSON(d.kernel.shape[1]), "use_bias": .bool(d.bias != nil),
          "activation": "linear",
        ], [("kernel", d.kernel), ("bias", d.bias)])
    case .batchNormalization(let b):
      return layer(
        "BatchNormalization",
        [
          "axis": -1, "epsilon": JSON(b.epsilon), "momentum": JSON(Float(0.99)),
          "scale": .bool(b.gamma != nil), "center": .bool(b.beta != nil),
        ],
        [
          ("gamma", b.gamma), ("beta", b.beta), ("moving_mean", b.mean),
          ("moving_variance", b.variance),
        ])
    case .layerNormalization(let n):
      var config: [String: JSON] = [
        "axis": -1, "epsilon": JSON(n.epsilon), "scale": .bool(n.gamma != nil),
        "center": .bool(n.beta != nil),
      ]
      if case .groups(let count) = n.scope { config["groups"] = JSON(count) }
      return layer(
        n.scope == .position ? "LayerNormalization" : "GroupNormalization", config,
        [("gamma", n.gamma), ("beta", n.beta)])
    case .parametricReLU(let r):
      let shared = Array(1..<max(1, shape.count))
      var config: [String: JSON] = [:]
      if !shared.isEmpty { config["shared_axes"] = JSON(shared) }
      let extents = shared.map { _ in 1 } + [r.alpha.count]
      return layer("PReLU", config, [("alpha", Tensor(shape: extents, values: r.alpha.values))])
    case .rescaling(let r):
      return layer("Rescaling", ["scale": list(r.scale), "offset": list(r.offset)])
    case .flatten: return layer("Flatten", ["data_format": "channels_last"])
    case .reshape(let target): return layer("Reshape", ["target_shape": JSON(target)])
    case .zeroPadding(let top, let bottom, let left, let right):
      return layer(
        "ZeroPadding2D",
        [
          "padding": [JSON([top, bottom]), JSON([left, right])],
          "data_format": "channels_last",
        ])
    case .add where inputs.count > 1: return layer("Add")
    case .multiply where inputs.count > 1: return layer("Multiply")
    case .maximum where inputs.count > 1: return layer("Maximum")
    case .minimum where inputs.count > 1: return layer("Minimum")
    case .rearrange(.zeroInsertion(let rows, let columns)):
      // A 1x1 kernel with the identity matrix copies each pixel.
      let channels = shape[2]
      let identity = (0..<channels * channels).map { Float($0 % (channels + 1) == 0 ? 1 : 0) }
      var config = KerasTransposedWindow(
        Extent(1, 1), strides: Extent(rows, columns), outputPadding: Extent(0, 0)
      ).config
      config["filters"] = JSON(channels)
      config["use_bias"] = false
      config["trainable"] = false
      return layer(
        "Conv2DTranspose", config,
        [("kernel", Tensor(shape: [1, 1, channels, channels], values: identity))])
    case .rearrange(let r):
      let (className, config) = r.keras
      return layer(className, config)
    case .resize(let r):
      return layer("Resizing", resizing(r.height, r.width, "bilinear"))
    case .concatenate where inputs.count > 1: return layer("Concatenate", ["axis": -1])
    case .binaryLogits:
      return layer(
        "Dense",
        ["units": 2, "use_bias": false, "activation": "linear", "trainable": false],
        [("kernel", Tensor(shape: [1, 2], values: [0, 1]))])
    case .trainingOnly(let kind):
      let (className, config) = kind.keras
      return layer(className, config)
    case .adaptivePooling, .responseNormalization, .matrixProduct, .constantValue:
      preconditionFailure("\(operation.displayName) is no layer of Keras")
    // Keras refuses to merge a single input, which is the identity.
    case .activation, .add, .multiply, .maximum, .minimum, .concatenate:
      return layer("Activation", ["activation": "linear"])
    }
  }

  private func windowConfig(
    _ kernel: Tensor, _ strides: Extent, _ dilation: Extent, _ padding: Padding
  ) -> [String: JSON] {
    [
      "kernel_size": JSON([kernel.shape[0], kernel.shape[1]]),
      "strides": JSON([strides.height, strides.width]),
      "dilation_rate": JSON([dilation.height, dilation.width]),
      "padding": padding.keras, "data_format": "channels_last", "activation": "linear",
    ]
  }
}

extension Padding {
  fileprivate var keras: JSON {
    switch self {
    case .valid: "valid"
    case .same: "same"
    case .explicit: preconditionFailure("Keras has no explicit padding")
    }
  }
}

/// Returns one number as a scalar, several (one per channel) as a list.
private func list(_ values: [Float]) -> JSON {
  values.count == 1 ? JSON(values[0]) : .array(values.map { JSON($0) })
}

private func resizing(
  _ height: Int, _ width: Int, _ interpolation: String
) -> [String: JSON] {
  [
    "height": JSON(height), "width": JSON(width),
    "interpolation": .string(interpolation), "crop_to_aspect_ratio": false,
  ]
}

extension Rearrangement {
  fileprivate var keras: (String, [String: JSON]) {
    switch self {
    case .permutation(let axes): ("Permute", ["dims": JSON(axes.map { $0 + 1 })])
    case .cropping(let top, let bottom, let left, let right):
      (
        "Cropping2D",
        [
          "cropping": [JSON([top, bottom]), JSON([left, right])],
          "data_format": "channels_last",
        ]
      )
    case .repetition(let rows, let columns):
      (
        "UpSampling2D",
        [
          "size": JSON([rows, columns]), "data_format": "channels_last",
          "interpolation": "nearest",
        ]
      )
    case .nearest(let height, let width): ("Resizing", resizing(height, width, "nearest"))
    case .zeroInsertion, .selection: preconditionFailure("it is a layer with a kernel")
    }
  }
}

extension TrainingOnly {
  fileprivate var keras: (String, [String: JSON]) {
    switch self {
    case .dropout(let rate): ("Dropout", ["rate": JSON(rate)])
    case .spatialDropout(let rate):
      ("SpatialDropout2D", ["rate": JSON(rate), "data_format": "channels_last"])
    case .gaussianDropout(let rate): ("GaussianDropout", ["rate": JSON(rate)])
    case .alphaDropout(let rate): ("AlphaDropout", ["rate": JSON(rate)])
    case .gaussianNoise(let deviation): ("GaussianNoise", ["stddev": JSON(deviation)])
    // The layer's parameters are not stored; at inference it is the identity.
    case .other: ("Activation", ["activation": "linear"])
    }
  }
}
