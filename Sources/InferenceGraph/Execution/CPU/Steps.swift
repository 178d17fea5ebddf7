package import CKernels

struct GlobalPoolingStep: Step {
  let input: BufferView
  let output: BufferView
  let kind: PoolingKind

  func run(_ workspace: Workspace, block: Int) {
    unsafe kernels.pool_all(
      workspace.pointer(input, block: block), input.image, workspace.pointer(output, block: block),
      output.image.channel_pitch, kind == .average)
  }
}

/// An affine map of each channel, then an activation.
struct MapStep: Step {
  let input: BufferView
  let output: BufferView
  let scale: Storage<Float>?
  let shift: Storage<Float>?
  let activation: dk_activation

  func run(_ workspace: Workspace, block: Int) {
    unsafe kernels.map(
      workspace.pointer(input, block: block), input.image, workspace.pointer(output, block: block),
      output.image, scale?.pointer, shift?.pointer, activation)
  }
}

/// Layer or group normalization.
struct LayerNormalizationStep: Step {
  private let input: BufferView
  private let output: BufferView
  private let groups: Int32
  private let gamma: Storage<Float>?
  private let beta: Storage<Float>?
  private let epsilon: Double

  init(_ n: LayerNormalization, input: BufferView, output: BufferView) {
    self.input = input
    self.output = output
    groups = n.groupCount
    gamma = n.gamma.map { Storage($0.values) }
    beta = n.beta.map { Storage($0.values) }
    epsilon = Double(n.epsilon)
  }

  func run(_ workspace: Workspace, block: Int) {
    unsafe kernels.layer_normalize(
      workspace.pointer(input, block: block), input.image, workspace.pointer(output, block: block),
      output.image, groups, gamma?.pointer, beta?.pointer, epsilon)
  }
}

struct CombineStep: Step {
  let left: BufferView
  let right: BufferView
  let output: BufferView
  let combination: dk_combination
  let activation: dk_activation

  func run(_ workspace: Workspace, block: Int) {
    unsafe kernels.combine(
      workspace.pointer(left, block: block), left.image, workspace.pointer(right, block: block),
      right.image, workspace.pointer(output, block: block), output.image, combination, activation)
  }
}

/// A copy of elements from other positions of the input.
struct GatherStep: Step {
  private let input: BufferView
  private let output: BufferView
  private let offsets: Storage<Int32>

  /// - Parameter sources: For each element of the output, row-major, its position in the input; -1
  ///   for a zero.
  init(_ sources: [Int], input: BufferView, output: BufferView) {
    self.input = input
    self.output = output
    offsets = Storage(sources.map { input.image.offset(ofElement: $0) })
  }

  func run(_ workspace: Workspace, block: Int) {
    unsafe kernels.gather(
      workspace.pointer(input, block: block), offsets.pointer,
      workspace.pointer(output, block: block), output.image)
  }
}

/// Bilinear interpolation.
struct ResizingStep: Step {
  private let input: BufferView
  private let output: BufferView
  private let rows: Storage<dk_neighbours>
  private let columns: Storage<dk_neighbours>

  init(input: BufferView, output: BufferView) {
    self.input = input
    self.output = output
    (rows, columns) = BilinearResizing.tables(input.image, output.image)
  }

  func run(_ workspace: Workspace, block: Int) {
    unsafe kernels.resize(
      workspace.pointer(input, block: block), input.image, workspace.pointer(output, block: block),
      output.image, rows.pointer, columns.pointer)
  }
}

extension BilinearResizing {
  /// Returns the neighbors of each row and each column of the result.
  package static func tables(
    _ from: dk_image, _ to: dk_image
  ) -> (rows: Storage<dk_neighbours>, columns: Storage<dk_neighbours>) {
    func table(_ from: Int32, _ to: Int32) -> Storage<dk_neighbours> {
      Storage(
        neighbours(from: Int(from), to: Int(to)).map {
          dk_neighbours(first: Int32($0.first), second: Int32($0.second), share: $0.share)
        })
    }
    return (table(from.height, to.height), table(from.width, to.width))
  }
}

extension dk_image {
  /// Returns the floats from the first element to the element at a row-major position; -1 for -1.
  package func offset(ofElement element: Int) -> Int32 {
    if element < 0 { return -1 }
    let (pixel, channel) = element.quotientAndRemainder(dividingBy: Int(channels))
    let (y, x) = pixel.quotientAndRemainder(dividingBy: Int(width))
    return Int32(y) * Int32(row_pitch) + Int32(x) * Int32(pixel_pitch)
      + Int32(channel) * Int32(channel_pitch)
  }
}

extension Graph.Operation {
  /// The kernels' code for a combination of two inputs; nil if the operation is not one.
  package var combination: dk_combination? {
    if self == .add { return DK_ADD }
    if self == .multiply { return DK_MULTIPLY }
    if self == .maximum { return DK_MAXIMUM }
    return self == .minimum ? DK_MINIMUM : nil
  }
}

struct CopyStep: Step {
  let input: BufferView
  let output: BufferView

  func run(_ workspace: Workspace, block: Int) {
    unsafe kernels.copy(
      workspace.pointer(input, block: block), input.image, workspace.pointer(output, block: block),
      output.image)
  }
}

/// Records the lanes in which some element of a value is not finite.
struct CheckStep: Step {
  let view: BufferView
  /// The position in the graph's ``Fused/checked``.
  let check: Int

  func run(_ workspace: Workspace, block: Int) {
    unsafe workspace.note(
      kernels.nonfinite(workspace.pointer(view, block: block), view.image),
      check: check, block: block)
  }
}

/// Sets channels to zero.
struct ZeroingStep: Step {
  let view: BufferView
  let channels: [Int]

  func run(_ workspace: Workspace, block: Int) {
    for channel in channels {
      let one = view.channels(channel..<channel + 1)
      unsafe kernels.fill(workspace.pointer(one, block: block), one.image, 0)
    }
  }
}

/// Sets the border around a value to zero.
struct BorderStep: Step {
  /// Above, below, on the left, on the right.
  private let sides: [BufferView]

  init(around view: BufferView, _ border: Border) {
    let (height, width) = (Int(view.image.height), Int(view.image.width))
    let all = view.widened(by: border)
    let fullHeight = height + border.top + border.bottom
    sides = [
      all.part(y: 0, x: 0, height: border.top, width: Int(all.image.width)),
      all.part(
        y: fullHeight - border.bottom, x: 0, height: border.bottom, width: Int(all.image.width)),
      all.part(y: border.top, x: 0, height: height, width: border.left),
      all.part(y: border.top, x: border.left + width, height: height, width: border.right),
    ].filter { $0.pixelCount > 0 }
  }

  func run(_ workspace: Workspace, block: Int) {
    for side in sides {
      unsafe kernels.fill(workspace.pointer(side, block: block), side.image, 0)
    }
  }
}

struct SoftmaxStep: Step {
  let input: BufferView
  let output: BufferView
  let logarithm: Bool

  func run(_ workspace: Workspace, block: Int) {
    let from = unsafe workspace.pointer(input, block: block)
    let to = unsafe workspace.pointer(output, block: block)
    for y in 0..<Int(input.image.height) {
      for x in 0..<Int(input.image.width) {
        let a = y * Int(input.image.row_pitch) + x * Int(input.image.pixel_pitch)
        let b = y * Int(output.image.row_pitch) + x * Int(output.image.pixel_pitch)
        unsafe kernels.softmax(
          from + a, to + b, Int64(input.image.channels), input.image.channel_pitch,
          output.image.channel_pitch, logarithm)
      }
    }
  }
}
