public import DefenseKit

/// Small classifiers with a backdoor, and their data, for tests of plugins.
///
/// Images of 8x8 pixels show one of four classes: which of their quarters is bright. With 2n classes
/// they have two rows of n fields. Two small networks are trained on them, with a white patch of 2x2
/// pixels in the lower right corner of every fourth image and label 0 for it. Everything follows
/// from the seed; equal seeds give equal bits on machines with the same vector instructions.
///
/// ```swift
/// let problem = try ToyProblem.standard()
/// let experiment = try Experiment(
///   suspect: problem.plain.model, clean: problem.clean, test: problem.test,
///   poisoned: problem.poisoned)
/// let evaluation = try experiment.run([MagnitudePruning()], in: RunContext())
/// ```
public struct ToyProblem: Sendable {
  /// A network with the backdoor, and a copy without it.
  public struct Suspect: Sendable {
    /// The network with the backdoor.
    public let model: Model
    /// A copy without the backdoor: trained further on triggered images with their true labels,
    /// which no defense has.
    public let repaired: Model
  }

  /// Two convolutions with biases, each followed by a rectifier and pooling, and two dense layers.
  public let plain: Suspect
  /// Two convolutions without biases, each followed by batch normalization, a rectifier and
  /// pooling, and one dense layer.
  public let normalized: Suspect
  /// The plain network trained on clean images only.
  public let cleanModel: Model
  /// The clean training images of the networks, before some of them are poisoned.
  public let training: LabelledImages
  /// The training images of the networks, including the poisoned ones.
  public let poisonedImages: LabelledImages
  /// The images of ``poisonedImages`` as input for data-set detectors.
  public let poisonedTraining: TrainingData
  /// Other clean images, for defenses and detectors to learn from.
  public let clean: CleanData
  /// Clean images that neither training nor defenses use.
  public let test: CleanData
  /// The test images of other classes than the target class, with the trigger.
  public let poisoned: PoisonedData
  /// The images of ``clean``.
  public let cleanImages: LabelledImages
  /// The images of ``test``.
  public let testImages: LabelledImages
  /// The images of ``poisoned``, labelled with the target class.
  public let triggeredImages: LabelledImages
  /// The patch as a trigger, with target class 0.
  public let trigger: Trigger

  /// The number of classes of the standard problem.
  public static let classCount = 4
  /// The number of classes.
  public let classCount: Int

  /// The plain and the normalized suspect.
  public var suspects: [Suspect] { [plain, normalized] }

  /// Creates a problem and trains its networks.
  ///
  /// - Parameters:
  ///   - seed: Equal seeds give equal problems.
  ///   - imageShape: `[height, width, channels]`, at least 8x8 pixels.
  ///   - classCount: The number of classes: 4, 6 or 8.
  /// - Throws: The errors of training; none for problems of moderate size.
  public init(
    seed: UInt64 = 0, imageShape: [Int] = [8, 8, 1], classCount: Int = ToyProblem.classCount
  ) throws {
    precondition([4, 6, 8].contains(classCount), "\(classCount) classes; give 4, 6 or 8")
    self.classCount = classCount
    precondition(
      imageShape.count == 3 && imageShape[0] >= 8 && imageShape[1] >= 8 && imageShape[2] >= 1,
      "images of shape \(imageShape); give [height, width, channels] of at least 8x8 pixels")
    func images(_ count: Int, _ name: String, stream: UInt64) -> LabelledImages {
      Self.images(
        count, shape: imageShape, classCount: classCount, seed: seed, stream: stream, name: name)
    }
    training = images(400, "toy training images", stream: 1)
    cleanImages = images(160, "toy clean images", stream: 2)
    testImages = images(64, "toy test images", stream: 3)
    trigger = try Trigger(
      Self.patch(on: imageShape), imageShape: imageShape,
      goal: AttackGoal(target: 0, classCount: classCount), attack: "toy-patch", seed: seed)
    let (triggered, trueLabels) = try trigger.testSet(from: testImages)
    triggeredImages = triggered
    clean = try CleanData(cleanImages.dataSet())
    test = try CleanData(testImages.dataSet())
    poisoned = try PoisonedData(triggered.dataSet(trueLabels: trueLabels))

    var poisoning = Poisoning(of: training)
    var unlearning = Poisoning(of: training)
    for index in 0..<training.count {
      let label = training.labels[index]
      // The same share of every class.
      if index / classCount % 4 == 0 {
        poisoning.poison(index, with: trigger, label: trigger.goal.label(for: label))
      }
      if index / classCount % 2 == 0 { unlearning.poison(index, with: trigger, label: label) }
    }
    poisonedImages = poisoning.images
    poisonedTraining = try TrainingData(
      poisoning.images.dataSet(trueLabels: training.labels, poisoned: poisoning.poisoned))
    func suspect(_ initial: Model) throws -> Suspect {
      let model = try Self.trained(initial, on: poisoning.images, seed: seed)
      return Suspect(
        model: model, repaired: try Self.trained(model, on: unlearning.images, seed: seed))
    }
    let initial = try Self.plainNetwork(imageShape, classCount, seed: seed)
    plain = try suspect(initial)
    cleanModel = try Self.trained(initial, on: training, seed: seed)
    normalized = try suspect(Self.normalizedNetwork(imageShape, classCount, seed: seed))
  }

  /// Returns the problem with all defaults, which a process creates once.
  ///
  /// - Throws: The errors of ``init(seed:imageShape:classCount:)``.
  public static func standard() throws -> ToyProblem { try made.get() }

  private static let made = Result { try ToyProblem() }
}
