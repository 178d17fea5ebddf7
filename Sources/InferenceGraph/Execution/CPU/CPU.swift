/// The processor's vector units, by the kernels in CKernels.
struct CPU: Backend {
  func prepare(_ graph: Fused, blocks: Int) -> any PreparedGraph {
    let layout = BufferLayout(graph, blocks: blocks)
    return Plan(graph, layout)
  }
}
