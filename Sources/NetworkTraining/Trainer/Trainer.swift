public import InferenceGraph

extension Model {
  /// Returns the model trained on labelled images.
  ///
  /// The images stay in memory during training. The bits of the result do not depend on the number
  /// of threads or on whether training was resumed from a state; the last bits differ between
  /// instruction sets (`Executor.instructionSet`). Masked channels, whose kernel and bias are
  /// zero, stay masked. A layer that a Keras file uses twice becomes two layers of the model with
  /// separate weights, which training changes independently.
  ///
  /// - Parameters:
  ///   - data: The training images; at least one batch.
  ///   - heldOut: Images to evaluate after every epoch. With ``TrainingOptions/patience`` they
  ///     decide when to stop and, unless ``TrainingOptions/keepsLast`` is set, which epoch to keep.
  ///   - options: The hyperparameters.
  ///   - state: The state of an earlier training with the same model, images and options.
  ///   - execution: The number of threads, which does not affect the result.
  ///   - progress: Receives the number of images done, over all epochs.
  ///   - checkpoint: Receives the state after every epoch; an error that it throws ends the
  ///     training.
  /// - Throws: ``TrainingError`` for options out of range, too few images, a label that is not a
  ///   class of the model, a loss or weights that are no longer finite, or the state of another
  ///   training; `GraphError` for a model that cannot be trained; `MemoryError` if it or the
  ///   images do not fit into memory; `SampleError` for an image with a value that is not finite;
  ///   the errors of the sources and of `checkpoint`.
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
