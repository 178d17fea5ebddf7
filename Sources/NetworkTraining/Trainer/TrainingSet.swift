public import InferenceGraph

/// Images with the labels to learn.
public struct TrainingSet: Sendable {
  /// The images.
  public let source: any SampleSource
  /// A class for every image.
  public let labels: [Int32]
  /// Distributions over the classes to learn instead of the labels, `[images][classes]`, each with a
  /// sum of 1: another network's scores, for example (Hinton, Vinyals and Dean 2015). They belong to
  /// the images as they are, and are learned for the images as augmentation changes them. nil: the
  /// label has all of it.
  ///
  /// Accuracies count labels all the same.
  public let targets: [Float]?

  /// Creates a set; there must be a label for every image, and targets for all or none.
  public init(_ source: any SampleSource, labels: [Int32], targets: [Float]? = nil) {
    precondition(
      source.count == labels.count, "\(labels.count) labels for \(source.count) images")
    self.source = source
    self.labels = labels
    self.targets = targets
  }
}
