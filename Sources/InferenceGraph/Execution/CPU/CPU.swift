/// The backend for the processor's vector units, which runs the kernels of CKernels.
struct CPU: Backend {
  func prepare(_ graph: Fused, blocks: Int) -> any PreparedGraph {
    let layout = BufferLayout(graph, blocks: blocks)
    return Plan(graph, layout)
  }
}
