internal import CKernels

package struct PoolingStep: Step {
  let input: BufferView
  let output: BufferView
  let pooling: Pooling

  package init(input: BufferView, output: BufferView, pooling: Pooling) {
    self.input = input
    self.output = output
    self.pooling = pooling
  }

  func run(_ workspace: Workspace, block: Int) {
    unsafe run(workspace.pointer(input, block: block), workspace.pointer(output, block: block))
  }

  /// Runs the step with other first elements of input and output.
  package func run(_ from: UnsafeMutablePointer<Float>, _ to: UnsafeMutablePointer<Float>) {
    let rows = pooling.grid.rows(Int(input.image.height))
    let columns = pooling.grid.columns(Int(input.image.width))
    unsafe kernels.pool(
      from, input.image, to, output.image, Int32(pooling.window.height),
      Int32(pooling.window.width),
      Int32(pooling.strides.height), Int32(pooling.strides.width), Int32(rows.before),
      Int32(columns.before), pooling.kind == .average)
  }
}
