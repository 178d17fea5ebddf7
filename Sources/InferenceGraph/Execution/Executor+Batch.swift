internal import CKernels
internal import Foundation

extension Executor {
  /// A group of images with the results of all models for them.
  ///
  /// Valid only inside the closure it is passed to.
  public struct Batch {
    /// The images' positions in their source.
    public let indices: Range<Int>

    let executor: Executor
    let memory: any GroupMemory
    let loaded: LoadedImages

    private var blocks: Range<Int> { 0..<blockCount(indices.count) }

    /// Returns a model's prediction for each image: the class with the largest output before
    /// softmax. Ties go to the lowest class.
    public func predictions(of model: Int) -> [Prediction] {
      labels(of: model).map { Prediction(label: $0) }
    }

    /// Returns a model's predictions as labels: classes, or ``noClass``.
    package func labels(of model: Int) -> [Int32] {
      let output = executor.outputs[model]
      return unsafe perLane { block, result in
        unsafe memory.classify(output.scores, block: block, checks: output.checks, into: result)
      }
    }

    /// Returns a model's outputs, `[images][classes]` in row-major order; after softmax if the
    /// model ends in one.
    ///
    /// The outputs for an undefined image (see ``Prediction/undefined``) are NaN or arbitrary.
    public func outputs(of model: Int) -> [Float] {
      let output = executor.outputs[model]
      guard output.isSoftmax else { return rows(of: output.scores) }
      let classes = elements(of: output.scores)
      let scratch = Storage<Float>(count: classes * laneCount)
      let image = BufferView(shape: [classes]).image
      return unsafe rows(elements: classes) { block, count, result in
        let scores = memory.value(of: output.scores, block: block)
        unsafe kernels.softmax(
          scores.pointer, scratch.pointer, Int64(classes), scores.image.channel_pitch,
          Int64(laneCount), false)
        unsafe kernels.unpack(scratch.pointer, image, count, result)
      }
    }

    /// Returns softmax(z / temperature) of a model's logits z, `[images][classes]` in row-major
    /// order, even if the model does not end in softmax.
    ///
    /// The scores of an undefined image (see ``Prediction/undefined``) are NaN.
    public func scores(of model: Int, temperature: Float = 1) -> [Float] {
      let node = executor.outputs[model].scores
      let classes = elements(of: node)
      var result = rows(of: node)
      for (image, label) in labels(of: model).enumerated() {
        let row = image * classes..<(image + 1) * classes
        guard label != noClass else {
          result.replaceSubrange(row, with: repeatElement(.nan, count: classes))
          continue
        }
        let top = result[row.lowerBound + Int(label)]
        var sum: Float = 0
        for index in row {
          result[index] = exp((result[index] - top) / temperature)
          sum += result[index]
        }
        for index in row { result[index] /= sum }
      }
      return result
    }

    /// Returns, for each image, the entropy -(sum of p log2 p) over the classes, in bits, where p
    /// is the softmax of a model's logits, even if the model does not end in softmax.
    ///
    /// The range is 0 to log2 of the number of classes; NaN for an undefined image (see
    /// ``Prediction/undefined``). A p of zero contributes zero.
    public func entropies(of model: Int) -> [Float] {
      let node = executor.outputs[model].scores
      let entropies: [Float] = unsafe perLane { block, result in
        let scores = memory.value(of: node, block: block)
        unsafe kernels.entropy(
          scores.pointer, Int64(scores.elementCount), scores.image.channel_pitch, result)
      }
      return zip(entropies, labels(of: model)).map { entropy, label in
        label == noClass ? .nan : entropy / log(2)
      }
    }

    /// Returns, for each image, KL(p || q) = sum of p log(p / q) over the classes, in nats, where p
    /// and q are the softmax outputs of two models.
    ///
    /// NaN for an image that is undefined for either model (see ``Prediction/undefined``).
    public func divergence(from a: Int, to b: Int) -> [Float] {
      let nodes = (executor.outputs[a].scores, executor.outputs[b].scores)
      let classes = elements(of: nodes.0)
      precondition(
        classes == elements(of: nodes.1), "\(classes) classes against \(elements(of: nodes.1))")
      let divergence: [Float] = unsafe perLane { block, result in
        let left = memory.value(of: nodes.0, block: block)
        let right = memory.value(of: nodes.1, block: block)
        unsafe kernels.divergence(
          left.pointer, right.pointer, Int64(classes), left.image.channel_pitch,
          right.image.channel_pitch, result)
      }
      let (p, q) = (labels(of: a), labels(of: b))
      return divergence.indices.map {
        p[$0] == noClass || q[$0] == noClass ? .nan : divergence[$0]
      }
    }

    /// Returns, for each image, the negative log-likelihood -log p(c) of a class c in nats, where p
    /// is the softmax of a model's logits, even if the model does not end in softmax.
    ///
    /// The range is 0 and up, without an end where p rounds to zero. NaN for an image without a
    /// class and for one that is undefined for the model (see ``Prediction/undefined``).
    ///
    /// - Parameters:
    ///   - model: The model's position.
    ///   - predictions: One for each image; classes under the model's number of classes.
    public func negativeLogLikelihoods(
      of model: Int, for predictions: [Prediction]
    ) -> [Float] {
      let node = executor.outputs[model].scores
      let classes = elements(of: node)
      precondition(
        predictions.count == indices.count,
        "\(predictions.count) predictions for \(indices.count) images")
      let logits = rows(of: node)
      return zip(predictions, labels(of: model)).enumerated().map { image, pair in
        guard case .class(let number) = pair.0, pair.1 != noClass else { return .nan }
        precondition((0..<classes).contains(number), "class \(number) of \(classes)")
        let first = image * classes
        let top = Double(logits[first + Int(pair.1)])
        let sum = logits[first..<first + classes].reduce(0) { $0 + exp(Double($1) - top) }
        return Float(log(sum) + top - Double(logits[first + number]))
      }
    }

    /// Returns the values of an observed node in row-major order,
    /// `[images][height][width][channels]`.
    public func values(ofObservation index: Int) -> [Float] {
      rows(of: executor.observed[index])
    }

    /// Returns the images times a model's ``Preprocessing/scale``, before mean and deviation:
    /// `[images][height][width][channels]`.
    public func images(for model: Int = 0) -> [Float] {
      loaded.values(scale: executor.models[model].preprocessing.scale)
    }

    private func elements(of node: Int) -> Int {
      executor.prepared.graph.nodes[node].shape.reduce(1, *)
    }

    /// Returns one number for each image; `body` fills the lanes of one block.
    private func perLane<Number: BitwiseCopyable & ExpressibleByIntegerLiteral>(
      _ body: (Int, UnsafeMutablePointer<Number>) -> Void
    ) -> [Number] {
      let lanes = Storage<Number>(count: blocks.count * laneCount)
      for block in blocks { unsafe body(block, lanes.pointer + block * laneCount) }
      return indices.indices.map { unsafe lanes.pointer[$0 - indices.lowerBound] }
    }

    private func rows(of node: Int) -> [Float] {
      unsafe rows(elements: elements(of: node)) { block, count, result in
        let value = memory.value(of: node, block: block)
        unsafe kernels.unpack(value.pointer, value.image, count, result)
      }
    }

    /// Returns the rows of all images; `body` fills the rows of one block.
    private func rows(
      elements: Int, _ body: (Int, Int32, UnsafeMutablePointer<Float>) -> Void
    ) -> [Float] {
      unsafe Array(unsafeUninitializedCapacity: indices.count * elements) { buffer, count in
        for block in blocks {
          let first = block * laneCount
          unsafe body(
            block, Int32(min(laneCount, indices.count - first)),
            buffer.baseAddress! + first * elements)
        }
        count = indices.count * elements
      }
    }
  }
}
