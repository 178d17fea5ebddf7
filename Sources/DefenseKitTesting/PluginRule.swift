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
  /// Repairs match the suspect and report correctly how they were made.
  case repairs
  /// A detector gives one prediction for each image: a class, flagged or undefined.
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
    case .imageOrder: "Images in another order get the same detections."
    case .singleImage: "An image that comes alone gets the same detection."
    case .cancelledBefore: "A run cancelled before it begins ends with CancellationError."
    case .cancelledDuring: "A run cancelled on the way ends with CancellationError at once."
    case .writesNothing: "Nothing is written: no file, no output, no error output."
    case .withoutData: "A plugin that learns from no clean data works without any."
    case .repairs: "Repairs fit the suspect and say rightly how they were made."
    case .detections: "Each image gets one prediction: a class, flagged or undefined."
    case .modelVerdict: "The statistic is a number, and every class has a score."
    case .dataSetScores: "Every image has a score, and what is dropped is in the set."
    case .poisoning: "Poisoned images and labels are what is promised; all others stay."
    case .trigger: "The trigger changes images, and its file alone gives the same ones again."
    }
  }
}
