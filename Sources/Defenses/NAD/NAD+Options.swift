public import DefenseKit

extension NAD {
  /// The options of ``NAD``.
  public struct Options: PluginOptions {
    /// The number of epochs of the student.
    public var epochs: Int
    /// The number of epochs of the teacher.
    public var teacherEpochs: Int
    /// The number of images in a step.
    public var batch: Int
    /// The student's learning rate in the first tenth of its epochs; a tenth of it later, and for
    /// the teacher.
    public var learningRate: Double
    /// The weight decay of the kernels.
    public var decay: Double
    /// The weights of the attention losses, beta, one for each layer; the last one goes to all
    /// further layers.
    public var weights: [Double]
    /// The exponent p of the attention maps.
    public var power: Double
    /// The names of the layers whose attention is distilled; nil selects up to three.
    public var layers: [String]?
    /// The share of the clean images that is held out to evaluate the student.
    public var heldOut: Double
    /// The largest random shift of an image in each direction, in pixels.
    public var shift: Int
    /// Whether a random half of the images is mirrored left to right.
    public var flip: Bool

    /// Creates options with all defaults.
    public init() {
      epochs = 20
      teacherEpochs = 10
      batch = 64
      learningRate = 0.1
      decay = 1e-4
      weights = [500, 1000, 1000]
      power = 2
      layers = nil
      heldOut = 0.1
      shift = 0
      flip = false
    }

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("epochs", \.epochs, "Epochs of the student, 1 to 10,000."),
        PluginOption("teacher-epochs", \.teacherEpochs, "Epochs of the teacher, 1 to 10,000."),
        PluginOption("batch", \.batch, "Batch size, 1 to 65,536."),
        PluginOption(
          "learning-rate", \.learningRate,
          "Learning rate in the first tenth of the student's epochs, over 0 and up to 100; later "
            + "and for the teacher a tenth of it."),
        PluginOption("decay", \.decay, "Weight decay of the kernels, 0 to 1."),
        PluginOption(
          "weights", \.weights,
          "Weights of the attention losses, one a layer, 0 to 1,000,000; the last one serves all "
            + "further layers."),
        PluginOption("power", \.power, "Exponent of the attention maps, 1 to 10."),
        PluginOption(
          "layers", \.layers,
          "Layers whose attention is distilled; auto: the last layer of each image size, up to "
            + "three."),
        PluginOption(
          "held-out", \.heldOut,
          "Share of the clean images held out to evaluate the student, 0 to under 1."),
        PluginOption(
          "shift", \.shift, "Largest random shift of training images in pixels, 0 to 64."),
        PluginOption(
          "flip", \.flip, "Whether half of the training images are mirrored, left for right."),
      ]
    }
  }

  /// Checks the ranges of the options.
  ///
  /// - Throws: `PluginError` with code `badOption`.
  static func check(_ options: Options) throws(PluginError) {
    func check(_ isGood: Bool, _ option: String, _ range: String) throws(PluginError) {
      if !isGood { throw PluginError(option: option, of: name, "takes \(range)") }
    }
    let epochs = 1...10_000
    try check(epochs.contains(options.epochs), "epochs", "an integer from 1 to 10,000")
    try check(
      epochs.contains(options.teacherEpochs), "teacher-epochs", "an integer from 1 to 10,000")
    try check((1...65_536).contains(options.batch), "batch", "an integer from 1 to 65,536")
    try check(
      options.learningRate > 0 && options.learningRate <= 100, "learning-rate",
      "a number over 0 and up to 100")
    try check((0...1).contains(options.decay), "decay", "a number from 0 to 1")
    try check(
      !options.weights.isEmpty && options.weights.allSatisfy { (0...1e6).contains($0) }, "weights",
      "numbers from 0 to 1,000,000")
    try check((1...10).contains(options.power), "power", "a number from 1 to 10")
    try check(options.layers?.isEmpty != true, "layers", "auto or names of layers")
    try check((0..<1).contains(options.heldOut), "held-out", "a number from 0 to under 1")
    try check((0...64).contains(options.shift), "shift", "an integer from 0 to 64")
  }

  /// The teacher's training: plain fine-tuning with the student's optimizer.
  var teacherTuning: FineTuningOptions {
    var tuning = FineTuningOptions()
    tuning.epochs = options.teacherEpochs
    tuning.learningRate = options.learningRate / 10
    tuning.batch = options.batch
    tuning.optimizer = .sgd
    tuning.schedule = .constant
    tuning.decay = options.decay
    (tuning.recovery, tuning.smoothing, tuning.distillation) = (0, 0, 0)
    (tuning.shift, tuning.flip) = (options.shift, options.flip)
    tuning.freezesNormalization = false
    tuning.heldOut = options.heldOut
    return tuning
  }
}
