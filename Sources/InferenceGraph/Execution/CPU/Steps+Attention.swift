package import CKernels

/// Average pooling to a fixed size.
struct AdaptivePoolingStep: Step {
  private let input: BufferView
  private let output: BufferView
  private let rows: Storage<dk_range>
  private let columns: Storage<dk_range>

  init(input: BufferView, output: BufferView) {
    self.input = input
    self.output = output
    (rows, columns) = AdaptivePooling.tables(input.image, output.image)
  }

  func run(_ workspace: Workspace, block: Int) {
    unsafe kernels.pool_ranges(
      workspace.pointer(input, block: block), input.image, workspace.pointer(output, block: block),
      output.image, rows.pointer, columns.pointer)
  }
}

extension AdaptivePooling {
  /// Returns the rows and the columns that each of the result's is the mean of.
  package static func tables(
    _ from: dk_image, _ to: dk_image
  ) -> (rows: Storage<dk_range>, columns: Storage<dk_range>) {
    func table(_ from: Int32, _ to: Int32) -> Storage<dk_range> {
      Storage(
        (0..<Int(to)).map {
          let window = window($0, from: Int(from), to: Int(to))
          return dk_range(start: Int32(window.lowerBound), end: Int32(window.upperBound))
        })
    }
    return (table(from.height, to.height), table(from.width, to.width))
  }
}

/// Local response normalization.
struct ResponseNormalizationStep: Step {
  let input: BufferView
  let output: BufferView
  let normalization: ResponseNormalization

  func run(_ workspace: Workspace, block: Int) {
    unsafe kernels.response_normalize(
      workspace.pointer(input, block: block), input.image, workspace.pointer(output, block: block),
      output.image, normalization.kernel)
  }
}

extension ResponseNormalization {
  /// The kernels' form of the parameters.
  package var kernel: dk_response {
    dk_response(size: Int32(size), alpha: alpha, beta: beta, bias: bias)
  }
}

/// A rectifier with a factor for each channel.
struct ParametricReLUStep: Step {
  let input: BufferView
  let output: BufferView
  let alpha: Storage<Float>

  func run(_ workspace: Workspace, block: Int) {
    unsafe kernels.parametric_relu(
      workspace.pointer(input, block: block), input.image, workspace.pointer(output, block: block),
      output.image, alpha.pointer)
  }
}

/// The products of two stacks of matrices.
struct MatrixProductStep: Step {
  let left: BufferView
  let right: BufferView
  let output: BufferView

  func run(_ workspace: Workspace, block: Int) {
    unsafe kernels.multiply_matrices(
      workspace.pointer(left, block: block), left.image.matrices,
      workspace.pointer(right, block: block), right.image.matrices,
      workspace.pointer(output, block: block), output.image.matrices, false)
  }
}

extension dk_image {
  /// The image as a stack of matrices [width, channels].
  package var matrices: dk_matrices {
    dk_matrices(
      count: height, rows: width, columns: channels, pitch: row_pitch, row_pitch: pixel_pitch,
      column_pitch: channel_pitch)
  }
}

extension dk_matrices {
  /// The matrices with rows and columns exchanged.
  package var transposed: dk_matrices {
    dk_matrices(
      count: count, rows: columns, columns: rows, pitch: pitch, row_pitch: column_pitch,
      column_pitch: row_pitch)
  }
}

/// The same elements for every image.
struct ConstantStep: Step {
  let output: BufferView
  let values: Storage<Float>

  func run(_ workspace: Workspace, block: Int) {
    unsafe kernels.broadcast(
      values.pointer, workspace.pointer(output, block: block), output.image)
  }
}
