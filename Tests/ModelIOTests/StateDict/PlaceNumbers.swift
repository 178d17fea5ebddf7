/// Weights and images as functions of their place, as in known_golden.py.
enum PlaceNumbers {
  /// Returns numbers from -0.5 to 0.5: splitmix64 of the place (Steele, Lea and Flood 2014).
  static func numbers(_ stream: Int, _ count: Int) -> [Float] {
    (0..<count).map { place in
      var x = (UInt64(place) &+ UInt64(stream) << 40 &+ 1) &* 0x9E37_79B9_7F4A_7C15
      x = (x ^ x >> 30) &* 0xBF58_476D_1CE4_E5B9
      x = (x ^ x >> 27) &* 0x94D0_49BB_1331_11EB
      x ^= x >> 31
      return Float(x >> 40) / Float(1 << 24) - 0.5
    }
  }

  /// Returns the bytes of a weight.
  static func bytes(of name: String, _ shape: [Int], _ stream: Int) -> [UInt8] {
    if name.hasSuffix("num_batches_tracked") { return [7, 0, 0, 0, 0, 0, 0, 0] }
    var values = numbers(stream, shape.reduce(1, *))
    if name.hasSuffix("running_var") || shape.count == 1 && name.hasSuffix("weight") {
      for index in values.indices { values[index] += 1 }
    } else if shape.count > 1 {
      let factor = Float(4 / Double(shape.dropFirst().reduce(1, *)).squareRoot())
      for index in values.indices { values[index] *= factor }
    }
    return values.flatMap { value in
      (0..<UInt32(4)).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
  }

  /// Returns a colour image, channels last.
  static func image(_ side: Int) -> [Float] {
    let area = side * side
    let stored = numbers(1 << 20, 3 * area)
    return (0..<3 * area).map { stored[$0 % 3 * area + $0 / 3] }
  }
}
