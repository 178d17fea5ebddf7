public import DefenseKit
private import Foundation

/// Decides from a model alone whether one class can be reached with a larger margin than all others.
///
/// An image that maximizes a class's score need not look like one: its classification margin
/// depends on the features that the network has for this class. A backdoor adds features that
/// overrule all others, so that the target class has an unusually large maximum margin. With logits
/// z, the maximum margin of class t is
///
///     r_t = max over images x of z_t(x) - max(z_c(x) for c other than t), at least 0.
///
/// The search ascends the margin from several images of uniform noise, by Adam within the range of
/// the images' values; all classes start from the same images. The K - 1 margins other than the
/// largest one, r_max, give the null distribution F (`NullDistribution`). The p-value is
///
///     p = 1 - F(r_max)^K,
///
/// the probability that the largest of K margins of an honest network is at least r_max. The
/// verdict's statistic is -log10 p; a model counts as backdoored if p is under the significance.
///
/// The authors descend by plain steps and limit the values inside the network alone, where values
/// outside of the range get no gradient any more. Adam and values kept within the range make the
/// search independent of the scale of logits and images. Fewer than 5 classes leave too few margins
/// for a distribution.
///
/// Source: Wang, Xiang, Miller and Kesidis, "MM-BD: Post-Training Detection of Backdoor Attacks
/// with Arbitrary Backdoor Pattern Types Using a Maximum Margin Statistic", IEEE S&P 2024.
public struct MMBD: ModelScanner {
  /// "mm-bd".
  public static let name = "mm-bd"
  /// One sentence for listings.
  public static let summary =
    "Finds a class whose largest possible margin stands out from the others'; needs no data."

  /// Five classes, because fewer leave too few margins for a distribution.
  public static let requirements: [PluginRequirement] = [.classes(5)]

  /// The time grows with the square of the number of classes.
  public static let largestUnnamedClassCount: Int? = 200

  /// The options of this scanner.
  public let options: Options

  /// Creates the scanner with all defaults.
  public init() { options = Options() }

  /// Creates the scanner.
  ///
  /// - Throws: `PluginError` if an option is out of range.
  public init(options: Options) throws(PluginError) {
    try Self.check(options)
    self.options = options
  }

  /// Searches for the maximum margin of each class and compares the largest with the others.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model with fewer than 5 classes, or
  ///   with scores or gradients that are not finite; the errors of computing gradients and of
  ///   reading clean images; `CancellationError`.
  public func scan(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> ModelVerdict {
    let classes = model.classCount
    guard classes >= 5 else {
      throw PluginError(
        .unsuitableModel,
        "compares one class's margin with a distribution of the others', which takes at least 5 "
          + "classes, but \(model.name) has \(classes)", about: .plugin(Self.name))
    }
    try context.checkCancellation()
    let (range, note) = try range(for: model, clean)
    let search = MarginSearch(
      range: range, starts: options.starts ?? min(10, max(2, 400 / classes)), steps: options.steps,
      learningRate: options.learningRate)
    let margins = try search.margins(of: model, in: context)
    let scores = margins.map { max(0, Double($0.max() ?? 0)) }
    return ModelVerdict(
      statistic: Self.statistic(
        of: scores, null: options.null ?? (classes < 30 ? .exponential : .gamma)),
      threshold: -log10(options.significance),
      classScores: scores, measure: "maximum margin", notes: note.map { [$0] } ?? [])
  }

  /// Returns -log10 p for the margins of all classes.
  static func statistic(of margins: [Double], null: NullDistribution) -> Double {
    guard let largest = margins.indices.max(by: { margins[$0] < margins[$1] }) else { return 0 }
    var others = margins
    others.remove(at: largest)
    return decimals(
      ofLogarithm: null.logarithmOfP(margins[largest], besides: others, of: margins.count))
  }

  /// Returns -log10 of a number given by its natural logarithm.
  static func decimals(ofLogarithm value: Double) -> Double {
    max(0, -value / log(10))
  }

  /// Returns the range of the images' values, and a note if it is assumed.
  private func range(
    for model: Model, _ clean: CleanData?
  ) throws -> (range: ClosedRange<Float>, note: String?) {
    if let range = options.range { return (Float(range[0])...Float(range[1]), nil) }
    if let clean { return (try clean.valueRange(), nil) }
    return (
      0...255,
      "images are taken to have values of 0...255 before the input scale; if they have others, give "
        + "clean images or \(Self.name).range"
    )
  }
}
