import ReferenceInference

@testable import InferenceGraph

extension GradientCase {
  /// Operations without weights, and the ways in which nodes are wired.
  static let others = pooling + shapes + resampling + combinations + ends

  private static let resampling: [GradientCase] = [
    GradientCase("cropping", [6, 5, 2]) {
      try $0.windows("a", 3, (2, 2), activation: .tanh)
      try $0.add(
        "r", .rearrange(.cropping(top: 1, bottom: 0, left: 2, right: 1)), activation: .relu)
    },
    GradientCase("upsampling, behind a convolution that reads beyond the border", [3, 4, 2]) {
      try $0.windows("a", 3, (3, 3), padding: .same, activation: .tanh)
      try $0.add("r", .rearrange(.repetition(rows: 2, columns: 3)))
      try $0.windows("b", 2, (3, 3), padding: .same)
    },
    GradientCase("permutation of all axes, its input read twice", [3, 4, 2]) {
      let a = try $0.windows("a", 2, (1, 1), activation: .tanh)
      let p = try $0.add("p", .rearrange(.permutation(axes: [2, 0, 1])))
      let q = try $0.add("q", .rearrange(.permutation(axes: [2, 0, 1])), from: a)
      try $0.add("product", .multiply, from: p, q)
    },
    GradientCase("nearest, smaller and larger", [5, 3, 2]) {
      try $0.windows("a", 2, (2, 1), activation: .tanh)
      try $0.add("r", .rearrange(.nearest(height: 3, width: 7)))
    },
    GradientCase("zero insertion", [3, 4, 2]) {
      try $0.windows("a", 3, (2, 2), activation: .tanh)
      try $0.add("r", .rearrange(.zeroInsertion(rows: 2, columns: 3)), activation: .sigmoid)
      try $0.windows("b", 3, (3, 3), padding: .explicit(top: 2, bottom: 1, left: 0, right: 2))
    },
    GradientCase("channels left out, moved and repeated", [3, 4, 2]) {
      try $0.windows("a", 4, (2, 2), activation: .tanh)
      try $0.add(
        "s", .rearrange(.selection(axis: -1, indices: [3, 0, 3, 1, 3])), activation: .relu)
    },
    GradientCase("rows and columns left out and repeated", [4, 5, 2]) {
      try $0.windows("a", 3, (2, 1), activation: .tanh)
      try $0.add("s", .rearrange(.selection(axis: -3, indices: [2, 0, 2])))
      try $0.add("t", .rearrange(.selection(axis: -2, indices: [4, 4, 1])), activation: .sigmoid)
    },
    GradientCase("adaptive pooling, smaller and larger, its input read twice", [5, 4, 2]) {
      let a = try $0.windows("a", 3, (2, 2), padding: .same, activation: .tanh)
      let p = try $0.add(
        "p", .adaptivePooling(AdaptivePooling(height: 3, width: 7)), activation: .tanh)
      let q = try $0.add("q", .adaptivePooling(AdaptivePooling(height: 3, width: 7)), from: a)
      try $0.add("product", .multiply, from: p, q)
    },
    GradientCase("bilinear, larger", [3, 4, 2]) {
      try $0.windows("a", 3, (2, 2), padding: .same, activation: .tanh)
      try $0.add("r", .resize(BilinearResizing(height: 7, width: 5)), activation: .softplus)
    },
    GradientCase("bilinear, smaller, its input read twice", [7, 6, 2]) {
      let a = try $0.windows("a", 2, (1, 1), activation: .tanh)
      try $0.add("r", .resize(BilinearResizing(height: 3, width: 4)))
      let s = try $0.add("s", .resize(BilinearResizing(height: 3, width: 4)), from: a)
      try $0.add("sum", .add, from: s, s)
    },
    GradientCase("the larger of two", [4, 5, 2]) {
      let a = try $0.windows("a", 3, (1, 1), activation: .tanh)
      let b = try $0.windows("b", 3, (1, 1))
      try $0.add("m", .maximum, from: a, b, activation: .tanh)
    },
    GradientCase("the smallest of three, one of a single pixel", [4, 3, 2]) {
      let a = try $0.windows("a", 3, (1, 1), activation: .tanh)
      let b = try $0.windows("b", 3, (1, 1))
      let c = try $0.add("c", .globalPooling(.average, keepsDimensions: true), from: b)
      try $0.add("m", .minimum, from: a, b, c)
    },
  ]

  private static let pooling: [GradientCase] = {
    var all: [GradientCase] = []
    for kind in [PoolingKind.max, .average] {
      for (name, shape, window, strides, padding) in [
        ("2x2", [6, 4, 2], (2, 2), (2, 2), Padding.valid),
        ("2x2, an odd image", [5, 7, 2], (2, 2), (2, 2), .valid),
        ("2x2 same, an odd image", [5, 7, 2], (2, 2), (2, 2), .same),
        ("3x3, overlapping", [5, 6, 2], (3, 3), (1, 1), .same),
        ("3x3, strides 2", [7, 6, 2], (3, 3), (2, 2), .same),
        ("3x2, strides 2 and 1", [6, 5, 2], (3, 2), (2, 1), .valid),
        ("2x2, strides 3", [8, 7, 2], (2, 2), (3, 3), .valid),
        ("1x1", [3, 4, 2], (1, 1), (1, 1), .valid),
        ("the whole image", [3, 4, 2], (3, 4), (1, 1), .valid),
        (
          "3x2, strides 2, explicit", [5, 6, 2], (3, 2), (2, 2),
          .explicit(top: 2, bottom: 1, left: 0, right: 1)
        ),
        (
          "2x2, explicit", [4, 6, 2], (2, 2), (2, 2),
          .explicit(top: 1, bottom: 0, left: 1, right: 1)
        ),
      ] as [(String, [Int], (Int, Int), (Int, Int), Padding)] {
        let pooling = Pooling(
          kind, window: Extent(window.0, window.1), strides: Extent(strides.0, strides.1),
          padding: padding)
        all.append(
          GradientCase("\(kind) pooling \(name)", shape) { try $0.add("p", .pooling(pooling)) })
        all.append(
          GradientCase("\(kind) pooling \(name), behind a rectifier", shape) {
            try $0.windows("c", 3, (1, 1), activation: .relu)
            try $0.add("p", .pooling(pooling), activation: .tanh)
          })
      }
      for keeps in [true, false] {
        all.append(
          GradientCase("global \(kind) pooling, \(keeps ? "an image" : "a vector")") {
            try $0.windows("c", 3, (2, 2), activation: .relu)
            try $0.add(
              "p", .globalPooling(kind, keepsDimensions: keeps), activation: .tanh)
          })
      }
      all.append(
        GradientCase("\(kind) pooling beside others that read the same", [4, 6, 2]) {
          let c = try $0.windows("c", 3, (2, 2), padding: .same, activation: .relu)
          let p = try $0.add(
            "p", .pooling(Pooling(kind, window: Extent(2, 2), strides: .one, padding: .same)))
          let q = try $0.add(
            "q", .pooling(Pooling(.max, window: Extent(3, 3), strides: .one, padding: .same)),
            from: c)
          try $0.add("sum", .add, from: c, p, q)
          try $0.add("r", .pooling(Pooling(kind, window: Extent(2, 2))))
        })
    }
    return all
  }()

  private static let shapes: [GradientCase] = [
    GradientCase("flatten of an image with a frame") {
      try $0.windows("a", 3, (2, 2), activation: .relu)
      let a = $0.tip
      let b = try $0.windows("b", 3, (3, 3), padding: .same)
      let f = try $0.add("f", .flatten, from: a, activation: .tanh)
      let g = try $0.add("g", .flatten, from: b)
      try $0.add("sum", .add, from: f, g)
    },
    GradientCase("reshape to rows", [3, 4, 2]) {
      try $0.windows("a", 3, (1, 1), activation: .tanh)
      try $0.add("r", .reshape([12, 3]), activation: .relu)
      try $0.dense("d", 4)
    },
    GradientCase("reshape to other images, between convolutions", [3, 4, 2]) {
      try $0.windows("a", 3, (2, 2), padding: .same, activation: .tanh)
      try $0.add("r", .reshape([6, 2, 3]))
      try $0.windows("b", 4, (3, 3), padding: .same)
      try $0.add("s", .reshape([4, 4, 3]))
      try $0.windows("c", 2, (3, 3), padding: .same)
    },
    GradientCase("windows over a stack of images, with rows between them", [2, 3, 4, 2]) {
      try $0.add("s", .reshape([2, 3, 8]))
      try $0.add("z", .zeroPadding(top: 0, bottom: 0, left: 1, right: 2))
      try $0.add("r", .reshape([12, 4, 2]))
      try $0.windows(
        "a", 3, (3, 2), strides: (2, 1), padding: .explicit(top: 0, bottom: 1, left: 1, right: 0),
        activation: .tanh)
      try $0.add("t", .reshape([2, 3, 12]))
      try $0.add("c", .rearrange(.cropping(top: 0, bottom: 0, left: 0, right: 1)))
      try $0.add("u", .reshape([2, 2, 4, 3]), activation: .sigmoid)
    },
    GradientCase("reshape of a vector to an image", [12]) {
      try $0.dense("d", 24, activation: .relu)
      try $0.add("r", .reshape([3, 4, 2]))
      try $0.windows("c", 3, (3, 3), padding: .same, activation: .relu)
      try $0.add("s", .reshape([36]))
    },
    GradientCase("zero padding") {
      try $0.windows("a", 3, (2, 2), activation: .tanh)
      try $0.add("z", .zeroPadding(top: 1, bottom: 2, left: 0, right: 3))
      try $0.windows("b", 3, (3, 3), padding: .same)
    },
    GradientCase("zero padding of the images, and an activation that makes zero something else") {
      try $0.add(
        "z", .zeroPadding(top: 0, bottom: 1, left: 2, right: 0), activation: .sigmoid)
      try $0.add("p", .pooling(Pooling(.average, window: Extent(2, 2))))
    },
    GradientCase("rescaling by one factor") {
      try $0.windows("a", 3, (2, 2))
      try $0.add("r", .rescaling(Rescaling(scale: [-1.5], offset: [0.25])), activation: .relu)
    },
    GradientCase("rescaling by channel, of images and of a vector") {
      try $0.add(
        "r", .rescaling(Rescaling(scale: [0.5, -2, 1.25], offset: [0.1, 0, -0.3])),
        activation: .tanh)
      try $0.add("p", .globalPooling(.average, keepsDimensions: false))
      try $0.add("s", .rescaling(Rescaling(scale: [3, 1, -0.5], offset: [1])), activation: .tanh)
    },
    GradientCase("layers that only do something else in training") {
      try $0.add("other", .trainingOnly(.other("RandomFlip")))
      try $0.windows("c", 3, (2, 2))
      try $0.add("drop", .trainingOnly(.dropout(rate: 0)), activation: .tanh)
      try $0.add("noise", .trainingOnly(.gaussianNoise(deviation: 0)))
    },
    GradientCase("dropout out of training", isTraining: false) {
      try $0.windows("c", 3, (2, 2), activation: .relu)
      try $0.add("drop", .trainingOnly(.dropout(rate: 0.5)))
      try $0.add("spatial", .trainingOnly(.spatialDropout(rate: 0.5)), activation: .tanh)
    },
  ]

  private static let combinations: [GradientCase] = {
    var all: [GradientCase] = []
    for (name, operation) in [("sum", Graph.Operation.add), ("product", .multiply)] {
      all += [
        GradientCase("\(name) of two", [4, 3, 2]) {
          let a = try $0.windows("a", 3, (2, 2), activation: .tanh)
          let b = try $0.conv("b", 3, 2, padding: .valid, from: 0, activation: .sigmoid)
          try $0.add("s", operation, from: a, b, activation: .relu)
        },
        GradientCase("\(name) of three, one twice", [4, 3, 2]) {
          let a = try $0.windows("a", 2, (1, 1), activation: .tanh)
          try $0.add("s", operation, from: a, 0, a, activation: .silu)
        },
        GradientCase("\(name) of a node with itself", [3, 4, 2]) {
          let a = try $0.windows("a", 3, (2, 2), activation: .tanh)
          try $0.add("s", operation, from: a, a)
        },
        GradientCase("\(name) of the images with themselves", [3, 4, 2]) {
          try $0.add("s", operation, from: 0, 0, activation: .tanh)
        },
        GradientCase("\(name) of one", [3, 4, 2]) {
          let a = try $0.windows("a", 3, (2, 2))
          try $0.add("s", operation, from: a, activation: .tanh)
        },
        GradientCase("\(name) with one element a channel, on either side", [3, 4, 2]) {
          let a = try $0.windows("a", 3, (2, 2), padding: .same, activation: .tanh)
          let g = try $0.add("g", .globalPooling(.average, keepsDimensions: true))
          let s = try $0.add("s", operation, from: g, a)
          let h = try $0.add("h", .globalPooling(.max, keepsDimensions: true))
          try $0.add("t", operation, from: s, h, activation: .relu)
        },
        GradientCase("\(name) with one element a pixel, a row, a column", [3, 4, 2]) {
          let a = try $0.windows("a", 3, (2, 2), padding: .same, activation: .tanh)
          let p = try $0.windows("p", 1, (1, 1), activation: .sigmoid)
          let s = try $0.add("s", operation, from: a, p)
          let r = try $0.add("r", .pooling(Pooling(.average, window: Extent(3, 1))))
          let t = try $0.add("t", operation, from: s, r)
          let c = try $0.add("c", .pooling(Pooling(.average, window: Extent(1, 4))), from: s)
          let u = try $0.add("u", operation, from: t, c)
          // Both sides are repeated.
          let v = try $0.add("v", operation, from: r, c)
          try $0.add("w", .add, from: u, v)
        },
        GradientCase("\(name) of vectors, one of a single element", [6]) {
          let a = try $0.dense("a", 5, activation: .tanh)
          let b = try $0.dense("b", 1, from: 0, activation: .sigmoid)
          let c = try $0.dense("c", 5, from: 0, activation: .sigmoid)
          let s = try $0.add("s", operation, from: a, b)
          try $0.add("t", operation, from: s, c)
        },
      ]
    }
    all += [
      GradientCase("concatenated images", [4, 3, 2]) {
        let a = try $0.windows("a", 3, (3, 3), padding: .same, activation: .relu)
        let b = try $0.conv("b", 2, 2, from: 0, activation: .tanh)
        try $0.add("s", .concatenate, from: 0, a, b, a, activation: .tanh)
        try $0.windows("c", 3, (3, 3), padding: .same)
      },
      GradientCase("concatenated vectors", [5]) {
        let a = try $0.dense("a", 4, activation: .relu)
        let b = try $0.dense("b", 3, from: 0, activation: .tanh)
        try $0.add("s", .concatenate, from: a, 0, b, a, activation: .sigmoid)
      },
      GradientCase("concatenated rows", [4, 3]) {
        let a = try $0.dense("a", 2, activation: .relu)
        try $0.add("s", .concatenate, from: a, 0)
      },
      GradientCase("binary logits in the middle", [5]) {
        let a = try $0.dense("a", 1)
        let b = try $0.add("b", .binaryLogits, activation: .relu)
        let c = try $0.add("c", .binaryLogits, from: a, activation: .softmax)
        let d = try $0.add("d", .binaryLogits, from: a)
        try $0.add("s", .concatenate, from: b, c, d)
        try $0.add("image", .reshape([3, 1, 2]))
        try $0.windows("w", 3, (2, 1), padding: .same)
      },
      GradientCase("a node that many read", [4, 6, 3]) {
        let a = try $0.windows("a", 3, (1, 1), activation: .relu)
        let b = try $0.windows("b", 3, (3, 3), padding: .same, activation: .tanh)
        let p = try $0.add(
          "p", .pooling(Pooling(.max, window: Extent(2, 2), strides: .one, padding: .same)),
          from: a)
        let d = try $0.add(
          "d", .depthwiseConvolution($0.channelwise((2, 2), padding: .same)), from: a)
        let n = try $0.add("n", $0.normalization(), from: a)
        let e = try $0.add("e", .activation, from: a, activation: .mish)
        let g = try $0.add("g", .globalPooling(.max, keepsDimensions: true), from: a)
        let m = try $0.add("m", .multiply, from: a, g)
        let z = try $0.add("z", .zeroPadding(top: 0, bottom: 0, left: 0, right: 0), from: a)
        try $0.add("sum", .add, from: a, b, p, d, n, e, m, z)
      },
      GradientCase("a branch that leads nowhere", [4, 3, 2]) {
        let a = try $0.windows("a", 3, (2, 2), activation: .relu)
        try $0.windows("nowhere", 5, (2, 2), activation: .relu)
        $0.tip = a
        try $0.windows("b", 3, (2, 2))
      },
    ]
    return all
  }()

  private static let ends: [GradientCase] = [
    GradientCase("ends in binary logits' softmax", [7], headless: true) {
      try $0.dense("d", 1)
      try $0.add("b", .binaryLogits, activation: .softmax)
    },
    GradientCase("ends in binary logits, their one score read twice", [7], headless: true) {
      let d = try $0.dense("d", 1, activation: .tanh)
      let b = try $0.add("b", .binaryLogits, activation: .sigmoid)
      let c = try $0.add("c", .binaryLogits, from: d)
      try $0.add("sum", .add, from: b, c)
    },
    GradientCase("ends in softmax", [7], headless: true) {
      try $0.dense("d", 5, activation: .softmax)
    },
    GradientCase("ends in a softmax of its own", [7], headless: true) {
      try $0.dense("d", 5)
      try $0.add("s", .activation, activation: .softmax)
    },
    GradientCase("ends in the logarithm of softmax", [7], headless: true) {
      try $0.dense("d", 5, activation: .logSoftmax)
    },
    GradientCase("ends in rectified logits", [7], headless: true) {
      try $0.dense("d", 5, activation: .relu)
    },
    GradientCase("ends in a pooled image", [3, 4, 2], headless: true) {
      try $0.windows("c", 5, (2, 2), activation: .tanh)
      try $0.add("p", .globalPooling(.average, keepsDimensions: true))
    },
    GradientCase("ends in a normalization", [3, 4, 2], headless: true) {
      try $0.windows("c", 5, (3, 4))
      try $0.add("n", $0.normalization(), activation: .softmax)
    },
    GradientCase("ends in pixels' softmax, pooled", [3, 4, 2], headless: true) {
      try $0.windows("c", 5, (2, 2), activation: .softmax)
      try $0.add("p", .globalPooling(.average, keepsDimensions: false), activation: .softmax)
    },
  ]
}
