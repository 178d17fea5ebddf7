import CKernels
import Foundation
import ReferenceInference
import Testing

@testable import InferenceGraph

/// Kernels beside functions in double precision, over all floats: every exponent and both signs.
@Suite struct ActivationTests {
  private static let each: [Activation] = [
    .elu(), .elu(alpha: 1.3), .selu, .celu(), .celu(alpha: 0.7), .sigmoid, .tanh, .softplus,
    .softsign, .logSigmoid, .exponential, .gelu(), .gelu(approximate: true), .silu, .mish,
    .squareplus,
  ]

  /// 16 floats of an exponent: its least and largest, and others at random.
  private static func floats(_ exponent: UInt32, _ random: inout SplitMix64) -> [Float] {
    (0..<laneCount).map { lane in
      let fraction = lane == 0 ? 0 : lane == 1 ? 0x7FFFFF : UInt32(random.next() >> 41)
      let sign: UInt32 = lane > 1 && random.oneIn(2) ? 1 << 31 : 0
      return Float(bitPattern: sign | exponent << 23 | fraction)
    }
  }

  /// The distance in units in the last place of `right`.
  private static func distance(_ got: Float, _ right: Double) -> Double {
    let rounded = Float(right)
    if got == rounded { return 0 }
    return abs(Double(got) - right) / Double(max(rounded.ulp, .leastNonzeroMagnitude))
  }

  @Test(arguments: each)
  func valuesAreWithinTwoUnits(activation: Activation) throws {
    unsafe check(activation, activation.value) { lanes, image, kernel in
      unsafe kernels.map(lanes, image, lanes, image, nil, nil, kernel)
    }
  }

  @Test(arguments: each)
  func derivativesAreWithinTwoUnits(activation: Activation) throws {
    unsafe check(activation, activation.derivative) { lanes, image, kernel in
      let slopes = Storage<Float>(count: laneCount)
      for lane in 0..<laneCount { unsafe slopes.pointer[lane] = 1 }
      unsafe kernels.map_gradient(lanes, image, slopes.pointer, image, kernel)
      unsafe lanes.update(from: slopes.pointer, count: laneCount)
    }
  }

  private func check(
    _ activation: Activation, _ right: (Double) -> Double,
    _ run: (UnsafeMutablePointer<Float>, dk_image, dk_activation) -> Void
  ) {
    var random = SplitMix64(seed: 4)
    let image = dk_image(height: 1, width: 1, channels: 1, pitch: laneCount, border: Border())
    let lanes = Storage<Float>(count: laneCount)
    for exponent in UInt32(0)..<255 {
      // Most of what networks compute lies between 2^-12 and 2^8.
      for _ in 0..<((115...135).contains(exponent) ? 300 : 20) {
        let inputs = Self.floats(exponent, &random)
        for lane in 0..<laneCount { unsafe lanes.pointer[lane] = inputs[lane] }
        unsafe run(lanes.pointer, image, activation.kernel)
        for lane in 0..<laneCount {
          let (got, expected) = unsafe (lanes.pointer[lane], right(Double(inputs[lane])))
          guard !(Self.distance(got, expected) <= 2) else { continue }
          Issue.record("f(\(inputs[lane])) = \(got), not \(expected)")
          return
        }
      }
    }
  }

  /// Scores over many magnitudes, where a difference of two floats is no longer exact.
  @Test(arguments: [1, 2, 7, 33])
  func softmaxIsWithinTwoUnits(classes: Int) throws {
    var random = SplitMix64(seed: UInt64(classes))
    let lanes = Storage<Float>(count: classes * laneCount)
    for round in 0..<2000 {
      let limit = pow(2, Float(round % 14) - 6)
      let inputs = random.floats(classes * laneCount, limit: limit)
      for index in inputs.indices { unsafe lanes.pointer[index] = inputs[index] }
      unsafe kernels.softmax(
        lanes.pointer, lanes.pointer, Int64(classes), Int64(laneCount), Int64(laneCount), false)
      for lane in 0..<laneCount {
        let z = (0..<classes).map { Double(inputs[$0 * laneCount + lane]) }
        let parts = z.map { exp($0 - z.max()!) }
        let sum = parts.reduce(0, +)
        for c in 0..<classes {
          let got = unsafe lanes.pointer[c * laneCount + lane]
          guard !(Self.distance(got, parts[c] / sum) <= 2) else { continue }
          Issue.record("softmax \(z), \(c): \(got), not \(parts[c] / sum)")
          return
        }
      }
    }
  }

  @Test func notANumberStaysOne() {
    let image = dk_image(height: 1, width: 1, channels: 1, pitch: laneCount, border: Border())
    let lanes = Storage<Float>(count: laneCount)
    for activation in Activation.each where activation.isElementwise {
      for lane in 0..<laneCount { unsafe lanes.pointer[lane] = .nan }
      unsafe kernels.map(lanes.pointer, image, lanes.pointer, image, nil, nil, activation.kernel)
      let areNaN = (0..<laneCount).map { unsafe lanes.pointer[$0].isNaN }
      #expect(!areNaN.contains(false), "\(activation)")
    }
  }
}

extension Activation {
  /// f'(x) in double precision, without cancellation where it is small.
  fileprivate func derivative(at x: Double) -> Double {
    func sigmoid(_ x: Double) -> Double { x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)) }
    func sigmoidSlope(_ x: Double) -> Double {
      let e = exp(-abs(x))
      return e / ((1 + e) * (1 + e))
    }
    switch self {
    case .elu(let alpha): return x > 0 ? 1 : Double(alpha) * exp(x)
    case .selu: return 1.0507009873554805 * (x > 0 ? 1 : 1.6732632423543772 * exp(x))
    case .celu(let alpha): return x > 0 ? 1 : exp(x / Double(alpha))
    case .sigmoid: return sigmoidSlope(x)
    case .tanh: return 4 * sigmoidSlope(2 * x)
    case .softplus: return sigmoid(x)
    case .softsign: return 1 / ((1 + abs(x)) * (1 + abs(x)))
    case .logSigmoid: return sigmoid(-x)
    case .exponential: return exp(x)
    case .gelu(false):
      return 0.5 * erfc(-x / 2.0.squareRoot()) + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    case .gelu(true):
      let c = 2 * (2 / Double.pi).squareRoot()
      let argument = c * (x + 0.044715 * x * x * x)
      let slope = sigmoidSlope(argument)
      return sigmoid(argument) + (slope == 0 ? 0 : x * slope * c * (1 + 0.134145 * x * x))
    case .silu: return sigmoid(x) + x * sigmoidSlope(x)
    case .mish:
      // t = n / d as in the documentation of the value; 1 - t² = (d - n)(d + n) / d².
      let e = exp(-abs(x))
      let (n, rest) = x < 0 ? (e * (e + 2), 2) : (1 + 2 * e, 2 * e * e)
      let d = n + rest
      return n / d + x * (rest * (n + d) / (d * d)) * sigmoid(x)
    case .squareplus:
      let root = (x * x + 4).squareRoot()
      return x < 0 ? 2 / (root * (root - x)) : (root + x) / (2 * root)
    default: preconditionFailure("\(self) is not tested here")
    }
  }
}
