import Testing

@testable import InferenceGraph
@testable import NetworkTraining

/// A source that does not let its memory be seen.
private struct CopiedSource: SampleSource {
  let source: ArraySource
  var count: Int { source.count }
  var imageShape: [Int] { source.imageShape }
  var layout: ImageLayout { source.layout }
  var elementType: ElementType { source.elementType }
  func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
    unsafe source.read(range, into: buffer)
  }
}

/// Whole messages: one line each, what is wrong and what to do.
@Suite struct TrainingErrorTests {
  private let data = TrainingProblem.images(40, seed: 1)

  private func message(
    _ options: TrainingOptions, on set: TrainingSet? = nil, heldOut: TrainingSet? = nil,
    model: Model? = nil, resuming state: TrainingState? = nil
  ) throws -> String {
    let error = try #require(throws: TrainingError.self) {
      try (model ?? TrainingProblem.model()).trained(
        on: set ?? data, heldOut: heldOut, options: options, resuming: state)
    }
    #expect(error.lastGood == nil)
    return "\(error)"
  }

  @Test func optionsOutOfRange() throws {
    func check(_ right: String, _ change: (inout TrainingOptions) -> Void) throws {
      var options = TrainingOptions(batchSize: 32)
      change(&options)
      #expect(try message(options) == right)
    }
    let rate = "but takes a finite number over 0"
    try check("learningRate is 0.0, \(rate)") { $0.learningRate = 0 }
    try check("learningRate is -0.1, \(rate)") { $0.learningRate = -0.1 }
    try check("learningRate is nan, \(rate)") { $0.learningRate = .nan }
    try check("learningRate is inf, \(rate)") { $0.learningRate = .infinity }
    try check("epochs is 0, but takes an integer from 1 to 1,000,000") { $0.epochs = 0 }
    try check("batchSize is 0, but takes a positive integer") { $0.batchSize = 0 }
    try check("weightDecay is -1.0, but takes a finite number of at least 0") {
      $0.weightDecay = -1
    }
    try check("labelSmoothing is 1.0, but takes a number from 0 to under 1") {
      $0.labelSmoothing = 1
    }
    try check("clipping is 0.0, but takes a finite number over 0") { $0.clipping = 0 }
    try check("patience is 0, but takes a positive integer, or nil") { $0.patience = 0 }
    try check("optimizer is sgd(momentum: 1.0), but takes a momentum from 0 to under 1") {
      $0.optimizer = .sgd(momentum: 1)
    }
    try check(
      "optimizer is sgd(momentum: 0, nesterov: true), but takes a momentum over 0 for "
        + "Nesterov"
    ) { $0.optimizer = .sgd(momentum: 0, nesterov: true) }
    try check("optimizer is beta1 1.0, but takes a beta1 from 0 to under 1") {
      $0.optimizer = .adam(beta1: 1)
    }
    try check("optimizer is beta2 -0.5, but takes a beta2 from 0 to under 1") {
      $0.optimizer = .adamW(beta2: -0.5)
    }
    try check("optimizer is epsilon 0.0, but takes a finite epsilon of at least 1e-30") {
      $0.optimizer = .adam(epsilon: 0)
    }
    try check("schedule is step(at: [3, 2]), but takes epochs counted from 0, in ascending order") {
      $0.schedule = .step(at: [3, 2])
    }
    try check("schedule is step(factor: 0.0), but takes a finite factor over 0") {
      $0.schedule = .step(at: [], factor: 0)
    }
    try check("augmentation.shift is 8, but takes an integer from 0 to 7 for images of 8 x 8") {
      $0.augmentation.shift = 8
    }
    try check("augmentation.shift is -1, but takes an integer from 0 to 7 for images of 8 x 8") {
      $0.augmentation.shift = -1
    }
    try check(
      "patience is 3, but there are no held-out images to decide when to stop; give held-out images "
        + "or leave patience out"
    ) { $0.patience = 3 }
    try check(
      "there are 40 images to train on, fewer than one batch of 41; give more images or lower "
        + "batchSize"
    ) { $0.batchSize = 41 }
  }

  @Test func badImages() throws {
    let options = TrainingOptions(batchSize: 4)
    var labels = data.labels
    labels[17] = 4
    #expect(
      try message(options, on: TrainingSet(data.source, labels: labels))
        == "image 17 has the label 4, but the model's classes are 0 to 3")
    labels[17] = -1
    #expect(
      try message(options, heldOut: TrainingSet(data.source, labels: labels))
        == "held-out image 17 has the label -1, but the model's classes are 0 to 3")
    let small = TrainingSet(
      ArraySource([Float](repeating: 0, count: 36), imageShape: [3, 3, 1]), labels: [0, 1, 2, 3])
    #expect(
      try message(options, on: small)
        == "the images have the shape [3, 3, 1], but the model takes [8, 8, 2]")
    let none = TrainingSet(ArraySource([], imageShape: [8, 8, 2]), labels: [])
    #expect(
      try message(options, on: none)
        == "there are 0 images to train on, fewer than one batch of 4; give more images or lower "
        + "batchSize")
    #expect(
      try message(options, heldOut: none)
        == "the held-out set is empty; give images in it, or no held-out set")
  }

  @Test func missingClasses() throws {
    var options = TrainingOptions(epochs: 1, batchSize: 4)
    let some = TrainingSet(data.source, labels: data.labels.map { $0 == 2 ? 1 : $0 })
    #expect(some.missingClasses(of: 4) == [2])
    _ = try TrainingProblem.model().trained(on: some, options: options)
    options.requiresAllClasses = true
    _ = try TrainingProblem.model().trained(on: data, options: options)
    #expect(
      try message(options, on: some)
        == "the images to train on have none of class 2; give some of every class or set "
        + "requiresAllClasses to false")
    let one = TrainingSet(data.source, labels: data.labels.map { _ in 1 })
    #expect(
      try message(options, on: one)
        == "the images to train on have none of 3 classes (0, 2, 3); give some of every class or set "
        + "requiresAllClasses to false")
  }

  @Test func aModelThatIsNotFinite() throws {
    var model = try TrainingProblem.model()
    let parameters = Parameters(model.graph)
    unsafe parameters.weights.pointer[1] = .nan
    model.graph = parameters.graph(model.graph)
    #expect(
      try message(TrainingOptions(batchSize: 4), model: model)
        == "layer 'conv': it has weights that are not finite before the training, so it cannot be "
        + "trained")
  }

  @Test func statesOfOtherTrainings() throws {
    let options = TrainingOptions(epochs: 2, batchSize: 16)
    var found: TrainingState?
    let model = try TrainingProblem.model()
    _ = try model.trained(on: data, options: options, checkpoint: { found = found ?? $0 })
    let state = try #require(found)
    let end = "; give the same model, images and options or start again"
    func check(_ right: String, _ change: (inout TrainingOptions) -> Void) throws {
      var other = options
      change(&other)
      #expect(
        try message(other, heldOut: other.patience == nil ? nil : data, resuming: state)
          == "the state to resume belongs to a training with \(right)\(end)")
    }
    try check("learningRate 0.01, but this one has 0.02") { $0.learningRate = 0.02 }
    try check("epochs 2, but this one has 3") { $0.epochs = 3 }
    try check("batchSize 16, but this one has 20") { $0.batchSize = 20 }
    try check(
      "optimizer sgd(momentum: 0.9, nesterov: false), but this one has "
        + "sgd(momentum: 0.9, nesterov: true)"
    ) { $0.optimizer = .sgd(nesterov: true) }
    try check("schedule constant, but this one has cosine") { $0.schedule = .cosine }
    try check("weightDecay 0.0, but this one has 0.1") { $0.weightDecay = 0.1 }
    try check("labelSmoothing 0.0, but this one has 0.1") { $0.labelSmoothing = 0.1 }
    try check("clipping none, but this one has 1.0") { $0.clipping = 1 }
    try check(
      "augmentation shift 0, flip false, but this one has shift 0, flip true"
    ) { $0.augmentation.flip = true }
    try check("freezesNormalization false, but this one has true") {
      $0.freezesNormalization = true
    }
    try check("keepsLast false, but this one has true") { $0.keepsLast = true }
    try check("seed 0, but this one has 1") { $0.seed = 1 }

    let begin = "the state to resume belongs to a training with "
    func isOfAnotherModel(_ message: String) -> Bool {
      message.wholeMatch(
        of:
          /the state to resume belongs to a training with model [0-9a-f]{16} \(9 layers, [0-9]+ weights\), but this one has [0-9a-f]{16} \(9 layers, [0-9]+ weights\); give the same model, images and options or start again/
      ) != nil
    }
    let other = Model(graph: try model.graph.masking([0], of: "conv"))
    #expect(isOfAnotherModel(try message(options, model: other, resuming: state)))
    var scaled = model
    scaled.preprocessing.scale = 0.5
    #expect(isOfAnotherModel(try message(options, model: scaled, resuming: state)))
    let wet = try TrainingProblem.model(dropout: 0.3)
    #expect(isOfAnotherModel(try message(options, model: wet, resuming: state)))
    var labels = data.labels
    labels[3] = (labels[3] + 1) % 4
    let relabelled = TrainingSet(data.source, labels: labels)
    #expect(try message(options, on: relabelled, resuming: state).hasPrefix("\(begin)images 40 ("))
    var values = (data.source as? ArraySource)?.values ?? []
    values[5000] += 0.1
    let changed = TrainingSet(ArraySource(values, imageShape: [8, 8, 2]), labels: data.labels)
    #expect(try message(options, on: changed, resuming: state).hasPrefix("\(begin)images 40 ("))
    #expect(
      try message(options, heldOut: data, resuming: state)
        .hasPrefix("\(begin)held-out images none, but this one has 40 ("))
  }

  /// They decide which epoch is kept: their labels and every element, wherever it is stored.
  @Test func statesWithOtherHeldOutImages() throws {
    let options = TrainingOptions(epochs: 2, batchSize: 16, patience: 2)
    let model = try TrainingProblem.model()
    let values = (data.source as? ArraySource)?.values ?? []
    var found: TrainingState?
    _ = try model.trained(
      on: data, heldOut: data, options: options, checkpoint: { found = found ?? $0 })
    let state = try #require(found)
    var changed = values
    changed[5000] += 0.1
    let shape = [8, 8, 2]
    let others: [any SampleSource] = [
      ArraySource(changed, imageShape: shape),
      ArraySource(values, imageShape: shape, layout: .nchw),
    ]
    for source in others {
      let heldOut = TrainingSet(source, labels: data.labels)
      #expect(
        try message(options, heldOut: heldOut, resuming: state).wholeMatch(
          of:
            /the state to resume belongs to a training with held-out images 40 \([0-9a-f]{16}\), but this one has 40 \([0-9a-f]{16}\); give the same .*/
        ) != nil)
    }
    // In pieces from a source that must be read, with images of a quarter of a megabyte.
    var large = Fingerprint()
    let pixels = (0..<7 * (1 << 16)).map { Float($0) }
    let source = ArraySource(pixels, imageShape: [256, 256, 1])
    try large.add(imagesOf: source)
    var read = Fingerprint()
    try read.add(imagesOf: CopiedSource(source: source))
    #expect(read == large)
  }

  @Test func damagedStates() throws {
    let options = TrainingOptions(epochs: 2, batchSize: 16)
    var found: TrainingState?
    let model = try TrainingProblem.model()
    _ = try model.trained(on: data, options: options, checkpoint: { found = found ?? $0 })
    let state = try #require(found)
    func check(_ change: (inout TrainingState) -> Void) throws {
      var other = state
      change(&other)
      #expect(
        try message(options, resuming: other)
          == "the state to resume is damaged; start again")
    }
    try check { $0.weights.removeLast() }
    try check { $0.weights[7] = .nan }
    try check { $0.slots = [] }
    try check { $0.slots[0][3] = .infinity }
    try check { $0.slots[0].append(0) }
    try check { $0.best = .init(weights: $0.weights, correct: 1, epoch: 0) }
    try check { $0.epochs = [$0.epochs[0], $0.epochs[0], $0.epochs[0]] }
  }
}
