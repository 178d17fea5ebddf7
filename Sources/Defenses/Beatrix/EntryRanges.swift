/// The ranges in which the entries of clean images of a class lie.
struct EntryRanges: Sendable, Equatable {
  /// The lower end for each entry.
  let low: [Float]
  /// The upper end for each entry.
  let high: [Float]

  /// Sets each range to median -/+ `width` * MAD.
  ///
  /// - Parameters:
  ///   - images: The entries of each image, all finite; at least one image.
  ///   - width: The half width in MADs.
  init(of images: [[Float]], width: Double) {
    let count = images[0].count
    var (low, high): ([Float], [Float]) = ([], [])
    low.reserveCapacity(count)
    high.reserveCapacity(count)
    var values = Array(repeating: Float(0), count: images.count)
    for entry in 0..<count {
      for (index, image) in images.enumerated() { values[index] = image[entry] }
      let median = Self.median(&values)
      for index in values.indices { values[index] = abs(values[index] - median) }
      let margin = Float(width) * Self.median(&values)
      low.append(median - margin)
      high.append(median + margin)
    }
    self.low = low
    self.high = high
  }

  /// Returns the mean over the entries of the distance from the range, relative to its end.
  ///
  /// - Parameter entries: The entries of an image; NaN if one of them is not finite.
  func deviation(of entries: [Float]) -> Float {
    var sum = 0.0
    for index in entries.indices {
      let (value, low, high) = (entries[index], low[index], high[index])
      if value >= low, value <= high { continue }
      guard value.isFinite else { return .nan }
      let (distance, end) = value < low ? (low - value, low) : (value - high, high)
      sum += Double(distance) / abs(Double(end) + 1e-6)
    }
    return Float(sum / Double(entries.count))
  }

  /// Sorts the values and returns the middle one, or the mean of the two middle ones.
  static func median(_ values: inout [Float]) -> Float {
    // Insertion is fastest for a few dozen numbers.
    for end in values.indices.dropFirst() {
      let value = values[end]
      var place = end
      while place > 0, values[place - 1] > value {
        values[place] = values[place - 1]
        place -= 1
      }
      values[place] = value
    }
    let middle = values.count / 2
    return values.count % 2 == 1
      ? values[middle] : values[middle - 1] + (values[middle] - values[middle - 1]) / 2
  }
}
