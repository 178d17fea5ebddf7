import DefenseKit
import DefenseKitTesting
import Testing

/// What a detector says of a batch, and the model that it is; right unless a test says otherwise.
private protocol Judgement: Sendable {
  static func detections(_ batch: DetectorBatch) throws -> [Detection]
  static func model(suspect: Model) throws -> Model?
}

extension Judgement {
  static func detections(_ batch: DetectorBatch) throws -> [Detection] {
    try Looking(models: []).look(batch)
  }
  static func model(suspect: Model) throws -> Model? { nil }
}

@Suite("Detections that break rules")
struct DetectionRuleTests {
  /// A detector that is right but for what it says of a batch, or the model that it is.
  private struct Judging<Judge: Judgement>: BadDetector {
    func fitted(
      to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
    ) throws -> any FittedDetector {
      Looking(models: [suspect, try required(repaired).model], look: Judge.detections)
    }

    func model(suspect: Model, repaired: Model) throws -> Model? {
      try Judge.model(suspect: suspect)
    }
  }

  private enum Right: Judgement {}

  @Test("A detector that does nothing wrong passes")
  func right() throws { try PluginChecks(Judging<Right>.self).run() }

  private enum ByPlace: Judgement {
    static func detections(_ batch: DetectorBatch) -> [Detection] {
      batch.indices.map { Detection(.class(0), score: Float($0)) }
    }
  }

  private enum ByCompany: Judgement {
    static func detections(_ batch: DetectorBatch) -> [Detection] {
      let prediction = batch.indices.count == 1 ? Prediction.flagged : .class(0)
      return batch.indices.map { _ in Detection(prediction, score: 0) }
    }
  }

  @Test("Detections that depend on an image's place or on what comes with it")
  func places() {
    expect(
      Judging<ByPlace>.self, breaks: .imageOrder, .singleImage,
      saying: "bad breaks the rule 'image-order': image 0 of toy_plain gets prediction 0 and score "
        + "0.0 in its position, and prediction 0 and score * when the images are shuffled; judge "
        + "each image independently of the others")
    expect(
      Judging<ByCompany>.self, breaks: .singleImage,
      saying: "bad breaks the rule 'single-image': image 0 of toy_plain gets prediction 0 and "
        + "score 0.0 in its position, and prediction flagged and score 0.0 alone; judge each image "
        + "independently, whatever the size of the batch")
  }

  private enum NoLabel: Judgement {
    static func detections(_ batch: DetectorBatch) -> [Detection] {
      batch.predictions(of: 0).map {
        guard case .class(let number) = $0 else { return Detection($0, score: 0) }
        return Detection(.class(number + 1), score: 0)
      }
    }
  }

  private enum TooFew: Judgement {
    static func detections(_ batch: DetectorBatch) -> [Detection] {
      [Detection(.class(0), score: 0)]
    }
  }

  @Test("Predictions of no class, and fewer detections than images")
  func labels() {
    expect(
      Judging<NoLabel>.self, breaks: .detections,
      saying: "bad breaks the rule 'detections': image 3 of toy_plain gets the prediction 4; "
        + "return a class from 0 to 3, flagged, no verdict or undefined")
    expect(
      PluginChecks(Judging<TooFew>.self), .detections,
      "bad breaks the rule 'detections': it ended on toy_plain with an error: bad gave 1 detections "
        + "for 64 images, which is a mistake in the plugin; fix it, or give PluginChecks options "
        + "with which it works on the toy problem", #_sourceLocation)
  }

  private enum NoFlag: Judgement {
    static func model(suspect: Model) throws -> Model? { suspect }
  }

  private enum OtherModel: Judgement {
    /// A model with an output more, which is never the largest.
    static func model(suspect: Model) throws -> Model? {
      var model = suspect
      var values = [Float](repeating: 0, count: 20)
      for output in 0..<4 { values[output * 5 + (output + 1) % 4] = 1 }
      try model.graph.append(
        "more", .dense(Dense(kernel: Tensor(shape: [4, 5], values: values))),
        inputs: [suspect.graph.output])
      return model
    }
  }

  @Test("A model that is not the detector")
  func models() {
    expect(
      Judging<NoFlag>.self, breaks: .detections,
      saying: "bad breaks the rule 'detections': its model of toy_plain has 4 outputs for 4 "
        + "classes; return a "
        + "model with one output for each class and one for triggered images, or nil")
    expect(
      Judging<OtherModel>.self, breaks: .detections,
      saying: "bad breaks the rule 'detections': image 0 of toy_plain gets the prediction 0 "
        + "from the detector and 1 "
        + "from its model; return a model whose argmax is the prediction, or nil")
  }
}
