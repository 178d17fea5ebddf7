import DefenseKit
import Testing

@testable import FreeEagle

@Suite("FreeEagle")
struct FreeEagleTests {
  @Test("The statistic, worked by hand")
  func statistic() {
    // In order .04 .04 .05 .05 .05 .05 .06 .06 .07 .62: Q1 at 2, Q3 at 7.
    let tendencies = [0.05, 0.04, 0.06, 0.05, 0.62, 0.04, 0.05, 0.07, 0.05, 0.06]
    let found = FreeEagle.statistic(of: tendencies)
    #expect(abs(found - 56) < 1e-9)
    // Zeros do not count: 0.1 0.2 0.3 0.4 has Q1 0.2 and Q3 0.4, which is the largest.
    #expect(FreeEagle.statistic(of: [0, 0.3, 0.1, 0, 0.4, 0.2]) == 0)
    #expect(FreeEagle.statistic(of: [0.1, 0.1, 0.1, 0.1, 0.6]) == .infinity)
    #expect(FreeEagle.statistic(of: [0.1, 0.1, 0.1, 0.1]) == 0)
    #expect(FreeEagle.statistic(of: [0, 0, 0, 0]) == 0)
  }

  @Test("A tendency is the mean of the other classes' scores, worked by hand")
  func tendencies() {
    let scores: [Float] = [
      0.5, 0.25, 0.25,
      0.125, 0.75, 0.125,
      0.5, 0.25, 0.25,
    ]
    #expect(FreeEagle.tendencies(scores, classes: 3) == [0.3125, 0.25, 0.1875])
  }

  /// Twelve features behind a rectifier, two a class for six classes. With `backdoor` a bias of its
  /// logit makes every embedding lean toward class 4.
  private func network(backdoor: Bool) throws -> Model {
    let classes = 6
    var graph = try Graph(inputShape: [4, 4, 1])
    try graph.append("flat", .flatten, inputs: [0])
    var numbers = SeededGenerator(seed: 5)
    func kernel(_ rows: Int, _ columns: Int, _ value: (Int, Int) -> Float) -> Tensor {
      Tensor(
        shape: [rows, columns],
        values: (0..<rows).flatMap { row in (0..<columns).map { value(row, $0) } })
    }
    let first = kernel(16, 12) { _, _ in Float(numbers.unit()) - 0.5 }
    try graph.append("hidden", .dense(Dense(kernel: first)), inputs: [1], activation: .relu)
    let last = kernel(12, classes) { row, column in row / 2 == column ? 1.5 : -0.3 }
    let bias = Tensor(
      shape: [classes], values: (0..<classes).map { backdoor && $0 == 4 ? 6 : 0 })
    try graph.append(
      "scores", .dense(Dense(kernel: last, bias: bias)), inputs: [2], activation: .softmax)
    return Model(graph: graph, preprocessing: Preprocessing(scale: 1), name: "toy")
  }

  @Test("A class that draws all embeddings stands out; without it none does")
  func scans() throws {
    var options = FreeEagle.Options()
    options.steps = 60
    let scanner = try FreeEagle(options: options)
    let honest = try scanner.scan(try network(backdoor: false), using: nil, in: RunContext())
    #expect(!honest.isBackdoored, "\(honest)")
    let suspect = try scanner.scan(try network(backdoor: true), using: nil, in: RunContext())
    #expect(suspect.isBackdoored && suspect.topClass == 4, "\(suspect)")
    #expect(suspect.classScores.count == 6)
    let again = try scanner.scan(
      try network(backdoor: true), using: nil,
      in: RunContext(execution: ExecutionOptions(threads: 1)))
    #expect(again == suspect)
  }

  @Test("What cannot be judged is refused with the reason")
  func refusals() throws {
    func message(_ work: () throws -> Void) -> String? {
      do { try work() } catch { return "\((error as? PluginError)?.description ?? "\(error)")" }
      return nil
    }
    var options = FreeEagle.Options()
    options.layer = "nowhere"
    #expect(
      message {
        _ = try FreeEagle(options: options).scan(
          try network(backdoor: false), using: nil, in: RunContext())
      }?.contains("free-eagle.layer takes an inner layer") == true)
    var graph = try Graph(inputShape: [2, 2, 1])
    try graph.append("flat", .flatten, inputs: [0])
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [4, 3], repeating: 1))), inputs: [1])
    #expect(
      message {
        _ = try FreeEagle().scan(Model(graph: graph), using: nil, in: RunContext())
      }?.contains("takes at least 4 classes") == true)
    options = FreeEagle.Options()
    options.steps = 0
    #expect(message { _ = try FreeEagle(options: options) }?.contains("steps takes") == true)
  }
}
