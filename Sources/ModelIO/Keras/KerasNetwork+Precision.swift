extension KerasNetwork {
  /// The supported types other than float32 in which Keras computes; mixed policies keep weights in
  /// float32.
  private static let otherPrecisions: Set<String> = [
    "float16", "bfloat16", "float64", "half", "double", "mixed_float16", "mixed_bfloat16",
  ]

  /// Returns a finding about the layers that Keras computes in another precision; nil if there are
  /// none.
  ///
  /// - Throws: ``KerasError`` for a type that is not floating-point, for example 8-bit integers.
  func precision() throws(KerasError) -> Finding? {
    var counts: [String: Int] = [:]
    try countPrecisions(into: &counts)
    if counts.isEmpty { return nil }
    let names = counts.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
    let count = counts.values.reduce(0, +)
    return Finding(
      .kerasPrecision,
      "\(count) \(count == 1 ? "layer computes" : "layers compute") in \(names) in Keras and in 32 bits "
        + "here: scores may differ")
  }

  private func countPrecisions(into counts: inout [String: Int]) throws(KerasError) {
    for layer in layers {
      if let name = try layer.precision(), name != "float32" {
        guard Self.otherPrecisions.contains(name) else {
          throw KerasError(
            layer, "its type '\(abbreviated(name))' is not supported; use a float type",
            rule: .kerasUnsupported)
        }
        // An input layer does not compute; the layers that read it count.
        if layer.className != "InputLayer" { counts[name, default: 0] += 1 }
      }
      try layer.network?.countPrecisions(into: &counts)
    }
  }
}
