public import InferenceGraph

extension Model {
  /// Returns the model trained on labelled images.
  ///
  /// The images are in memory while it lasts. What comes out is the same bits for any number of
  /// threads, and also where a training is resumed from a state of an earlier one; across instruction
  /// sets (``Executor/instructionSet``) the last bits differ. Channels that are masked, with a kernel
  /// and a bias of zeros, stay so. A layer that a Keras file uses twice is two layers of the model,
  /// each with weights of its own, which do not stay equal.
  ///
  /// - Parameters:
  ///   - data: The images to learn; at least as many as a batch has.
  ///   - heldOut: Images that are evaluated after every epoch. Where there is
  ///     ``TrainingOptions/patience`` they decide when to stop, and which epoch is kept unless it is the
  ///     last in any case (``TrainingOptions/keepsLast``).
  ///   - options: How to train.
  ///   - state: Where an earlier training with the same model, images and options stood.
  ///   - execution: The number of threads, on which no result depends.
  ///   - progress: Told how many images of all epochs are done.
  ///   - checkpoint: Given the state after every epoch; what it throws ends the training.
  /// - Throws: ``TrainingError`` for options out of range, too few images, a label that is no class of
  ///   the model, a loss or weights that are not finite any more, or a state of another training;
  ///   ``GraphError`` for a model that cannot be trained; ``SampleError`` for an image with a value
  ///   that is not finite; what the sources and `checkpoint` throw.
  public func trained(
    on data: TrainingSet, heldOut: TrainingSet? = nil, options: TrainingOptions,
    resuming state: TrainingState? = nil, execution: ExecutionOptions = ExecutionOptions(),
    progress: ProgressHandler? = nil, checkpoint: ((TrainingState) throws -> Void)? = nil
  ) throws -> TrainingResult {
    try options.check()
    try options.check(data, heldOut, for: self)
    return try TrainingRun(self, data, heldOut, options, execution)
      .run(from: state, progress, checkpoint)
  }
}
