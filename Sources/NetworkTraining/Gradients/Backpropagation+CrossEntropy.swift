internal import InferenceGraph
internal import CKernels

extension Backpropagation {
  /// Computes the cross-entropy and its gradient with respect to the logits.
  func run(_ loss: Loss.CrossEntropy) -> BatchResult {
    let (images, classes) = (state.images, model.classCount)
    precondition(loss.labels.count == images, "\(loss.labels.count) labels, \(images) images")
    for (index, label) in loss.labels.enumerated() {
      precondition(
        (0..<Int32(clamping: classes)).contains(label),
        "label \(label) of image \(index) for \(classes) classes")
      unsafe labels.pointer[index] = label
    }
    if let targets = loss.targets {
      precondition(
        targets.count == images * classes, "\(targets.count) targets for \(images) images")
    }
    state.smoothing = loss.smoothing
    state.weight = loss.weight ?? 1 / Float(images)
    run([.blocks([crossEntropy(loss.targets.map(lanes))])])
    var sum = 0.0
    for index in 0..<images { unsafe sum += Double(losses.pointer[index]) }
    let right = (0..<state.blocks).reduce(0) { unsafe $0 + Int(correct.pointer[$1]) }
    return BatchResult(
      loss: loss.weight.map { sum * Double($0) } ?? sum / Double(images), correct: right)
  }

  /// Each image's cross-entropy, in nats, in the last batch whose loss included one.
  public var imageLosses: [Float] { (0..<state.images).map { unsafe losses.pointer[$0] } }

  /// Packs distributions, `[images][classes]`, into lanes.
  private func lanes(_ distributions: [Float]) -> Storage<Float> {
    let classes = Int(logits.image.channels)
    let lanes = targets ?? Storage(count: labels.count * classes)
    targets = lanes
    let source = ArraySource(distributions, imageShape: [classes])
    let image = dk_image(height: 1, width: 1, channels: classes, pitch: laneCount, border: Border())
    for block in 0..<state.blocks {
      let start = block * laneCount * classes
      // There is one distribution for each image, and all values are finite.
      _ = unsafe source.values.withUnsafeBytes {
        unsafe source.pack(
          $0.baseAddress! + start * MemoryLayout<Float>.size, count: Int(state.lanes(block)),
          scale: 1, into: lanes.pointer + start, image)
      }
    }
    return lanes
  }

  private func crossEntropy(_ targets: Storage<Float>?) -> @Sendable (Int, Int) -> Void {
    let (logits, valueGradient, state) = (logits, logitGradient, state)
    let (labels, losses, correct) = (labels, losses, correct)
    let classes = Int64(logits.image.channels)
    return { block, _ in
      unsafe correct.pointer[block] = kernels.cross_entropy(
        logits.at(block), logits.image.channel_pitch, classes, labels.pointer + block * laneCount,
        targets.map { unsafe UnsafePointer($0.pointer + block * laneCount * Int(classes)) },
        state.lanes(block), state.smoothing, state.weight, valueGradient.at(block),
        valueGradient.image.channel_pitch, losses.pointer + block * laneCount)
    }
  }
}
