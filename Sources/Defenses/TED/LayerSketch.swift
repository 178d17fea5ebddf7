internal import DefenseKit

/// A random projection of a layer's output that nearly preserves distances.
///
/// Every element is added to one value in each of four parts of the projection, with a random sign,
/// divided by 2. A squared distance is right on average and has a relative deviation of about
/// sqrt(2 / dimensions). A layer with no more elements than `dimensions` keeps its output as it is.
///
/// Source: Kane and Nelson, "Sparser Johnson-Lindenstrauss Transforms", Journal of the ACM 2014,
/// the block construction with s = 4.
struct LayerSketch: Sendable {
  /// The number of elements of the layer's output.
  let elements: Int
  /// The number of values of a projection.
  let count: Int
  private let seed: UInt64
  private let layer: UInt64

  /// Creates a projection, which the seed and the layer's number determine.
  ///
  /// - Parameter dimensions: The number of values; a multiple of 4.
  init(elements: Int, dimensions: Int, seed: UInt64, layer: Int) {
    self.elements = elements
    count = min(elements, dimensions)
    self.seed = seed
    self.layer = UInt64(layer)
  }

  /// Returns the projections of outputs, `[images][count]`.
  ///
  /// - Parameter outputs: `[images][elements]`.
  func projections(of outputs: [Float]) -> [Float] {
    guard count < elements else { return outputs }
    let images = outputs.count / elements
    let part = count / 4
    var random = SeededGenerator(seed: seed, stream: layer)
    var result = [Float](repeating: 0, count: images * count)
    let outputs = outputs.span
    var sums = result.mutableSpan
    for element in 0..<elements {
      // Sixteen random bits for each part: a sign and a place.
      var bits = random.next()
      for first in stride(from: 0, to: count, by: part) {
        let factor: Float = bits & 1 == 0 ? 0.5 : -0.5
        let place = first + (Int((bits & 0xFFFF) >> 1) * part) >> 15
        bits >>= 16
        for image in 0..<images {
          sums[image * count + place] += factor * outputs[image * elements + element]
        }
      }
    }
    return result
  }
}
