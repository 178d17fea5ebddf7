import Testing

@testable import InferenceGraph

@Suite("Names")
struct NameSetTests {
  @Test("A name is taken once, then the first free number from 2 on")
  func names() {
    var names = NameSet()
    let made = ["a", "a-2", "a", "b", "a"].map { name in
      names.take(name) { "\(name)-\($0)" }
    }
    #expect(made == ["a", "a-2", "a-3", "b", "a-4"])
  }

  @Test("The multiply-adds of a graph by itself are those of its executor")
  func cost() throws {
    var graph = try Graph(inputShape: [3])
    let dense = Dense(kernel: Tensor(shape: [3, 2], repeating: 1))
    try graph.append(
      "unused", .dense(Dense(kernel: Tensor(shape: [3, 5], repeating: 1))), inputs: [0])
    try graph.append("a", .dense(dense), inputs: [0])
    try graph.append("b", .dense(dense), inputs: [0])
    try graph.append("sum", .add, inputs: [2, 3], activation: .softmax)
    for sharing in [true, false] {
      let executor = try Executor([Model(graph: graph)], options: .init(sharing: sharing))
      #expect(graph.executedMultiplyAdds(sharing: sharing) == executor.costPerImage)
    }
    #expect(graph.executedMultiplyAdds() == 6 && graph.multiplyAdds == 27)
    #expect(graph.reachingOutput == [true, false, true, true, true])
  }
}
