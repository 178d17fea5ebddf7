internal import InferenceGraph

extension CleanData {
  /// Returns the range of the images' values: 0...1 if none is outside of it, else 0...255, else
  /// from the smallest to the largest value.
  ///
  /// - Throws: The errors of the source; `SampleError` for an image with a value that is not finite.
  public func valueRange() throws -> ClosedRange<Float> {
    let size = source.imageShape.reduce(1, *)
    var (least, most) = (Float.infinity, -Float.infinity)
    for first in stride(from: 0, to: count, by: 256) {
      let values = try source.values(of: first..<min(count, first + 256))
      for (index, value) in values.enumerated() {
        guard value.isFinite else { throw SampleError(notFinite: first + index / size) }
        least = min(least, value)
        most = max(most, value)
      }
    }
    if least >= 0, most <= 1 { return 0...1 }
    return least >= 0 && most <= 255 ? 0...255 : least...most
  }
}
