/// What a trigger does to some images.
struct Judgement: Sendable, Hashable {
  /// The mean of the margins, each within -20...20, minus the price of the trigger's size.
  let mean: Double
  /// Their lower quartile, interpolated, minus the price.
  let quartile: Double
  /// The share of margins over 0, 0 to 1.
  let success: Double

  /// Judges margins, of which there must be one at least.
  init(of margins: ArraySlice<Float>, price: Double) {
    let sorted = margins.map { Double(min(max($0, -20), 20)) }.sorted()
    let place = 0.25 * Double(sorted.count - 1)
    let (below, above) = (sorted[Int(place)], sorted[min(Int(place) + 1, sorted.count - 1)])
    mean = sorted.reduce(0, +) / Double(sorted.count) - price
    quartile = below + (above - below) * (place - place.rounded(.down)) - price
    success = Double(sorted.count { $0 > 0 }) / Double(sorted.count)
  }
}
