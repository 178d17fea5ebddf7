public import InferenceGraph

/// Returns a warning if a suspect's accuracy on clean data is near that of guessing, else nil.
///
/// Near means that the accuracy corrected for chance, (accuracy - 1/N) / (1 - 1/N), is under 0.1.
/// A model that was trained at all does better, so that the cause is most likely how the images
/// are read; the warning names the cause that fits the scale in use.
public func baselineWarning(
  correct: Int, images: Int, classCount: Int, inputScale: Float, data: String
) -> String? {
  guard images > 0, classCount > 1 else { return nil }
  let chance = 1 / Double(classCount)
  guard (share(correct, images) - chance) / (1 - chance) < 0.1 else { return nil }
  let remedy =
    inputScale == 1
    ? "if the model expects 0...1, add --scale 1/255" : "if it expects 0...255, add --scale 1"
  return "the model gets only \(correct) of \(images) images of \(data) right, which is near "
    + "chance; probably the scale is wrong (now \(scaleText(inputScale))): \(remedy); else check "
    + "--layout and that the labels belong to this model"
}

extension RunContext {
  /// Warns if a suspect's accuracy on clean data is near that of guessing, with the likely cause.
  ///
  /// A defense with a ``PruningCurve`` calls it as soon as it has counted; for others the
  /// evaluation does, on the test images.
  public func checkBaseline(correct: Int, images: Int, of suspect: Model, on data: String) {
    if let warning = baselineWarning(
      correct: correct, images: images, classCount: suspect.classCount,
      inputScale: suspect.inputScale, data: data)
    {
      warn(warning)
    }
  }
}

/// A scale as the user would write it.
private func scaleText(_ scale: Float) -> String {
  if scale == 1 { return "1" }
  return scale == 1 / 255 ? "1/255" : "\(scale)"
}
