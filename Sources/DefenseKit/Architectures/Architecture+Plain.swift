internal import InferenceGraph

extension Architecture {
  /// The DeepID network of the CSAW-HackML 2020 lab: four convolutions, the last of which is
  /// bypassed by half of the features.
  ///
  /// After Sun, Wang and Tang, "Deep Learning Face Representation from Predicting 10,000 Classes",
  /// CVPR 2014, whose last hidden layer reads the third and the fourth convolution.
  static let deepID = Architecture(
    "deepid",
    "Face recognizer of the CSAW lab: four convolutions; the last two both lead to the "
      + "features.",
    imageShape: [55, 47, 3], least: 31
  ) { (net, classCount) throws(GraphError) in
    try net.convolution("conv_1", 20, 4, padding: .valid, activation: .relu)
    try net.maxPooling("pool_1")
    try net.convolution("conv_2", 40, 3, padding: .valid, activation: .relu)
    try net.maxPooling("pool_2")
    try net.convolution("conv_3", 60, 3, padding: .valid, activation: .relu)
    let third = try net.maxPooling("pool_3")
    let fourth = try net.convolution("conv_4", 80, 2, padding: .valid, activation: .relu)
    let flatThird = try net.add("flatten_1", .flatten, from: third)
    let flatFourth = try net.add("flatten_2", .flatten, from: fourth)
    let first = try net.dense("fc_1", 160, from: flatThird)
    let second = try net.dense("fc_2", 160, from: flatFourth)
    try net.add("add_1", .add, from: first, second)
    try net.relu("activation_1")
    try net.dense("output", classCount, activation: .softmax)
  }

  /// Three convolutions and a hidden dense layer: 6.7 million multiply-adds for a 28x28 grey image.
  static let smallCNN = Architecture(
    "small-cnn", "Three 3x3 convolutions and a hidden dense layer with dropout, for 28x28.",
    imageShape: [28, 28, 1], least: 8
  ) { (net, classCount) throws(GraphError) in
    for (index, filters) in smallFilters.enumerated() {
      try net.convolution("conv_\(index + 1)", filters, 3, activation: .relu)
      try net.maxPooling("pool_\(index + 1)")
    }
    try net.smallHead(classCount)
  }

  /// `small-cnn` with batch normalization after every convolution, which some defenses require.
  static let smallNormalizedCNN = Architecture(
    "small-cnn-bn", "small-cnn with batch normalization, for 28x28.",
    imageShape: [28, 28, 1], least: 8
  ) { (net, classCount) throws(GraphError) in
    for (index, filters) in smallFilters.enumerated() {
      try net.convolution("conv_\(index + 1)", filters, 3, hasBias: false)
      try net.normalization("norm_\(index + 1)")
      try net.relu("relu_\(index + 1)")
      try net.maxPooling("pool_\(index + 1)")
    }
    try net.smallHead(classCount)
  }

  private static let smallFilters = [32, 64, 96]

  /// VGG with 11 layers (Simonyan and Zisserman 2015, configuration A), adapted to 32x32: batch
  /// normalization (Ioffe and Szegedy 2015) after every convolution, and one dense layer.
  ///
  /// Pooling keeps an odd last row and column, so that images of 28x28 pass all five poolings. The
  /// remaining positions are averaged; for 32x32 there is only one.
  static let vgg = Architecture(
    "vgg", "VGG-11 with batch normalization, for 32x32.", imageShape: [32, 32, 3], least: 16
  ) { (net, classCount) throws(GraphError) in
    var number = 0
    for (stage, filters) in [[64], [128], [256, 256], [512, 512], [512, 512]].enumerated() {
      for filters in filters {
        number += 1
        try net.convolution("conv_\(number)", filters, 3, hasBias: false)
        try net.normalization("norm_\(number)")
        try net.relu("relu_\(number)")
      }
      try net.maxPooling("pool_\(stage + 1)", padding: .same)
    }
    try net.add("average", .globalPooling(.average, keepsDimensions: false))
    try net.dense("output", classCount, activation: .softmax)
  }
}

extension ArchitectureBuilder {
  /// Appends the dense layers of the small networks.
  fileprivate mutating func smallHead(_ classCount: Int) throws(GraphError) {
    try add("flatten", .flatten)
    try dense("fc_1", 128, activation: .relu)
    try add("dropout", .trainingOnly(.dropout(rate: 0.5)))
    try dense("output", classCount, activation: .softmax)
  }
}
