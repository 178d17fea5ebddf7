/// A rule that plugins keep, so that runs can be repeated, compared and stopped.
///
/// Each has a name, under which a test shows it, and a sentence that says what it asks for.
public enum PluginRule: String, Sendable, CaseIterable, CustomStringConvertible {
  /// The plugin's name is written in kebab-case.
  case name
  /// The summary is one sentence.
  case summary
  /// Options have names of their own, in kebab-case, and a sentence each.
  case declarations
  /// The default options are accepted.
  case defaults
  /// An option that is read from its own text is what it was, and changes no other option.
  case roundTrip = "round-trip"
  /// Whatever is written as an option's value, it is accepted or refused by name.
  case badValues = "bad-values"
  /// The values that the author lists are refused by name.
  case refusals
  /// The models that it is given keep their bits.
  case suspectUnchanged = "suspect-unchanged"
  /// The images and labels that it is given keep their bits.
  case dataUnchanged = "data-unchanged"
  /// Equal seeds give equal bits.
  case sameSeed = "same-seed"
  /// One, two and three threads give equal bits.
  case threadCount = "thread-count"
  /// Clean images, or training images, in another order give equal bits.
  case sampleOrder = "sample-order"
  /// Inspected images in another order get the same verdicts.
  case imageOrder = "image-order"
  /// An inspected image that comes alone gets the same verdict.
  case singleImage = "single-image"
  /// A run that is cancelled before it begins ends with `CancellationError`, without any progress.
  case cancelledBefore = "cancelled-before"
  /// A run that is cancelled at a report of progress ends with `CancellationError`, after one more report
  /// at most.
  case cancelledDuring = "cancelled-during"
  /// Nothing is written: no file, no output, no error output.
  ///
  /// Bytes are counted by Linux for each thread; on other systems this rule is not checked. Empty files
  /// and folders have none.
  case writesNothing = "writes-nothing"
  /// A plugin that learns from no clean data works without any.
  case withoutData = "without-data"
  /// Repairs fit the suspect and say rightly how they were made.
  case repairs
  /// There is one verdict an image, and it is a class, N, or no class.
  case verdicts
  /// A verdict on a model has a statistic that is a number, and a score for every class.
  case modelVerdict = "model-verdict"
  /// A data-set detector gives every image a score and drops images of the set alone.
  case dataSetScores = "data-set-scores"
  /// Poisoned images and labels are what the attack promises; all others stay.
  case poisoning
  /// The trigger changes images, and its file alone gives the same triggered images.
  case trigger

  /// The name, as tests show it.
  public var description: String { rawValue }

  /// Whether it is about what the plugin does, not about its names and options.
  var isAboutRuns: Bool {
    switch self {
    case .name, .summary, .declarations, .defaults, .roundTrip, .badValues, .refusals: false
    default: true
    }
  }

  /// What the rule asks for, in a sentence.
  public var promise: String {
    switch self {
    case .name: "The plugin's name is written in kebab-case."
    case .summary: "The summary is one sentence."
    case .declarations: "Options have names of their own, in kebab-case, and a sentence each."
    case .defaults: "The default options are accepted."
    case .roundTrip: "An option that is read from its own text is what it was."
    case .badValues: "Whatever is written as an option's value is accepted or refused by name."
    case .refusals: "The values that the author lists are refused by name."
    case .suspectUnchanged: "The models that it is given keep their bits."
    case .dataUnchanged: "The images and labels that it is given keep their bits."
    case .sameSeed: "Equal seeds give equal bits."
    case .threadCount: "One, two and three threads give equal bits."
    case .sampleOrder: "Clean images in another order give equal bits."
    case .imageOrder: "Inspected images in another order get the same verdicts."
    case .singleImage: "An inspected image that comes alone gets the same verdict."
    case .cancelledBefore: "A run cancelled before it begins ends with CancellationError."
    case .cancelledDuring: "A run cancelled on the way ends with CancellationError at once."
    case .writesNothing: "Nothing is written: no file, no output, no error output."
    case .withoutData: "A plugin that learns from no clean data works without any."
    case .repairs: "Repairs fit the suspect and say rightly how they were made."
    case .verdicts: "There is one verdict an image: a class, N, or no class."
    case .modelVerdict: "The statistic is a number, and every class has a score."
    case .dataSetScores: "Every image has a score, and what is dropped is in the set."
    case .poisoning: "Poisoned images and labels are what is promised; all others stay."
    case .trigger: "The trigger changes images, and its file alone gives the same ones again."
    }
  }
}
