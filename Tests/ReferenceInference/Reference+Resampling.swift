import InferenceGraph

/// Each element of the result from where its definition says, position by position.
func rearranged(
  _ r: Rearrangement, _ input: Array3, _ operation: Graph.Operation, _ shape: [Int]
) -> [Double] {
  if case .permutation(let axes) = r { return permuted(input, axes, shape) }
  var result: [Double] = []
  for y in 0..<shape[0] {
    for x in 0..<shape[1] {
      for c in 0..<shape[2] {
        switch r {
        case .cropping(let top, _, let left, _): result.append(input[y + top, x + left, c])
        case .repetition(let rows, let columns): result.append(input[y / rows, x / columns, c])
        case .nearest(let height, let width):
          let row = ((Double(y) + 0.5) * Double(input.height) / Double(height)).rounded(.down)
          let column = ((Double(x) + 0.5) * Double(input.width) / Double(width)).rounded(.down)
          result.append(input[Int(row), Int(column), c])
        case .zeroInsertion(let rows, let columns):
          let isZero = y % rows > 0 || x % columns > 0
          result.append(isZero ? 0 : input[y / rows, x / columns, c])
        case .permutation, .selection: break
        }
      }
    }
  }
  return result
}

/// The elements at some positions of an axis, counted from the end.
func selected(
  _ values: [Double], axis: Int, _ indices: [Int], _ shape: [Int]
) -> [Double] {
  var result: [Double] = []
  let extent = values.count * indices.count / shape.reduce(1, *)
  let inner = shape.suffix(-axis - 1).reduce(1, *)
  for element in 0..<shape.reduce(1, *) {
    let (outer, rest) = element.quotientAndRemainder(dividingBy: inner * indices.count)
    let (place, offset) = rest.quotientAndRemainder(dividingBy: inner)
    result.append(values[(outer * extent + indices[place]) * inner + offset])
  }
  return result
}

/// Means over windows from floor(i * from / to) to ceil((i + 1) * from / to).
func adaptivelyPooled(_ input: Array3, _ shape: [Int]) -> [Double] {
  func window(_ i: Int, _ from: Int, _ to: Int) -> Range<Int> {
    let scale = Double(from) / Double(to)
    // What rounding adds to whole numbers does not count.
    return Int(
      (Double(i) * scale + 1e-9).rounded(.down))..<Int((Double(i + 1) * scale - 1e-9).rounded(.up))
  }
  var result: [Double] = []
  for y in 0..<shape[0] {
    for x in 0..<shape[1] {
      for c in 0..<shape[2] {
        let all = window(y, input.height, shape[0]).flatMap { row in
          window(x, input.width, shape[1]).map { input[row, $0, c] }
        }
        result.append(all.reduce(0, +) / Double(all.count))
      }
    }
  }
  return result
}

private func permuted(_ input: Array3, _ axes: [Int], _ shape: [Int]) -> [Double] {
  // Missing axes in front have extent 1, in both.
  let missing = 3 - axes.count
  let all = Array(0..<missing) + axes.map { $0 + missing }
  let extents = [input.height, input.width, input.channels]
  var result: [Double] = []
  for i in 0..<extents[all[0]] {
    for j in 0..<extents[all[1]] {
      for k in 0..<extents[all[2]] {
        var position = [0, 0, 0]
        (position[all[0]], position[all[1]], position[all[2]]) = (i, j, k)
        result.append(input[position[0], position[1], position[2]])
      }
    }
  }
  return result
}

/// Bilinear interpolation at the centres of pixels; beyond the border is the border.
func resized(_ input: Array3, _ shape: [Int]) -> [Double] {
  func centre(_ position: Int, _ from: Int, _ to: Int) -> Double {
    let x = (Double(position) + 0.5) * Double(from) / Double(to) - 0.5
    return min(max(x, 0), Double(from - 1))
  }
  var result: [Double] = []
  for y in 0..<shape[0] {
    let v = centre(y, input.height, shape[0])
    let (above, below) = (Int(v.rounded(.down)), Int(v.rounded(.up)))
    let lower = v - v.rounded(.down)
    for x in 0..<shape[1] {
      let h = centre(x, input.width, shape[1])
      let (left, right) = (Int(h.rounded(.down)), Int(h.rounded(.up)))
      let second = h - h.rounded(.down)
      for c in 0..<shape[2] {
        let top = input[above, left, c] * (1 - second) + input[above, right, c] * second
        let bottom = input[below, left, c] * (1 - second) + input[below, right, c] * second
        result.append(top * (1 - lower) + bottom * lower)
      }
    }
  }
  return result
}
