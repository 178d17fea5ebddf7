internal import DefenseKit
internal import OccluderSearch

/// The images of some steps, with what the teacher says of them.
///
/// A step has clean images, then triggered ones. The teacher sees the clean images, and those under
/// the triggers.
struct UnlearningBatches {
  /// The images of a step.
  struct Step {
    /// `[clean + triggered][height][width][channels]`.
    var images: [Float]
    /// The label of each clean image; nil for a blend of two.
    var labels: [Int32?]
    /// The class that each trigger leads to.
    var targets: [Int]
    /// The teacher's logits of the clean images, `[clean][classes]`.
    var logits: ArraySlice<Float> = []
    /// The teacher's representations of all images, those of triggered ones without their triggers,
    /// `[clean + triggered][elements]`; empty if the network has none.
    var representations: ArraySlice<Float> = []
  }

  let pool: CleanPool
  /// The teacher's class for each image of the pool.
  let predictions: [Int?]
  let labels: [Int32]
  let options: TriggerUnlearning.Options
  let shift: Int

  /// Draws the images of a step; returns them and the images that the teacher sees.
  func step(
    _ known: KnownTriggers, _ numbers: inout SeededGenerator
  ) -> (step: Step, seen: [Float]) {
    var clean: [Float] = []
    var cleanLabels: [Int32?] = []
    for _ in 0..<options.batch {
      let (first, second) = (numbers.below(pool.count), numbers.below(pool.count))
      var image = augmented(first, &numbers)
      var label: Int32? = labels[first]
      if numbers.unit() < 0.6 {
        blend(&image, with: augmented(second, &numbers), &numbers)
        label = nil
      }
      clean += image
      cleanLabels.append(label)
    }
    var (bases, changes, targets): ([Float], [StampedImages.Change], [Int]) = ([], [], [])
    for _ in 0..<options.triggered {
      let entry = known.draw(&numbers)
      // An image of the target class says nothing; some other one is found soon.
      var place = numbers.below(pool.count)
      for _ in 0..<64 where predictions[place] == entry.target {
        place = numbers.below(pool.count)
      }
      bases += augmented(place, &numbers)
      changes.append(entry.change)
      targets.append(entry.target)
    }
    let stamped = StampedImages(
      CleanPool(bases, shape: pool.shape), changes: changes,
      stamps: changes.indices.map { .init(image: $0, change: $0) }
    ).composed(0..<changes.count)
    return (
      Step(images: clean + stamped, labels: cleanLabels, targets: targets), clean + bases
    )
  }

  /// Returns an image mirrored, shifted, brightened and with noise, each at random.
  private func augmented(_ index: Int, _ numbers: inout SeededGenerator) -> [Float] {
    let (height, width, channels) = (pool.shape[0], pool.shape[1], pool.shape[2])
    let isMirrored = numbers.unit() < 0.5 && options.flip
    let down = numbers.below(2 * shift + 1) - shift
    let right = numbers.below(2 * shift + 1) - shift
    let gain = Float(0.85 + 0.3 * numbers.unit())
    var result: [Float] = []
    result.reserveCapacity(pool.size)
    var (bits, left): (UInt64, Int) = (0, 0)
    for row in 0..<height {
      let y = min(max(row - down, 0), height - 1)
      for column in 0..<width {
        let place = min(max(column - right, 0), width - 1)
        let x = isMirrored ? width - 1 - place : place
        let start = index * pool.size + (y * width + x) * channels
        for channel in 0..<channels {
          if left == 0 { (bits, left) = (numbers.next(), 4) }
          // Uniform noise with a standard deviation of 5.1, a fiftieth of the range.
          let noise = (Float(bits & 0xFFFF) * 0x1p-16 - 0.5) * 17.7
          bits >>= 16
          left -= 1
          result.append(min(max(pool.values[start + channel] * gain + noise, 0), 255))
        }
      }
    }
    return result
  }

  /// Mixes another image in, or takes its lower part.
  private func blend(
    _ image: inout [Float], with other: [Float], _ numbers: inout SeededGenerator
  ) {
    if numbers.unit() < 0.5 {
      let share = Float(0.3 + 0.4 * numbers.unit())
      for index in image.indices { image[index] += share * (other[index] - image[index]) }
    } else {
      let row = Int((0.3 + 0.4 * numbers.unit()) * Double(pool.shape[0]))
      let start = row * pool.shape[1] * pool.shape[2]
      image.replaceSubrange(start..., with: other[start...])
    }
  }
}
