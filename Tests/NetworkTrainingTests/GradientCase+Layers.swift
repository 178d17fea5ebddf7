import ReferenceInference

@testable import InferenceGraph

extension GradientCase {
  /// Operations with kernels, and normalization.
  static let layers =
    convolutions + channelwise + dense + normalizations + layerNormalizations + attention

  private static let attention: [GradientCase] = [
    GradientCase("parametric rectifier behind a convolution", [5, 4, 2]) {
      try $0.windows("a", 3, (3, 3), padding: .same)
      try $0.add("p", .parametricReLU(ParametricReLU(alpha: $0.tensor([3]))))
      try $0.windows("b", 2, (3, 3), padding: .same)
    },
    GradientCase("parametric rectifier of the images, and of a vector with an activation") {
      try $0.add("p", .parametricReLU(ParametricReLU(alpha: $0.tensor([3]))))
      try $0.add("g", .globalPooling(.average, keepsDimensions: false))
      try $0.dense("d", 5)
      try $0.add("q", .parametricReLU(ParametricReLU(alpha: $0.tensor([5]))), activation: .tanh)
    },
    GradientCase(
      "response normalization, an odd and an even size, its input read twice", [3, 4, 2]
    ) {
      let a = try $0.windows("a", 7, (2, 2), activation: .tanh)
      let n = try $0.add(
        "n", .responseNormalization(ResponseNormalization(size: 5, alpha: 2, bias: 0.5)),
        activation: .tanh)
      let m = try $0.add(
        "m", .responseNormalization(ResponseNormalization(size: 4, alpha: 3, beta: 1.5)), from: a)
      try $0.add("sum", .add, from: n, m)
    },
    GradientCase("products of stacks of matrices", [3, 4, 2]) {
      let a = try $0.windows("a", 3, (1, 1), activation: .tanh)
      let b = try $0.add("b", .rearrange(.permutation(axes: [0, 2, 1])))
      let c = try $0.add("c", .matrixProduct, from: a, b, activation: .softmax)
      let d = try $0.add("d", .matrixProduct, from: b, c)
      try $0.add("e", .matrixProduct, from: d, a, activation: .relu)
    },
    GradientCase("the square of a matrix", [5, 5]) {
      let a = try $0.dense("a", 5, activation: .tanh)
      try $0.add("s", .matrixProduct, from: a, a)
    },
    GradientCase("constants added, multiplied and alone", [2, 3, 2]) {
      let a = try $0.windows("a", 3, (1, 1), activation: .tanh)
      let c = try $0.add("c", .constantValue(ConstantValue($0.tensor([2, 3, 3]))), from: a)
      let d = try $0.add("d", .constantValue(ConstantValue($0.tensor([1, 3, 1]))), from: 0)
      let s = try $0.add("s", .add, from: a, c)
      let p = try $0.add("p", .multiply, from: s, d)
      let e = try $0.windows("e", 3, (1, 1), activation: .tanh)
      try $0.add("f", .concatenate, from: p, e)
    },
  ]

  private static let convolutions: [GradientCase] = [
    GradientCase("3x3 valid", [6, 7, 2]) { try $0.windows("c", 3, (3, 3)) },
    GradientCase("3x3 same, no bias") {
      try $0.windows("c", 5, (3, 3), padding: .same, bias: false)
    },
    GradientCase("3x3 same behind another", [5, 4, 2]) {
      try $0.windows("a", 4, (3, 3), padding: .same, activation: .relu)
      try $0.windows("b", 3, (3, 3), padding: .same, activation: .relu)
    },
    GradientCase("2x2 strides 2 same", [7, 5, 2]) {
      try $0.windows("c", 3, (2, 2), strides: (2, 2), padding: .same)
    },
    GradientCase("3x3 strides 2 valid", [7, 8, 2]) {
      try $0.windows("c", 3, (3, 3), strides: (2, 2))
    },
    GradientCase("3x3 strides 2 same", [6, 7, 2]) {
      try $0.windows("c", 3, (3, 3), strides: (2, 2), padding: .same)
    },
    GradientCase("3x2 strides 3 same", [8, 9, 2]) {
      try $0.windows("c", 3, (3, 2), strides: (3, 3), padding: .same)
    },
    GradientCase("3x3 strides 2 and 1", [6, 5, 2]) {
      try $0.windows("c", 3, (3, 3), strides: (2, 1), padding: .same)
    },
    GradientCase("5x5 strides 3 and 2", [8, 9, 1]) {
      try $0.windows("c", 3, (5, 5), strides: (3, 2), padding: .same)
    },
    GradientCase("1x1") { try $0.windows("c", 7, (1, 1)) },
    GradientCase("1x1 strides 2, pixels that no window reads", [5, 6, 3]) {
      try $0.windows("a", 4, (1, 1), activation: .relu)
      try $0.windows("b", 4, (1, 1), strides: (2, 2))
    },
    GradientCase("2x2 strides 3, pixels that no window reads", [8, 9, 2]) {
      try $0.windows("c", 3, (2, 2), strides: (3, 3))
    },
    GradientCase("rows and columns left over", [8, 7, 2]) {
      try $0.windows("c", 3, (3, 2), strides: (3, 3))
    },
    GradientCase("3x3 dilation 2 same", [9, 8, 2]) {
      try $0.windows("c", 3, (3, 3), dilation: (2, 2), padding: .same)
    },
    GradientCase("2x3 dilation 3 and 2", [7, 9, 2]) {
      try $0.windows("c", 3, (2, 3), dilation: (3, 2))
    },
    GradientCase("4x4 same, even", [5, 6, 2]) { try $0.windows("c", 3, (4, 4), padding: .same) },
    GradientCase("5x1, and the whole image", [5, 4, 2]) {
      try $0.windows("a", 3, (5, 1), padding: .same, activation: .tanh)
      try $0.windows("b", 4, (5, 4))
    },
    GradientCase("groups 2", [5, 5, 4]) { try $0.windows("c", 6, (3, 3), groups: 2) },
    GradientCase("groups 3, strides 2 same", [6, 5, 6]) {
      try $0.windows("a", 6, (1, 1), activation: .relu)
      try $0.windows("b", 9, (2, 2), strides: (2, 2), padding: .same, groups: 3)
    },
    GradientCase("groups 4, one channel each, dilation", [5, 6, 4]) {
      try $0.windows("c", 8, (2, 2), dilation: (2, 1), padding: .same, groups: 4)
    },
    GradientCase("many filters", [4, 4, 3]) { try $0.windows("c", 19, (2, 2)) },
    GradientCase("a single pixel", [1, 1, 5]) { try $0.windows("c", 3, (1, 1)) },
    wide("same, even extents", [6, 4, 2], 13, 16, .same),
    wide("same, odd extents", [5, 7, 2], 12, 12, .same),
    wide("valid", [7, 6, 2], 14, 13, .valid),
    wide("wide to narrow", [5, 6, 2], 12, 4, .same),
    wide("two pixels", [2, 3, 2], 12, 13, .same),
    wide(
      "more zeros than full padding", [4, 5, 2], 12, 13,
      .explicit(top: 3, bottom: 1, left: 0, right: 4)),
    GradientCase("explicit padding, strides and dilation", [6, 5, 2]) {
      try $0.windows(
        "a", 3, (3, 2), strides: (2, 3),
        padding: .explicit(top: 1, bottom: 3, left: 2, right: 0), activation: .tanh)
      try $0.windows(
        "b", 4, (2, 2), dilation: (2, 1), padding: .explicit(top: 4, bottom: 0, left: 1, right: 2))
    },
    GradientCase("explicit padding, groups", [5, 4, 4]) {
      try $0.windows(
        "c", 6, (3, 3), padding: .explicit(top: 0, bottom: 2, left: 1, right: 3), groups: 2)
    },
    GradientCase("Winograd, its input read by another too", [5, 6, 2]) {
      let x = try $0.windows("a", 12, (1, 1), activation: .relu)
      let y = try $0.windows("b", 12, (3, 3), padding: .same)
      $0.tip = x
      let z = try $0.windows("c", 12, (3, 3), padding: .same)
      try $0.add("sum", .add, from: y, z, activation: .tanh)
    },
  ]

  /// 3x3 layers wide enough for Winograd's algorithm.
  private static func wide(
    _ name: String, _ shape: [Int], _ inputs: Int, _ outputs: Int, _ padding: Padding
  ) -> GradientCase {
    GradientCase("Winograd, \(name)", shape) {
      try $0.windows("a", inputs, (1, 1), activation: .tanh)
      try $0.windows("b", outputs, (3, 3), padding: padding, activation: .relu)
      try $0.windows("c", 12, (1, 1))
    }
  }

  private static let channelwise: [GradientCase] = [
    GradientCase("depthwise 3x3 valid") {
      try $0.add("d", .depthwiseConvolution($0.channelwise((3, 3), bias: true)))
    },
    GradientCase("depthwise 3x2 same, multiplier 2") {
      try $0.add("d", .depthwiseConvolution($0.channelwise((3, 2), padding: .same, multiplier: 2)))
    },
    GradientCase("depthwise, explicit padding", [5, 6, 2]) {
      try $0.add(
        "d",
        .depthwiseConvolution(
          $0.channelwise(
            (3, 2), strides: (2, 1), padding: .explicit(top: 2, bottom: 0, left: 0, right: 3),
            multiplier: 2)))
    },
    GradientCase("depthwise strides 2 same, multiplier 3", [6, 7, 2]) {
      try $0.windows("a", 3, (1, 1), activation: .relu)
      try $0.add(
        "d",
        .depthwiseConvolution(
          $0.channelwise((3, 3), strides: (2, 2), padding: .same, multiplier: 3, bias: true)),
        activation: .relu)
    },
    GradientCase("depthwise strides 3, gaps", [8, 7, 2]) {
      try $0.add("d", .depthwiseConvolution($0.channelwise((2, 2), strides: (3, 3))))
    },
    GradientCase("depthwise dilation 2 and 3", [7, 8, 2]) {
      try $0.add(
        "d",
        .depthwiseConvolution($0.channelwise((3, 2), dilation: (2, 3), padding: .same, bias: true)))
    },
    GradientCase("separable") {
      try $0.add(
        "s",
        .separableConvolution(
          SeparableConvolution(
            depthwise: $0.channelwise((3, 3), padding: .same), pointwise: $0.tensor([1, 1, 3, 4]),
            bias: $0.tensor([4]))), activation: .relu)
    },
    GradientCase("separable, strides 2, multiplier 2, no bias", [6, 5, 2]) {
      try $0.windows("a", 3, (1, 1), activation: .tanh)
      try $0.add(
        "s",
        .separableConvolution(
          SeparableConvolution(
            depthwise: $0.channelwise((3, 3), strides: (2, 2), multiplier: 2),
            pointwise: $0.tensor([1, 1, 6, 5]))), activation: .tanh)
    },
    GradientCase("separable, dilation 2", [7, 6, 2]) {
      try $0.add(
        "s",
        .separableConvolution(
          SeparableConvolution(
            depthwise: $0.channelwise((2, 2), dilation: (2, 2), padding: .same),
            pointwise: $0.tensor([1, 1, 2, 3]), bias: $0.tensor([3]))))
    },
  ]

  private static let dense: [GradientCase] = [
    GradientCase("dense on a vector", [13]) { try $0.dense("d", 7, activation: .relu) },
    GradientCase("dense without bias", [5]) {
      try $0.add("d", .dense(Dense(kernel: $0.tensor([5, 9]))), activation: .tanh)
    },
    GradientCase("wide dense layers, in several pieces", [70]) {
      try $0.dense("a", 67, activation: .relu)
      try $0.dense("b", 66, activation: .sigmoid)
    },
    GradientCase("one input, one unit", [1]) { try $0.dense("d", 1, activation: .tanh) },
    GradientCase("dense on pixels", [4, 5, 3]) {
      try $0.dense("a", 6, activation: .relu)
      try $0.dense("b", 2, activation: .tanh)
    },
    GradientCase("dense on rows", [7, 4]) {
      try $0.dense("a", 5, activation: .relu)
      try $0.add("b", .dense(Dense(kernel: $0.tensor([5, 3]))))
    },
    GradientCase("dense layers that read the same vector", [6]) {
      let a = try $0.dense("a", 5, from: 0, activation: .relu)
      let b = try $0.dense("b", 5, from: a)
      let c = try $0.dense("c", 5, from: a)
      try $0.add("sum", .add, from: b, c, a, activation: .tanh)
    },
  ]

  private static let layerNormalizations: [GradientCase] = [
    GradientCase("layer normalization", [5, 4, 3]) {
      try $0.windows("a", 6, (2, 2), activation: .tanh)
      try $0.add("n", $0.layerNormalization(.position), activation: .relu)
      try $0.windows("b", 3, (2, 2))
    },
    GradientCase("group normalization, its input read twice", [4, 5, 2]) {
      let x = try $0.windows("a", 6, (1, 1), activation: .tanh)
      let y = try $0.add("n", $0.layerNormalization(.groups(3)))
      try $0.add("sum", .add, from: x, y, activation: .tanh)
    },
    GradientCase("instance normalization without weights, on the image", [4, 3, 2]) {
      try $0.add("n", $0.layerNormalization(.groups(2), gamma: false, beta: false))
      try $0.windows("a", 3, (2, 2), activation: .tanh)
    },
    GradientCase("layer normalization of a vector", [3, 3, 2]) {
      try $0.add("flat", .flatten)
      try $0.add("n", $0.layerNormalization(.position, beta: false), activation: .softplus)
    },
  ]

  private static let normalizations: [GradientCase] = {
    var all: [GradientCase] = []
    for (mode, isTraining, freezes) in [
      ("batch", true, false), ("frozen", true, true), ("inference", false, false),
    ] {
      for (weights, gamma, beta) in [
        ("", true, true), (", no gamma", false, true), (", no beta", true, false),
        (", neither", false, false),
      ] {
        all.append(
          GradientCase(
            "normalization of images, \(mode)\(weights)", [3, 4, 2], isTraining: isTraining,
            freezesNormalization: freezes
          ) {
            try $0.windows("c", 3, (2, 2), bias: false, activation: .tanh)
            try $0.add("n", $0.normalization(gamma: gamma, beta: beta), activation: .relu)
          })
      }
      all.append(
        GradientCase(
          "normalization of vectors, \(mode)", [6], isTraining: isTraining,
          freezesNormalization: freezes
        ) {
          try $0.dense("d", 5, activation: .tanh)
          try $0.add("n", $0.normalization(), activation: .tanh)
          try $0.add("m", $0.normalization(gamma: false))
        })
    }
    all.append(
      GradientCase("normalization of the images themselves") {
        try $0.add("n", $0.normalization())
      })
    all.append(
      GradientCase("normalization behind a layer with a bias, read twice") {
        try $0.windows("c", 4, (2, 2), padding: .same)
        let n = try $0.add("n", $0.normalization(), activation: .relu)
        let a = try $0.windows("a", 4, (3, 3), padding: .same)
        try $0.add("sum", .add, from: n, a)
        try $0.add("m", $0.normalization(), activation: .silu)
      })
    return all
  }()
}
