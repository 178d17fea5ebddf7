/// A network that the names and shapes of its weights tell, as published code defines it.
///
/// Strides and activations are not in a file of weights, so that only networks whose code is known
/// are recognized, and only if every name and shape is the same. Inputs are colour images.
struct KnownNetwork: Sendable {
  /// What it is, for messages.
  let title: String
  /// Height and width of its images in pixels.
  var side: Int
  private let define: @Sendable (inout NetworkSketch) -> Void

  /// Recognizes the network of a file's weights, whose names may all begin with the same component;
  /// nil if there is none.
  ///
  /// - Parameter side: Height and width of the images, if the file says so.
  static func recognize(
    _ file: StateFile, side: Int? = nil
  ) -> (network: KnownNetwork, ONNXCatalogue)? {
    func shapes() -> [String: [Int]] {
      file.entries.filter { !ONNXFile.isCounter($0.key) }.mapValues(\.shape)
    }
    if let known = recognize(shapes(), side: side) { return known }
    file.dropFirstComponent()
    return recognize(shapes(), side: side)
  }

  /// Recognizes a network; nil if none has exactly these weights.
  ///
  /// - Parameters:
  ///   - shapes: The shapes of the weights by name.
  ///   - side: Height and width of the images; nil: those that the network usually has.
  static func recognize(
    _ shapes: [String: [Int]], side: Int? = nil
  ) -> (network: KnownNetwork, ONNXCatalogue)? {
    for var network in all {
      network.side = side ?? network.side
      var sketch = NetworkSketch(shapes, side: network.side)
      network.define(&sketch)
      if sketch.fits { return (network, sketch.catalogue) }
    }
    return nil
  }

  /// The networks, each of one definition and any number of classes.
  static let all: [KnownNetwork] =
    [
      KnownNetwork(title: "ResNet of torchvision", side: 224) { resNet(&$0, isLarge: true) },
      KnownNetwork(title: "ResNet for CIFAR", side: 32) { resNet(&$0, isLarge: false) },
      KnownNetwork(title: "pre-activation ResNet for CIFAR", side: 32, define: preActResNet),
      KnownNetwork(title: "Wide ResNet for CIFAR", side: 32, define: wideResNet),
      KnownNetwork(title: "small VGG of I-BAU", side: 32, define: smallVGG),
    ]
    + vggStages.flatMap { stages in
      let layers = stages.reduce(0) { $0 + $1.count }
      func large(_ isNormalized: Bool) -> KnownNetwork {
        let ending = isNormalized ? " with batch normalization" : ""
        return KnownNetwork(title: "VGG-\(layers + 3) of torchvision\(ending)", side: 224) {
          largeVGG(&$0, stages.map(\.count), isNormalized: isNormalized)
        }
      }
      return [
        KnownNetwork(title: "VGG-\(layers + 1) for CIFAR", side: 32) { vgg(&$0, stages) },
        large(false), large(true),
      ]
    }

  // MARK: Residual networks

  /// He et al., CVPR 2016: torchvision's form for images of 224 pixels, and those for CIFAR of 4
  /// stages (kuangliu/pytorch-cifar) or 3 (akamaster/pytorch_resnet_cifar10).
  private static func resNet(_ net: inout NetworkSketch, isLarge: Bool) {
    let base = net.outputs(of: "conv1")
    var x = net.normalized(
      net.input, "conv1", "bn1", to: base, size: isLarge ? 7 : 3, stride: isLarge ? 2 : 1)
    x = net.relu(x)
    if isLarge { x = net.maxPool(x, size: 3, stride: 2, padding: 1) }
    net.forEachBlock(base) { net, block, width, stride in
      let past = x
      if net.has("\(block).conv3") {
        x = net.relu(net.normalized(x, "\(block).conv1", "\(block).bn1", to: width, size: 1))
        x = net.relu(
          net.normalized(x, "\(block).conv2", "\(block).bn2", to: width, stride: stride))
        x = net.normalized(x, "\(block).conv3", "\(block).bn3", to: 4 * width, size: 1)
      } else {
        x = net.relu(
          net.normalized(x, "\(block).conv1", "\(block).bn1", to: width, stride: stride))
        x = net.normalized(x, "\(block).conv2", "\(block).bn2", to: width)
      }
      let shortcut = "\(block).\(isLarge ? "downsample" : "shortcut")"
      if net.has("\(shortcut).0") {
        let side = net.normalized(
          past, "\(shortcut).0", "\(shortcut).1", to: x.channels, size: 1, stride: stride)
        x = net.add(x, side)
      } else {
        // Without weights: the identity, padded with channels of zeros.
        x = net.add(x, stride == 1 ? past : net.halved(past, to: x.channels))
      }
      x = net.relu(x)
    }
    net.finish(net.mean(x), isLarge ? "fc" : "linear", name: "resnet")
  }

  /// He et al., ECCV 2016, as in kuangliu/pytorch-cifar and BackdoorBench: no normalization at the
  /// end.
  private static func preActResNet(_ net: inout NetworkSketch) {
    let base = net.outputs(of: "conv1")
    var x = net.convolution(net.input, "conv1", to: base)
    net.forEachBlock(base) { net, block, width, stride in
      let first = net.relu(net.normalization(x, "\(block).bn1"))
      let isDeep = net.has("\(block).conv3")
      let channels = isDeep ? 4 * width : width
      let past =
        net.has("\(block).shortcut.0")
        ? net.convolution(first, "\(block).shortcut.0", to: channels, size: 1, stride: stride) : x
      if isDeep {
        x = net.convolution(first, "\(block).conv1", to: width, size: 1)
        x = net.relu(net.normalization(x, "\(block).bn2"))
        x = net.convolution(x, "\(block).conv2", to: width, stride: stride)
        x = net.relu(net.normalization(x, "\(block).bn3"))
        x = net.convolution(x, "\(block).conv3", to: channels, size: 1)
      } else {
        x = net.convolution(first, "\(block).conv1", to: width, stride: stride)
        x = net.relu(net.normalization(x, "\(block).bn2"))
        x = net.convolution(x, "\(block).conv2", to: width)
      }
      x = net.add(x, past)
    }
    net.finish(net.mean(x), "linear", name: "preactresnet")
  }

  /// Zagoruyko and Komodakis, BMVC 2016, as in xternalz/WideResNet-pytorch, NAD and ABL.
  private static func wideResNet(_ net: inout NetworkSketch) {
    let base = net.outputs(of: "conv1")
    var x = net.convolution(net.input, "conv1", to: base)
    let widths = (1...3).map { net.outputs(of: "block\($0).layer.0.conv1") }
    for (stage, width) in widths.enumerated() {
      let stem = "block\(stage + 1).layer"
      for index in 0..<net.count(of: stem, with: "conv1.weight") {
        let block = "\(stem).\(index)"
        let stride = stage > 0 && index == 0 ? 2 : 1
        let first = net.relu(net.normalization(x, "\(block).bn1"))
        let past =
          x.channels == width
          ? x
          : net.convolution(first, "\(block).convShortcut", to: width, size: 1, stride: stride)
        x = net.convolution(first, "\(block).conv1", to: width, stride: stride)
        x = net.relu(net.normalization(x, "\(block).bn2"))
        x = net.add(net.convolution(x, "\(block).conv2", to: width), past)
      }
    }
    x = net.relu(net.normalization(x, "bn1"))
    net.finish(net.mean(x), "fc", name: "wideresnet")
  }

  // MARK: Plain networks

  /// The stages of VGG-11, 13, 16 and 19 between poolings: the channels of their convolutions.
  private static let vggStages: [[[Int]]] = [
    [[64], [128], [256, 256], [512, 512], [512, 512]],
    [[64, 64], [128, 128], [256, 256], [512, 512], [512, 512]],
    [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]],
    [
      [64, 64], [128, 128], [256, 256, 256, 256], [512, 512, 512, 512], [512, 512, 512, 512],
    ],
  ]

  /// Simonyan and Zisserman, ICLR 2015, with batch normalization and one dense layer, as in
  /// kuangliu/pytorch-cifar.
  private static func vgg(_ net: inout NetworkSketch, _ stages: [[Int]]) {
    var x = net.input
    var index = 0
    for stage in stages {
      for channels in stage {
        x = net.normalized(
          x, "features.\(index)", "features.\(index + 1)", to: channels, hasBias: true)
        x = net.relu(x)
        index += 3
      }
      x = net.maxPool(x)
      index += 1
    }
    net.finish(net.flat(x), "classifier", name: "vgg")
  }

  /// Simonyan and Zisserman, ICLR 2015, with three dense layers behind an adaptive average pooling to
  /// 7x7, as in torchvision.
  private static func largeVGG(
    _ net: inout NetworkSketch, _ stages: [Int], isNormalized: Bool
  ) {
    var x = net.input
    var index = 0
    for count in stages {
      for _ in 0..<count {
        let layer = "features.\(index)"
        x = net.convolution(x, layer, to: net.outputs(of: layer), hasBias: true)
        if isNormalized { x = net.normalization(x, "features.\(index + 1)") }
        x = net.relu(x)
        index += isNormalized ? 3 : 2
      }
      x = net.maxPool(x)
      index += 1
    }
    x = net.flat(net.adaptivePool(x, to: 7))
    for layer in ["classifier.0", "classifier.3"] {
      x = net.relu(net.dense(x, layer, to: net.outputs(of: layer)))
    }
    net.finish(x, "classifier.6", name: "vgg")
  }

  /// The network of Zeng et al., ICLR 2022 (YiZeng623/I-BAU): six convolutions with ELU. Each stage
  /// ends with pooling and dropout.
  private static func smallVGG(_ net: inout NetworkSketch) {
    var x = net.input
    for (stage, channels) in [32, 64, 128].enumerated() {
      for index in [8 * stage, 8 * stage + 3] {
        x = net.normalized(
          x, "features.\(index)", "features.\(index + 1)", to: channels, hasBias: true)
        x = net.elu(x)
      }
      x = net.maxPool(x)
    }
    net.finish(net.flat(x), "classifier", name: "vgg")
  }
}

extension NetworkSketch {
  /// Whether the file has a layer's weight.
  fileprivate func has(_ layer: String) -> Bool { outputs(of: layer) > 0 }

  /// Appends a convolution and its batch normalization.
  fileprivate mutating func normalized(
    _ image: Value, _ convolution: String, _ normalization: String, to channels: Int,
    size: Int = 3, stride: Int = 1, hasBias: Bool = false
  ) -> Value {
    let image = self.convolution(
      image, convolution, to: channels, size: size, stride: stride, hasBias: hasBias)
    return self.normalization(image, normalization)
  }

  /// Calls `append` with the blocks of all stages `layer1`, `layer2`, ...: name, width and stride.
  /// From the second stage on the width doubles and the first block halves the image.
  fileprivate mutating func forEachBlock(
    _ base: Int, append: (inout NetworkSketch, String, Int, Int) -> Void
  ) {
    var (stage, width) = (1, base)
    while stage <= 4, has("layer\(stage).0.conv1") {
      for index in 0..<count(of: "layer\(stage)", with: "conv1.weight") {
        append(&self, "layer\(stage).\(index)", width, stage > 1 && index == 0 ? 2 : 1)
      }
      (stage, width) = (stage + 1, 2 * width)
    }
  }

  /// Appends the dense layer with the scores, the end of the network.
  fileprivate mutating func finish(_ row: Value, _ layer: String, name: String) {
    finish(dense(row, layer, to: outputs(of: layer)), name: name)
  }
}
