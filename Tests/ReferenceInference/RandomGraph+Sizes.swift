public import InferenceGraph

extension RandomGraph {
  /// Returns a small classifier for images of any size and 1, 3 or 4 channels; equal seeds give
  /// equal graphs.
  ///
  /// It has one to five layers or blocks of any kind, small extents and large ones, and few enough
  /// channels that the reference computes it in some milliseconds.
  ///
  /// - Parameters:
  ///   - extents: The images' least and largest height and width.
  ///   - multiplyAdds: The most multiply-adds for an image.
  public static func sized(
    seed: UInt64, extents: ClosedRange<Int> = 1...130, multiplyAdds: Int = 1_500_000
  ) throws(GraphError) -> Graph {
    var random = SplitMix64(seed: seed)
    func extent() -> Int {
      // A third each: what kernels' remainders are made of, common sizes, all sizes.
      let most = [9, 33, extents.upperBound][random.int(0...2)]
      return random.int(
        extents.lowerBound...max(extents.lowerBound, min(most, extents.upperBound)))
    }
    let shape = [extent(), extent(), [1, 3, 4][random.int(0...2)]]
    var maker = RandomGraph(graph: try Graph(inputShape: shape), random: random)
    for _ in 0..<maker.random.int(0...5) { try maker.addLayer(within: multiplyAdds) }
    try maker.addClasses(within: multiplyAdds)
    return maker.graph
  }

  /// Adds a layer that fits the tip; none if all that are tried cost too much.
  private mutating func addLayer(within multiplyAdds: Int) throws(GraphError) {
    for _ in 0..<6 {
      var next = self
      try next.addAnyLayer()
      random = next.random
      if next.graph.multiplyAdds <= multiplyAdds {
        self = next
        return
      }
    }
  }

  private mutating func addAnyLayer() throws(GraphError) {
    switch shape.count {
    case 3 where random.oneIn(6):
      // Wide enough for Winograd's algorithm behind another of its kind.
      let filters = random.int(12...14)
      let kernel = weights([3, 3, shape[2], filters], fanIn: 9 * shape[2])
      let padding = random.oneIn(3) ? explicit(1...4) : .same
      try add(
        .convolution(Convolution(kernel: kernel, bias: bias(filters), padding: padding)),
        activation: activation())
      if random.oneIn(2) { try addPooling() }
    case 3 where random.oneIn(6):
      if random.oneIn(2) {
        try add(.flatten)
      } else {
        try add(.globalPooling(random.oneIn(2) ? .average : .max, keepsDimensions: random.oneIn(2)))
      }
    case 3: try addStage()
    default:
      switch random.int(0...5) {
      case 0, 1: try addDense(random.int(1...20), activation: activation())
      case 2: try addNormalization(activation: activation())
      case 3: try add(.trainingOnly(.dropout(rate: 0.3)))
      case 4: try addLayerNormalization(activation: activation())
      default: try add(.activation, activation: activation())
      }
    }
  }

  /// From the tip to the scores.
  private mutating func addClasses(within multiplyAdds: Int) throws(GraphError) {
    if shape.count == 3 {
      let isLarge = graph.multiplyAdds + 7 * shape.reduce(1, *) > multiplyAdds
      if isLarge || random.oneIn(3) {
        try add(.globalPooling(random.oneIn(2) ? .average : .max, keepsDimensions: false))
      } else {
        try add(.flatten)
      }
    }
    if random.oneIn(6) {
      try addDense(1, activation: .linear)
      try add(.binaryLogits, activation: .softmax)
      return
    }
    try addDense(random.int(2...7), activation: random.oneIn(2) ? .softmax : .linear)
    if random.oneIn(4) { try add(.activation, activation: .relu) }
  }
}
