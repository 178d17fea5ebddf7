public import InferenceGraph

/// Returns a warning if a suspect's clean accuracy is close to that of guessing, else nil.
///
/// Close means a chance-corrected accuracy, (accuracy - 1/N) / (1 - 1/N), under 0.1. Since every
/// trained model does better, the usual cause is the way the images are read; the warning names the
/// cause that fits the current input scale.
public func baselineWarning(
  correct: Int, images: Int, classCount: Int, inputScale: Float, data: String
) -> DataError? {
  guard images > 0, classCount > 1 else { return nil }
  let chance = 1 / Double(classCount)
  guard (share(correct, images) - chance) / (1 - chance) < 0.1 else { return nil }
  let (range, scale) = inputScale == 1 ? ("0...1", "1/255") : ("0...255", "1")
  return DataError(
    "the model classifies only \(correct) of \(images) images correctly, close to chance; the "
      + "scale, now \(scaleText(inputScale)), is probably wrong if the model expects \(range)",
    about: .dataSet(data),
    remedies: [
      .set("inputScale", to: [scale]), .check("layout"),
      .advice("check that the labels belong to this model"),
    ])
}

extension RunContext {
  /// Warns if a suspect's clean accuracy is close to that of guessing, with the likely cause.
  ///
  /// A defense with a ``PruningCurve`` calls this once it has counted; otherwise the evaluation
  /// does, on the test images.
  public func checkBaseline(correct: Int, images: Int, of suspect: Model, on data: String) {
    if let warning = baselineWarning(
      correct: correct, images: images, classCount: suspect.classCount,
      inputScale: suspect.inputScale, data: data)
    {
      warn(warning)
    }
  }
}

/// Returns an input scale in the form that the user would write.
private func scaleText(_ scale: Float) -> String {
  if scale == 1 { return "1" }
  return scale == 1 / 255 ? "1/255" : "\(scale)"
}
