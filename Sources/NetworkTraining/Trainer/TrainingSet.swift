public import InferenceGraph

/// Training images with labels.
public struct TrainingSet: Sendable {
  /// The images.
  public let source: any SampleSource
  /// The class of each image.
  public let labels: [Int32]
  /// Target distributions over the classes that replace the labels in the loss,
  /// `[images][classes]`, each with sum 1; nil: the labels.
  ///
  /// For example another network's scores (Hinton, Vinyals and Dean 2015). The distributions belong
  /// to the original images but are also the targets of their augmented versions. Accuracies always
  /// count labels.
  public let targets: [Float]?

  /// Creates a set. Traps unless every image has a label and, with targets, a distribution.
  public init(_ source: any SampleSource, labels: [Int32], targets: [Float]? = nil) {
    precondition(
      source.count == labels.count, "\(labels.count) labels for \(source.count) images")
    self.source = source
    self.labels = labels
    self.targets = targets
  }
}
