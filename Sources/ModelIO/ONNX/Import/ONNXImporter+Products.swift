import InferenceGraph

/// Products of two activations, and resizing.
extension ONNXImporter {
  /// Adds the matrix products of two activations.
  mutating func product(_ call: ONNXCall) throws -> ONNXActivation {
    let (a, b) = (try anyOrder(0, of: call), try anyOrder(1, of: call))
    let (left, right) = (axes(of: a), axes(of: b))
    let rank = left.axes.count
    let lead = 0..<max(rank - 2, 0)
    guard rank >= 2, right.axes.count == rank,
      lead.allSatisfy({
        left.extent($0) == right.extent($0)
          && left.axes[$0].contains(ONNXAxes.batch) == right.axes[$0].contains(ONNXAxes.batch)
      }), left.extent(rank - 1) == right.extent(rank - 2),
      ![left.axes[rank - 2], left.axes[rank - 1], right.axes[rank - 2], right.axes[rank - 1]]
        .contains(where: { $0.contains(ONNXAxes.batch) })
    else {
      throw call.unsupported(
        "matrix products are supported for two stacks of equally many matrices of each image")
    }
    let count = lead.reduce(1) { $0 * left.extent($1) }
    func shape(_ axes: ONNXAxes) -> [Int] {
      (count > 1 ? [count] : []) + [axes.extent(rank - 2), axes.extent(rank - 1)]
    }
    let nodes = [
      try arranged(a.node, left, left.order, shape(left), call),
      try arranged(b.node, right, right.order, shape(right), call),
    ]
    let node = try append(call, .matrixProduct, nodes)
    var result = ONNXAxes(parts: [], axes: [])
    for axis in 0..<rank {
      let source = axis == rank - 1 ? right : left
      result.axes.append(
        source.axes[axis].map { part in
          if part == ONNXAxes.batch { return part }
          result.parts.append(source.parts[part])
          return result.parts.count - 1
        })
    }
    return value(node, result)
  }

  mutating func responseNormalization(_ call: ONNXCall) throws -> ONNXActivation {
    let node = try image(0, of: call)
    let normalization = ResponseNormalization(
      size: try call.integer("size", 0), alpha: try call.float("alpha", 1e-4),
      beta: try call.float("beta", 0.75), bias: try call.float("bias", 1))
    let result = try append(call, .responseNormalization(normalization), [node])
    return ONNXActivation(node: result, layout: .image)
  }

  /// Adds a rectifier with one factor for each channel, or for all.
  mutating func parametricReLU(_ call: ONNXCall) throws -> ONNXActivation {
    let value = try activation(0, of: call)
    guard let factors = try perChannel(value, try weights(1, of: call)) else {
      throw call.unsupported("one factor, or one for each channel, is supported")
    }
    if let factor = factors.first, factors.count == 1 {
      let node = try append(
        call, .activation, [value.node], activation: leaky(factor))
      return ONNXActivation(node: node, layout: value.layout)
    }
    let alpha = Tensor(shape: [factors.count], values: factors)
    let node = try append(
      call, .parametricReLU(ParametricReLU(alpha: alpha)), [value.node],
      named: try weights(1, of: call).name)
    try note(.alpha, of: node, from: 1, of: call, permutation(factors.count, value.layout))
    return ONNXActivation(node: node, layout: value.layout)
  }

  /// Adds a `Resize` of the height and the width.
  mutating func resizing(_ call: ONNXCall) throws -> ONNXActivation {
    let node = try image(0, of: call)
    let from = graph.nodes[node].shape
    let isOld = call.version < 11
    let mode = try call.text("mode", "nearest")
    let transformation = try call.text(
      "coordinate_transformation_mode", isOld ? "asymmetric" : "half_pixel")
    let rounding = try call.text("nearest_mode", isOld ? "floor" : "round_prefer_floor")
    guard try call.integer("antialias", 0) == 0, try call.integer("exclude_outside", 0) == 0,
      !call.has("axes"), try call.text("keep_aspect_ratio_policy", "stretch") == "stretch"
    else { throw call.unsupported("antialias, axes and the like are not supported") }
    let scales = try constant(isOld ? 1 : 2, of: call)?.values(in: file) ?? []
    var size = [from[0], from[1]]
    var factors: [Float] = [1, 1]
    if let sizes = isOld ? nil : try integers(3, of: call)?.values {
      guard sizes.count == 4, case .number(let channels) = sizes[1], channels == from[2],
        case .number(let height) = sizes[2], case .number(let width) = sizes[3]
      else { throw call.unsupported("only the height and the width can change") }
      size = [height, width]
      guard size.allSatisfy({ (1...65536).contains($0) }) else { throw call.invalid("sizes") }
      factors = [Float(height) / Float(from[0]), Float(width) / Float(from[1])]
    } else {
      guard scales.count == 4, scales[0] == 1, scales[1] == 1,
        scales[2...].allSatisfy({ $0 > 0 && $0 < 65536 })
      else { throw call.unsupported("only the height and the width can change") }
      factors = [scales[2], scales[3]]
      size = zip(from, factors).map { Int((Float($0) * $1).rounded(.down)) }
      guard size.allSatisfy({ (1...65536).contains($0) }) else { throw call.invalid("scales") }
    }
    // In 32 bits, as ONNX Runtime computes them: a half decides.
    func positions(_ axis: Int) throws -> [Float] {
      let (old, new) = (Float(from[axis]), Float(size[axis]))
      return try (0..<size[axis]).map { place in
        let x = Float(place)
        switch transformation {
        case "half_pixel": return (x + 0.5) / factors[axis] - 0.5
        case "pytorch_half_pixel": return new > 1 ? (x + 0.5) / factors[axis] - 0.5 : 0
        case "asymmetric": return x / factors[axis]
        case "align_corners": return new > 1 ? x * (old - 1) / (new - 1) : 0
        default: throw call.unsupported("\(abbreviated(transformation)) is not supported")
        }
      }
    }
    switch mode {
    case "nearest":
      func indices(_ axis: Int) throws -> [Int] {
        try positions(axis).map { x in
          let place =
            switch rounding {
            case "floor": x.rounded(.down)
            case "ceil": x.rounded(.up)
            case "round_prefer_ceil": (x + 0.5).rounded(.down)
            case "round_prefer_floor": (x - 0.5).rounded(.up)
            default: throw call.unsupported("\(abbreviated(rounding)) is not supported")
            }
          return Int(min(max(place, 0), Float(from[axis] - 1)))
        }
      }
      let (rows, columns) = (try indices(0), try indices(1))
      let (down, across) = (size[0] / from[0], size[1] / from[1])
      if down > 0, across > 0, rows == (0..<size[0]).map({ $0 / down }),
        columns == (0..<size[1]).map({ $0 / across })
      {
        let result = try append(
          call, .rearrange(.repetition(rows: down, columns: across)), [node])
        return ONNXActivation(node: result, layout: .image)
      }
      let tall = try append(
        call, .rearrange(.selection(axis: -3, indices: rows)), [node], part: "rows")
      let result = try append(call, .rearrange(.selection(axis: -2, indices: columns)), [tall])
      return ONNXActivation(node: result, layout: .image)
    case "linear":
      let isCentred =
        transformation == "half_pixel" || transformation == "pytorch_half_pixel" && size.min()! > 1
      guard isCentred,
        zip(size, zip(from, factors)).allSatisfy({
          abs(Float($0) / Float($1.0) - $1.1) < 1e-6 * $1.1
        })
      else { throw call.unsupported("linear resizing is supported with half_pixel alone") }
      let result = try append(
        call, .resize(BilinearResizing(height: size[0], width: size[1])), [node])
      return ONNXActivation(node: result, layout: .image)
    default: throw call.unsupported("the mode \(abbreviated(mode)) is not supported")
    }
  }
}
