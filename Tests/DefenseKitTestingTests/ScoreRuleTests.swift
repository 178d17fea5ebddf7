import DefenseKit
import DefenseKitTesting
import Testing

@Suite("Verdicts on models and scores of training sets that break rules")
struct ScoreRuleTests {
  private struct NoScores: ModelScanner {
    static let name = "bad"
    static let summary = "Gives no class a score."
    init(options: NoOptions) {}
    func scan(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> ModelVerdict {
      try context.checkCancellation()
      return ModelVerdict(statistic: 0, threshold: 1, classScores: [1], measure: "nothing")
    }
  }

  private struct NoStatistic: ModelScanner {
    static let name = "bad"
    static let summary = "Gives a statistic that is no number."
    init(options: NoOptions) {}
    func scan(
      _ model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> ModelVerdict {
      try context.checkCancellation()
      return ModelVerdict(
        statistic: .nan, threshold: 1, classScores: [1, 2, 3, 4], measure: "nothing")
    }
  }

  @Test("A verdict needs a statistic and a score for every class")
  func verdicts() {
    expect(
      NoScores.self, breaks: .modelVerdict,
      saying: "bad breaks the rule 'model-verdict': 1 scores for 4 classes on toy_plain, or a "
        + "score is not a number; give each class a score, and the lowest to a class without one")
    expect(
      NoStatistic.self, breaks: .modelVerdict,
      saying: "bad breaks the rule 'model-verdict': the statistic on toy_plain is nan, the "
        + "threshold 1.0; refuse the model with PluginError(.unsuitableModel, ...)")
  }

  private struct TooFew: DataSetDetector {
    static let name = "bad"
    static let summary = "Scores one image."
    init(options: NoOptions) {}
    func scores(
      of training: TrainingData, model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> DataSetScores {
      try context.checkCancellation()
      return DataSetScores(scores: [1])
    }
  }

  private struct ByPlace: DataSetDetector {
    static let name = "bad"
    static let summary = "Scores images by their places."
    init(options: NoOptions) {}
    func scores(
      of training: TrainingData, model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> DataSetScores {
      try context.checkCancellation()
      return DataSetScores(scores: training.labels.indices.map(Double.init))
    }
  }

  private struct OutOfOrder: DataSetDetector {
    static let name = "bad"
    static let summary = "Drops images in no order."
    init(options: NoOptions) {}
    func scores(
      of training: TrainingData, model: Model, using clean: CleanData?, in context: RunContext
    ) throws -> DataSetScores {
      try context.checkCancellation()
      return DataSetScores(scores: training.labels.map { _ in 0 }, dropped: [3, 1])
    }
  }

  @Test("A data-set detector scores every image, wherever it stands, and drops in order")
  func scores() {
    expect(
      TooFew.self, breaks: .dataSetScores,
      saying: "bad breaks the rule 'data-set-scores': 1 scores for 400 images of toy_plain; give "
        + "every image a score, NaN for none")
    expect(
      OutOfOrder.self, breaks: .dataSetScores,
      saying: "bad breaks the rule 'data-set-scores': the images dropped on toy_plain are [3, 1]; "
        + "drop positions in the set, each once, in ascending order")
    expect(
      ByPlace.self, breaks: .sampleOrder,
      saying: "bad breaks the rule 'sample-order': element * in the original order of clean images "
        + "and * in shuffled order, on toy_plain; choose images by their positions in "
        + "clean.contentOrder(), and add up only values whose sum does not depend on the order, "
        + "for example integers")
  }
}
