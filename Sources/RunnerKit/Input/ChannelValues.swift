internal import ArgumentParser

/// Values for the channels of an image, written as numbers or fractions with commas between:
/// `.5` or `.485,.456,.406`.
struct ChannelValues: ExpressibleByArgument, Sendable {
  let values: [Float]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let values = parts.compactMap { FractionText.value(of: $0) }
    guard values.count == parts.count else { return nil }
    self.values = values
  }
}
