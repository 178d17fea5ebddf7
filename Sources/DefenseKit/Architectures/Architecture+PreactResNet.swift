internal import InferenceGraph

extension Architecture {
  /// The pre-activation residual network with 18 layers, for 32x32.
  ///
  /// After He, Zhang, Ren and Sun, "Identity Mappings in Deep Residual Networks", ECCV 2016, with
  /// the widths 64, 128, 256 and 512 of their network for ImageNet. For small images the first
  /// convolution is 3x3 and no pooling precedes the blocks. The shortcut of a block that changes
  /// the shape is a 1x1 convolution of the output of the block's first rectifier.
  ///
  /// Convolutions with stride 2 pad like Keras's "same": even extents only after the last pixel.
  /// PyTorch's networks pad both sides, so that their weights do not fit this network.
  static let preactResNet = Architecture(
    "preact-resnet", "The pre-activation ResNet-18, for 32x32.", imageShape: [32, 32, 3], least: 8
  ) { (net, classCount) throws(GraphError) in
    try net.convolution("conv_1", 64, 3, hasBias: false)
    for (stage, filters) in [64, 128, 256, 512].enumerated() {
      for block in 1...2 {
        try net.preactivationBlock(
          "stage_\(stage + 1)_block_\(block)", filters, stride: stage > 0 && block == 1 ? 2 : 1)
      }
    }
    try net.normalization("norm")
    try net.relu("relu")
    try net.add("average", .globalPooling(.average, keepsDimensions: false))
    try net.dense("output", classCount, activation: .softmax)
  }
}

extension ArchitectureBuilder {
  /// Appends normalization, rectifier and convolution, twice, and the sum with the shortcut.
  fileprivate mutating func preactivationBlock(
    _ name: String, _ filters: Int, stride: Int
  ) throws(GraphError) {
    let input = tip
    try normalization("\(name)_norm_1")
    let active = try relu("\(name)_relu_1")
    var shortcut = input
    if stride != 1 || shape(of: input).last != filters {
      shortcut = try convolution(
        "\(name)_shortcut", filters, 1, from: active, stride: stride, hasBias: false)
    }
    try convolution("\(name)_conv_1", filters, 3, from: active, stride: stride, hasBias: false)
    try normalization("\(name)_norm_2")
    try relu("\(name)_relu_2")
    let residual = try convolution("\(name)_conv_2", filters, 3, hasBias: false)
    try add("\(name)_add", .add, from: shortcut, residual)
  }
}
