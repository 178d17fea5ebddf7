/// A rule that plugins keep, so that runs can be repeated, compared and cancelled.
///
/// Each rule has a name for test output and a sentence that states it.
public enum PluginRule: String, Sendable, CaseIterable, CustomStringConvertible {
  /// The plugin's name is written in kebab-case.
  case name
  /// The summary is one sentence.
  case summary
  /// Options have unique names, in kebab-case, and one sentence of help each.
  case declarations
  /// The default options are accepted.
  case defaults
  /// An option read from its own text keeps its value and changes no other option.
  case roundTrip = "round-trip"
  /// Any text for an option is either accepted or refused with a message that names the option.
  case badValues = "bad-values"
  /// The values that the author lists are refused with a message that names the option.
  case refusals
  /// The plugin does not change a bit of the models that it gets.
  case suspectUnchanged = "suspect-unchanged"
  /// The plugin does not change a bit of the images and labels that it gets.
  case dataUnchanged = "data-unchanged"
  /// Equal seeds give equal bits.
  case sameSeed = "same-seed"
  /// One, two and three threads give equal bits.
  case threadCount = "thread-count"
  /// Clean images, or training images, in another order give equal bits.
  case sampleOrder = "sample-order"
  /// A detector's detections do not depend on the order of the images.
  case imageOrder = "image-order"
  /// A detector's answer for an image is the same if the image is the only one.
  case singleImage = "single-image"
  /// A run cancelled before it begins ends with `CancellationError` and reports no progress.
  case cancelledBefore = "cancelled-before"
  /// A run cancelled at a progress report ends with `CancellationError` after at most one more
  /// report.
  case cancelledDuring = "cancelled-during"
  /// The plugin writes nothing: no file, no output, no error output.
  ///
  /// Linux counts bytes for each thread; on other systems this rule is not checked. Empty files and
  /// folders are not detected.
  case writesNothing = "writes-nothing"
  /// A plugin that does not require clean data works without it.
  case withoutData = "without-data"
  /// A plugin that does not require labels gives equal bits whatever stands in for them.
  case withoutLabels = "without-labels"
  /// Repairs match the suspect and report correctly how they were made.
  case repairs
  /// A detector gives one prediction for each image: a class, flagged, no verdict or undefined.
  case detections
  /// A verdict on a model has a statistic that is not NaN, and a score for every class.
  case modelVerdict = "model-verdict"
  /// A data-set detector scores every image and drops only images of the set.
  case dataSetScores = "data-set-scores"
  /// Poisoned images and labels are those that the attack promises; all others stay.
  case poisoning
  /// The trigger changes images, and its file alone gives the same triggered images.
  case trigger

  /// The name in test output.
  public var description: String { rawValue }

  /// Whether the rule is about the plugin's runs and not about its names and options.
  var isAboutRuns: Bool {
    switch self {
    case .name, .summary, .declarations, .defaults, .roundTrip, .badValues, .refusals: false
    default: true
    }
  }

  /// One sentence that states the rule.
  public var promise: String {
    switch self {
    case .name: "The plugin's name is in kebab-case."
    case .summary: "The summary is one sentence."
    case .declarations: "Every option has a unique name in kebab-case and a one-sentence help."
    case .defaults: "The plugin accepts its default options."
    case .roundTrip: "Reading an option's own text does not change the option."
    case .badValues: "Every text for an option is accepted, or refused with the option's name."
    case .refusals: "The listed bad values are refused with the option's name."
    case .suspectUnchanged: "The plugin does not change its input models."
    case .dataUnchanged: "The plugin does not change its input images and labels."
    case .sameSeed: "Equal seeds give equal bits."
    case .threadCount: "One, two and three threads give equal bits."
    case .sampleOrder: "The order of the clean images changes no bit."
    case .imageOrder: "The order of the classified images does not change their detections."
    case .singleImage: "A single image gets the same detection as in a batch."
    case .cancelledBefore: "A run cancelled before it begins ends with CancellationError."
    case .cancelledDuring: "A run cancelled in progress ends with CancellationError immediately."
    case .writesNothing: "The plugin writes nothing: no file, no output, no error output."
    case .withoutData: "A plugin that does not require clean data works without it."
    case .withoutLabels: "A plugin that does not require labels does not depend on them."
    case .repairs: "Repairs fit the suspect and report correctly how they were made."
    case .detections: "Every image gets one prediction: a class, flagged, no verdict or undefined."
    case .modelVerdict: "The statistic is a number, and every class has a score."
    case .dataSetScores: "Every image has a score, and dropped images are in the set."
    case .poisoning: "Poisoned images and labels are as declared; all others are unchanged."
    case .trigger: "The trigger changes images, and its file reproduces the change."
    }
  }
}
