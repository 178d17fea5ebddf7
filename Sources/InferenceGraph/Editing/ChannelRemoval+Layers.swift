extension ChannelRemoval {
  /// Returns a convolution without removed input and output channels.
  func convolution(_ c: Convolution, _ index: Int) throws(RemovalObstacle) -> Rewritten {
    let node = graph.nodes[index]
    let input = constants[node.inputs[0]]
    let grid = WindowGrid(c.window, over: graph.nodes[node.inputs[0]].shape)
    let inputsEach = c.kernel.shape[2]
    let outputsEach = c.kernel.shape[3] / c.groups
    var constants = cutChannels(of: index)
    var kernel = c.kernel.values
    var bias = c.bias?.values.map { Double($0) }
    var rows: [[Int]] = []  // The input channels each remaining group keeps, counted in the group.
    for group in 0..<c.groups {
      let inputs = group * inputsEach..<(group + 1) * inputsEach
      let outputs = group * outputsEach..<(group + 1) * outputsEach
      let kept = inputs.filter { input[$0]?.isRemoved != true }
      if kept.isEmpty {
        // The group has no inputs left: its results are constants and can go too.
        let origins = inputs.reduce(into: Set<ChannelOfNode>()) {
          $0.formUnion(input[$1]?.origins ?? [])
        }
        for output in outputs where constants[output] == nil {
          var values = Array(repeating: bias?[output] ?? 0, count: grid.count)
          for channel in inputs {
            guard let constant = input[channel] else { continue }
            let part = grid.convolve(constant, c.taps(channel - inputs.lowerBound, output))
            for i in values.indices { values[i] += part[i] }
          }
          constants[output] = ConstantChannel(values: values, isRemoved: true, origins: origins)
        }
        continue
      }
      try absorb(input.filter { inputs.contains($0.key) }, at: index, outputs: outputs) {
        grid.convolve($1, c.taps($0 - inputs.lowerBound, $2))
      } addToBias: { output, value in
        bias = bias ?? Array(repeating: 0, count: c.kernel.shape[3])
        bias?[output] += value
      } addToKernel: { carrier, channel, factor, output in
        for tap in 0..<c.kernel.shape[0] * c.kernel.shape[1] {
          let target = c.offset(tap, carrier - inputs.lowerBound, output)
          let source = c.offset(tap, channel - inputs.lowerBound, output)
          kernel[target] += Float(factor * Double(c.kernel.values[source]))
        }
      }
      rows.append(kept.map { $0 - inputs.lowerBound })
    }
    let keptOutputs = (0..<c.kernel.shape[3]).filter { constants[$0]?.isRemoved != true }
    let groups = Set(keptOutputs.map { $0 / outputsEach }).sorted()
    let columns = groups.map { group in keptOutputs.filter { $0 / outputsEach == group } }
    guard rows.count == columns.count, Set(rows.map(\.count)).count <= 1,
      Set(columns.map(\.count)).count <= 1
    else {
      let origins = Set(input.values.flatMap(\.origins)).union(constants.values.flatMap(\.origins))
      throw .impossible(refusal(index, origins, "its groups would lose different numbers of them"))
    }
    var result = c
    result.groups = max(groups.count, 1)
    var selected: [Float] = []
    for tap in 0..<c.kernel.shape[0] * c.kernel.shape[1] {
      for row in 0..<(rows.first?.count ?? 0) {
        for (mine, outputs) in zip(rows, columns) {
          for output in outputs { selected.append(kernel[c.offset(tap, mine[row], output)]) }
        }
      }
    }
    result.kernel = Tensor(
      shape: [c.kernel.shape[0], c.kernel.shape[1], rows.first?.count ?? 0, keptOutputs.count],
      values: selected)
    result.bias = bias.map { bias in
      Tensor(shape: [keptOutputs.count], values: keptOutputs.map { Float(bias[$0]) })
    }
    return (.convolution(result), constants)
  }

  /// Returns a separable convolution: the spatial part passes constants on, the 1x1 part mixes.
  func separable(_ s: SeparableConvolution, _ index: Int) throws(RemovalObstacle) -> Rewritten {
    let node = graph.nodes[index]
    let inputShape = graph.nodes[node.inputs[0]].shape
    let spatial = s.depthwise.constants(from: constants[node.inputs[0]], inputShape)
    var mixing = Dense(
      kernel: Tensor(shape: Array(s.pointwise.shape.suffix(2)), values: s.pointwise.values),
      bias: s.bias)
    let rewritten = try mix(mixing, spatial, index)
    mixing = rewritten.dense
    var result = s
    result.depthwise = s.depthwise.selecting(keptChannels(of: node.inputs[0]))
    result.pointwise = Tensor(shape: [1, 1] + mixing.kernel.shape, values: mixing.kernel.values)
    result.bias = mixing.bias
    return (.separableConvolution(result), rewritten.constants)
  }

  /// Returns a dense layer without removed inputs and units.
  func dense(_ d: Dense, _ index: Int) throws(RemovalObstacle) -> Rewritten {
    let rewritten = try mix(d, constants[graph.nodes[index].inputs[0]], index)
    return (.dense(rewritten.dense), rewritten.constants)
  }

  /// Returns a matrix product along the last axis, without removed inputs and outputs.
  private func mix(
    _ d: Dense, _ input: [Int: ConstantChannel], _ index: Int
  ) throws(RemovalObstacle) -> (dense: Dense, constants: [Int: ConstantChannel]) {
    let units = d.kernel.shape[1]
    var kernel = d.kernel.values
    var bias = d.bias?.values.map { Double($0) }
    try absorb(input, at: index, outputs: 0..<units) { channel, constant, output in
      let weight = Double(d.kernel.values[channel * units + output])
      if constant.isUniform { return [weight * constant.values[0]] }
      return constant.values.map { weight * $0 }
    } addToBias: { output, value in
      bias = bias ?? Array(repeating: 0, count: units)
      bias?[output] += value
    } addToKernel: { carrier, channel, factor, output in
      kernel[carrier * units + output] += Float(
        factor * Double(d.kernel.values[channel * units + output]))
    }
    let constants = cutChannels(of: index)
    let rows = (0..<d.kernel.shape[0]).filter { input[$0]?.isRemoved != true }
    let columns = (0..<units).filter { constants[$0]?.isRemoved != true }
    let result = Dense(
      kernel: Tensor(shape: d.kernel.shape, values: kernel)
        .selecting(rows, axis: 0).selecting(columns, axis: 1),
      bias: bias.map { bias in
        Tensor(shape: [columns.count], values: columns.map { Float(bias[$0]) })
      })
    return (result, constants)
  }

  /// Moves the contribution of removed constant inputs into the bias or onto a remaining input.
  ///
  /// - Parameters:
  ///   - contribution: Returns what an input channel's constant adds to an output channel: one
  ///     value for each position, or a single one if all are equal.
  ///   - addToBias: Takes an output channel and a value.
  ///   - addToKernel: Takes a carrier, the removed channel, the factor from the carrier's constant
  ///     to the channel's, and an output channel.
  private func absorb(
    _ input: [Int: ConstantChannel], at index: Int, outputs: Range<Int>,
    contribution: (Int, ConstantChannel, Int) -> [Double],
    addToBias: (Int, Double) -> Void, addToKernel: (Int, Int, Double, Int) -> Void
  ) throws(RemovalObstacle) {
    let removed = input.filter { $0.value.isRemoved && !$0.value.isZero }
      .sorted { $0.key < $1.key }
    let carriers = input.filter { !$0.value.isRemoved && !$0.value.isZero }
      .sorted { $0.key < $1.key }
    var stranded: [ConstantChannel] = []
    for (channel, constant) in removed {
      if let values = uniform(outputs, { contribution(channel, constant, $0) }) {
        for (output, value) in zip(outputs, values) { addToBias(output, value) }
        continue
      }
      var carried = false
      for (carrier, its) in carriers {
        guard let factor = constant.multiple(of: its) else { continue }
        for output in outputs { addToKernel(carrier, channel, factor, output) }
        carried = true
        break
      }
      if !carried { stranded.append(constant) }
    }
    guard !stranded.isEmpty else { return }
    // Largest first: dividing by the largest is the most precise.
    var chosen: [ConstantChannel] = []
    for constant in stranded.sorted(by: { $0.magnitude > $1.magnitude })
    where !chosen.contains(where: { constant.multiple(of: $0) != nil }) {
      chosen.append(constant)
    }
    let origins = Set(chosen.flatMap(\.origins))
    throw .needsCarriers(
      origins,
      reason: refusal(
        index, origins,
        "masked, they are constants other than zero, which its bias cannot stand for at the border")
    )
  }

  /// Returns one value for each output channel; nil if a channel's values differ by position.
  private func uniform(_ outputs: Range<Int>, _ values: (Int) -> [Double]) -> [Double]? {
    var result: [Double] = []
    for output in outputs {
      let all = values(output)
      let (low, high) = (all.min() ?? 0, all.max() ?? 0)
      guard high - low <= 1e-9 * max(abs(low), abs(high)) else { return nil }
      result.append(all[0])
    }
    return result
  }

  /// Returns the channels pruned in the layer itself: zero before its activation.
  private func cutChannels(of index: Int) -> [Int: ConstantChannel] {
    let node = graph.nodes[index]
    let zeros = Array(repeating: 0.0, count: node.elementCount / node.channels)
    var result: [Int: ConstantChannel] = [:]
    for channel in cuts[index] ?? [] {
      let origin = ChannelOfNode(node: index, channel: channel)
      result[channel] = ConstantChannel(
        values: zeros, isRemoved: !carriers.contains(origin), origins: [origin])
    }
    return result
  }
}
