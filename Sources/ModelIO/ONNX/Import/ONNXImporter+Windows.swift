import InferenceGraph

/// Poolings, and the windows of convolutions.
extension ONNXImporter {
  /// Returns the windows of a convolution or a pooling over an image.
  func window(
    _ call: ONNXCall, _ size: Extent, dilation: Extent = .one, over shape: [Int]
  ) throws -> Window {
    if let declared = try call.integers("kernel_shape"), declared != [size.height, size.width] {
      throw call.invalid("kernel_shape")
    }
    let strides = try call.extent("strides")
    let extents = [size.height, size.width, strides.height, strides.width, dilation.height]
    guard (extents + [dilation.width]).allSatisfy({ (1...65536).contains($0) }) else {
      throw call.invalid("window")
    }
    var window = Window(size, strides: strides, dilation: dilation)
    let pads = try call.integers("pads") ?? [0, 0, 0, 0]
    switch try call.text("auto_pad", "NOTSET") {
    case "VALID": return window
    case "SAME_UPPER":
      window.padding = .same
      return window
    case "SAME_LOWER":
      // An odd zero comes before the image.
      window.padding = .same
      let (rows, columns) = (window.rows(shape[0]), window.columns(shape[1]))
      window.padding = .explicit(
        top: rows.after, bottom: rows.before, left: columns.after, right: columns.before)
    case "NOTSET":
      guard pads.count == 4, pads.allSatisfy({ (0...65536).contains($0) }) else {
        throw call.unsupported("its pads must be four numbers from 0 on")
      }
      if pads == [0, 0, 0, 0] { return window }
      window.padding = .explicit(top: pads[0], bottom: pads[2], left: pads[1], right: pads[3])
    default: throw call.invalid("auto_pad")
    }
    var same = window
    same.padding = .same
    let isSame =
      same.rows(shape[0]) == window.rows(shape[0])
      && same.columns(shape[1]) == window.columns(shape[1])
    return isSame ? same : window
  }

  mutating func pooling(_ call: ONNXCall, _ kind: PoolingKind) throws -> ONNXActivation {
    var node = try image(0, of: call)
    let shape = graph.nodes[node].shape
    guard try call.extent("dilations") == .one else {
      throw call.unsupported("dilated windows are not supported")
    }
    guard try call.integers("kernel_shape") != nil else { throw call.invalid("kernel_shape") }
    var window = try window(call, call.extent("kernel_shape"), over: shape)
    let pads = try call.integers("pads") ?? []
    let countsPads =
      try kind == .average && call.integer("count_include_pad", 0) != 0
      && pads.contains { $0 != 0 }
    if try call.integer("ceil_mode", 0) != 0, try call.text("auto_pad", "NOTSET") == "NOTSET" {
      let wide = try roundedUp(window, pads: pads, over: shape)
      guard !countsPads || wide == window else {
        throw call.unsupported("an average over counted pads with ceil_mode is not supported")
      }
      window = wide
    }
    if countsPads {
      node = try append(
        call, .zeroPadding(top: pads[0], bottom: pads[2], left: pads[1], right: pads[3]), [node],
        part: "pad")
      window.padding = .valid
    }
    let pooling = Pooling(
      kind, window: window.size, strides: window.strides, padding: window.padding)
    return ONNXActivation(node: try append(call, .pooling(pooling), [node]), layout: .image)
  }

  /// Returns windows that cover a last part of the image too; one that would begin after the image
  /// is left out.
  private func roundedUp(_ window: Window, pads: [Int], over shape: [Int]) throws -> Window {
    let pads = pads.count == 4 ? pads : [0, 0, 0, 0]
    func after(_ extent: Int, _ before: Int, _ end: Int, _ size: Int, _ stride: Int) -> Int {
      let reach = extent + before + end - size
      guard reach >= 0 else { return end }
      var count = (reach + stride - 1) / stride + 1
      if (count - 1) * stride >= extent + before { count -= 1 }
      return max((count - 1) * stride + size - extent - before, 0)
    }
    var result = window
    result.padding = .explicit(
      top: pads[0],
      bottom: after(shape[0], pads[0], pads[2], window.size.height, window.strides.height),
      left: pads[1],
      right: after(shape[1], pads[1], pads[3], window.size.width, window.strides.width))
    let isEqual =
      result.rows(shape[0]) == window.rows(shape[0])
      && result.columns(shape[1]) == window.columns(shape[1])
    return isEqual ? window : result
  }

  mutating func globalPooling(_ call: ONNXCall, _ kind: PoolingKind) throws -> ONNXActivation {
    let node = try append(
      call, .globalPooling(kind, keepsDimensions: true), [try image(0, of: call)])
    return ONNXActivation(node: node, layout: .image)
  }
}
