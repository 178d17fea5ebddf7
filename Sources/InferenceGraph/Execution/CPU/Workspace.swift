/// The buffers in which one thread runs a plan.
final class Workspace: GroupMemory {
  private let plan: Plan
  private let buffers: [Storage<Float>]
  /// The results of the checks, lanes as bits: `[check][block]`.
  private var found: [UInt32]

  init(_ plan: Plan) {
    self.plan = plan
    buffers = plan.layout.bufferSizes.map { Storage<Float>(count: $0) }
    found = Array(repeating: 0, count: plan.graph.checked.count * plan.blocks)
  }

  func run(blocks: Int, fill: (Int) throws -> Void) rethrows {
    var isFirst = true
    for segment in plan.segments {
      switch segment {
      case .perBlock(let steps):
        for block in 0..<blocks {
          if isFirst { try fill(block) }
          for step in steps { step.run(self, block: block) }
        }
      case .group(let step): step.run(self)
      }
      isFirst = false
    }
  }

  func value(of node: Int, block: Int) -> BlockValue {
    guard let view = plan.layout.views[node] else {
      preconditionFailure("node \(node) has no value of its own")
    }
    return unsafe BlockValue(pointer: pointer(view, block: block), image: view.image)
  }

  func brokenLanes(_ checks: [Int], block: Int) -> UInt32 {
    checks.reduce(0) { $0 | found[$1 * plan.blocks + block] }
  }

  /// Records the result of a check for a block.
  func note(_ lanes: UInt32, check: Int, block: Int) { found[check * plan.blocks + block] = lanes }

  /// Returns the start of a buffer.
  func pointer(buffer: Int) -> UnsafeMutablePointer<Float> { unsafe buffers[buffer].pointer }

  /// Returns the first element of a buffer view for a block.
  func pointer(_ view: BufferView, block: Int) -> UnsafeMutablePointer<Float> {
    unsafe buffers[view.buffer].pointer + view.offset + block * view.blockStride
  }
}
