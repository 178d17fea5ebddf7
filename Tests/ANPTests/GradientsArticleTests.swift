import DefenseKit
import DefenseKitTesting
import Foundation
import Testing

// The example of the article "Gradients", word for word.
func trigger(
  toward target: Int32, for model: Model, images: [Float], steps: Int
) throws -> MaskedPattern {
  let shape = model.graph.inputShape
  let count = images.count / shape.reduce(1, *)
  let backpropagation = try Backpropagation(
    model, batchSize: count, isTraining: false, differentiatesWeights: false,
    differentiatesInput: true)
  let loss = Loss.crossEntropy(Array(repeating: target, count: count))
  var trigger = MaskedPattern(
    imageShape: shape, mask: Array(repeating: 0.5, count: shape[0] * shape[1]),
    pattern: Array(repeating: 128, count: shape.reduce(1, *)))
  var masks = ValueOptimizer(.adam(), count: trigger.mask.count)
  var patterns = ValueOptimizer(.adam(), count: trigger.pattern.count)
  for _ in 0..<steps {
    try backpropagation.differentiate(loss, at: trigger.applied(to: images))
    let gradient = trigger.gradients(
      at: images, imageGradient: backpropagation.inputGradient)
    // 0.01 times the mask's L1 norm is part of the loss.
    masks.step(&trigger.mask, along: gradient.mask.map { $0 + 0.01 }, rate: 0.1)
    patterns.step(&trigger.pattern, along: gradient.pattern, rate: 10)
    trigger.mask = trigger.mask.map { min(max($0, 0), 1) }
    trigger.pattern = trigger.pattern.map { min(max($0, 0), 255) }
  }
  return trigger
}

@Suite("The article on gradients")
struct GradientsArticleTests {
  @Test("Its example is the one that is compiled here")
  func isTheSame() throws {
    let here = URL(fileURLWithPath: #filePath)
    let root = here.deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let article = try String(
      contentsOf: root.appendingPathComponent("Sources/DefenseKit/DefenseKit.docc/Gradients.md"),
      encoding: .utf8)
    let example = try #require(
      article.components(separatedBy: "```swift\n").dropFirst().first?
        .components(separatedBy: "```").first)
    #expect(try String(contentsOf: here, encoding: .utf8).contains(example))
  }

  @Test("It finds a trigger: for the attacked class with a smaller mask than for another")
  func findsTheTrigger() throws {
    let problem = try ToyProblem.standard()
    let images = try problem.clean.source.values(of: 0..<64)
    let model = problem.plain.model
    func size(_ target: Int32) throws -> (share: Double, mask: Float) {
      let found = try trigger(toward: target, for: model, images: images, steps: 200)
      let predictions = try Executor([model]).predictions(
        for: ArraySource(found.applied(to: images), imageShape: [8, 8, 1]))[0]
      return (
        Double(predictions.count { $0.isClass(target) }) / 64, found.mask.reduce(0, +)
      )
    }
    let (attacked, other) = (try size(0), try size(3))
    #expect(attacked.share > 0.9 && other.share > 0.9, "\(attacked) \(other)")
    #expect(attacked.mask < other.mask, "\(attacked) \(other)")
  }
}
