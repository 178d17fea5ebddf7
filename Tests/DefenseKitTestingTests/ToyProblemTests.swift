import DefenseKit
import DefenseKitTesting
import Testing

@Suite("The toy problem")
struct ToyProblemTests {
  private func result(_ model: Model, _ problem: ToyProblem) throws -> Evaluation.ModelResult {
    try Evaluation.ModelResult(
      of: model, test: problem.test, poisoned: problem.poisoned, in: RunContext())
  }

  @Test(
    "Both networks know the classes and have the backdoor; the others have not",
    arguments: [[8, 8, 1], [11, 9, 3]], [UInt64(0), 1, 2, 3])
  func networks(_ imageShape: [Int], _ seed: UInt64) throws {
    let problem = try ToyProblem(seed: seed, imageShape: imageShape)
    for suspect in problem.suspects {
      let (bad, good) = (
        try result(suspect.model, problem), try result(suspect.repaired, problem)
      )
      #expect(try #require(bad.test).accuracy > 0.95)
      #expect(try #require(bad.poisoned).counted.successRate > 0.95)
      #expect(try #require(good.test).accuracy > 0.95)
      #expect(try #require(good.poisoned).counted.successRate < 0.1)
    }
    let clean = try result(problem.cleanModel, problem)
    #expect(try #require(clean.test).accuracy > 0.95)
    #expect(try #require(clean.poisoned).counted.successRate < 0.1)
  }

  @Test("Six and eight classes", arguments: [6, 8], [UInt64(0), 1])
  func classes(_ classCount: Int, _ seed: UInt64) throws {
    let problem = try ToyProblem(seed: seed, classCount: classCount)
    #expect(Set(problem.cleanImages.labels) == Set(0..<Int32(classCount)))
    for suspect in problem.suspects {
      #expect(suspect.model.classCount == classCount)
      let bad = try result(suspect.model, problem)
      #expect(try #require(bad.test).accuracy > 0.95)
      #expect(try #require(bad.poisoned).counted.successRate > 0.95)
    }
  }

  @Test("The same seed gives the same problem, another one another")
  func seeds() throws {
    let (first, again) = (try ToyProblem(seed: 3), try ToyProblem(seed: 3))
    #expect(first.plain.model.graph == again.plain.model.graph)
    #expect(first.normalized.repaired.graph == again.normalized.repaired.graph)
    #expect(first.cleanImages == again.cleanImages && first.trigger == again.trigger)
    let other = try ToyProblem(seed: 4)
    #expect(first.plain.model.graph != other.plain.model.graph)
    #expect(first.cleanImages != other.cleanImages)
  }

  @Test("Clean, test and training images are different ones")
  func disjoint() throws {
    let problem = try ToyProblem.standard()
    var observed: Set<[UInt8]> = []
    for set in [problem.training, problem.cleanImages, problem.testImages] {
      for index in 0..<set.count { #expect(observed.insert(set[index]).inserted) }
    }
    #expect(problem.clean.count == 160 && problem.test.count == 64)
    #expect(problem.poisoned.count == 48 && problem.triggeredImages.count == 48)
  }
}
