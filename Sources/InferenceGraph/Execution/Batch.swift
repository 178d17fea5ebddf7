internal import CKernels
internal import Foundation

/// A group of images with what the models gave for them.
///
/// Valid only inside the closure it is passed to.
public struct Batch {
  /// The images' positions in their source.
  public let indices: Range<Int>

  let executor: Executor
  let workspace: Workspace
  let loaded: LoadedImages

  private var blocks: Range<Int> { 0..<blockCount(indices.count) }

  /// Returns the class each image is given by a model: the largest output before softmax.
  ///
  /// Ties go to the lowest class. It is ``noClass`` where values on the way are not finite.
  public func predictions(of model: Int) -> [Int32] {
    let place = place(of: executor.outputs[model].logits)
    return unsafe perLane { block, result in
      unsafe workspace.classify(
        place, block: block, checks: executor.checks[model], into: result)
    }
  }

  /// Returns a model's outputs, `[images][classes]` in row-major order, after softmax where the
  /// model ends in one.
  ///
  /// They are as computed: for an image without a class (see ``noClass``), NaN or any number.
  public func outputs(of model: Int) -> [Float] {
    let (entry, logits) = executor.outputs[model]
    let place = place(of: logits)
    guard entry != logits else { return rows(place) }
    let scratch = Storage<Float>(count: place.elementCount * laneCount)
    let image = dk_image(
      height: 1, width: 1, channels: place.elementCount, pitch: laneCount, frame: Frame())
    return unsafe rows(elements: place.elementCount) { block, count, result in
      unsafe kernels.softmax(
        workspace.pointer(place, block: block), scratch.pointer, Int64(place.elementCount),
        place.image.channel_pitch, Int64(laneCount), false)
      unsafe kernels.unpack(scratch.pointer, image, count, result)
    }
  }

  /// Returns softmax(z / temperature) of a model's logits z, `[images][classes]` in row-major order,
  /// whether the model itself ends in softmax or not.
  ///
  /// It is NaN for an image without a class (see ``noClass``).
  public func scores(of model: Int, temperature: Float = 1) -> [Float] {
    let place = place(of: executor.outputs[model].logits)
    let classes = place.elementCount
    var result = rows(place)
    for (image, prediction) in predictions(of: model).enumerated() {
      let row = image * classes..<(image + 1) * classes
      guard prediction != noClass else {
        result.replaceSubrange(row, with: repeatElement(.nan, count: classes))
        continue
      }
      let top = result[row.lowerBound + Int(prediction)]
      var sum: Float = 0
      for index in row {
        result[index] = exp((result[index] - top) / temperature)
        sum += result[index]
      }
      for index in row { result[index] /= sum }
    }
    return result
  }

  /// Returns, for each image, the entropy -(sum of p log2 p) over the classes, in bits, where p is the
  /// softmax of a model's outputs, whether the model itself ends in softmax or not.
  ///
  /// It is from 0 to log2 of the number of classes, and NaN for an image without a class (see
  /// ``noClass``). A p of zero counts as zero.
  public func entropies(of model: Int) -> [Float] {
    let place = place(of: executor.outputs[model].logits)
    let entropies: [Float] = unsafe perLane { block, result in
      unsafe kernels.entropy(
        workspace.pointer(place, block: block), Int64(place.elementCount),
        place.image.channel_pitch, result)
    }
    return zip(entropies, predictions(of: model)).map { entropy, prediction in
      prediction == noClass ? .nan : entropy / log(2)
    }
  }

  /// Returns, for each image, KL(p || q) = sum of p log(p / q) over the classes, in nats, where p
  /// and q are the softmax outputs of two models.
  ///
  /// It is NaN for an image to which either model gives no class (see ``noClass``).
  public func divergence(from a: Int, to b: Int) -> [Float] {
    let (left, right) = (
      place(of: executor.outputs[a].logits), place(of: executor.outputs[b].logits)
    )
    precondition(
      left.elementCount == right.elementCount,
      "\(left.elementCount) classes against \(right.elementCount)")
    let divergence: [Float] = unsafe perLane { block, result in
      unsafe kernels.divergence(
        workspace.pointer(left, block: block), workspace.pointer(right, block: block),
        Int64(left.elementCount), left.image.channel_pitch, right.image.channel_pitch, result)
    }
    let (p, q) = (predictions(of: a), predictions(of: b))
    return divergence.indices.map {
      p[$0] == noClass || q[$0] == noClass ? .nan : divergence[$0]
    }
  }

  /// Returns the values of an observed node, `[images][height][width][channels]` in row-major order.
  public func values(ofObservation index: Int) -> [Float] {
    rows(place(of: executor.observed[index]))
  }

  /// Returns the images as a model's network sees them: scaled, `[images][height][width][channels]`.
  public func images(for model: Int = 0) -> [Float] {
    loaded.values(scale: executor.models[model].inputScale)
  }

  private func place(of entry: Int) -> Place {
    guard let place = executor.plan.results[entry] else {
      preconditionFailure("entry \(entry) was not asked for")
    }
    return place
  }

  /// One number a lane, for all blocks.
  private func perLane<Number: BitwiseCopyable & ExpressibleByIntegerLiteral>(
    _ body: (Int, UnsafeMutablePointer<Number>) -> Void
  ) -> [Number] {
    let lanes = Storage<Number>(count: blocks.count * laneCount)
    for block in blocks { unsafe body(block, lanes.pointer + block * laneCount) }
    return indices.indices.map { unsafe lanes.pointer[$0 - indices.lowerBound] }
  }

  private func rows(_ place: Place) -> [Float] {
    unsafe rows(elements: place.elementCount) { block, count, result in
      unsafe kernels.unpack(workspace.pointer(place, block: block), place.image, count, result)
    }
  }

  /// Rows of all images, block by block.
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
