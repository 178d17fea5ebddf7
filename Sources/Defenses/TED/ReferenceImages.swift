internal import DefenseKit

/// The layer outputs of clean images, and how many of them are nearer to an image than those of its
/// class.
struct ReferenceImages: Sendable {
  /// The suspect's class of each clean image.
  let classes: [Int]
  /// `layers[l]`: the projected outputs of layer l, `[images][count]`.
  let layers: [[Float]]

  /// The number of clean images.
  var count: Int { classes.count }

  /// Whether any clean image but an excepted one has the class.
  func hasMember(of number: Int, except excepted: Int? = nil) -> Bool {
    classes.indices.contains { classes[$0] == number && $0 != excepted }
  }

  /// Returns, for each layer, the rank of the nearest clean image of a class among all by their
  /// Euclidean distance from an image, from 0: the number of strictly nearer ones.
  ///
  /// - Parameters:
  ///   - outputs: `outputs[l]`: the image's projected output of layer l.
  ///   - number: The image's class, which some clean image must have.
  ///   - excepted: A clean image to leave out: the image itself.
  /// - Returns: The ranks; nil if a distance from the class is NaN or infinite.
  func ranks(of outputs: [ArraySlice<Float>], class number: Int, except excepted: Int? = nil)
    -> [Int]?
  {
    var ranks: [Int] = []
    for (layer, output) in zip(layers, outputs) {
      var distances = squaredDistances(from: output, in: layer)
      if let excepted { distances[excepted] = .infinity }
      var nearest = Float.infinity
      for (image, distance) in distances.enumerated() where classes[image] == number {
        if distance.isNaN { return nil }
        nearest = min(nearest, distance)
      }
      guard nearest.isFinite else { return nil }
      ranks.append(distances.count { $0 < nearest })
    }
    return ranks
  }

  /// Returns the squared distances of an output from those of all clean images.
  private func squaredDistances(from output: ArraySlice<Float>, in layer: [Float]) -> [Float] {
    let size = output.count
    let output = Array(output)
    let (a, b) = (output.span, layer.span)
    var distances: [Float] = []
    distances.reserveCapacity(count)
    for image in 0..<count {
      let first = image * size
      // Four sums at a time: one alone would wait for each addition.
      var sums = SIMD4<Float>.zero
      var place = 0
      while place + 4 <= size {
        let difference =
          SIMD4(a[place], a[place + 1], a[place + 2], a[place + 3])
          - SIMD4(
            b[first + place], b[first + place + 1], b[first + place + 2], b[first + place + 3])
        sums += difference * difference
        place += 4
      }
      var sum = sums.sum()
      while place < size {
        let difference = a[place] - b[first + place]
        sum += difference * difference
        place += 1
      }
      distances.append(sum)
    }
    return distances
  }
}
