private import Foundation

/// Computes the Gram matrices G_p = (F^p (F^p)^T)^(1/p) of a feature map F, channels x pixels.
struct GramMatrices: Sendable {
  /// The number of channels.
  let channels: Int
  /// The number of orders, P.
  let orders: Int

  /// The number of entries: P upper triangles with their diagonals.
  var count: Int { orders * triangle }

  private var triangle: Int { channels * (channels + 1) / 2 }

  /// Returns the entries of an image, `[orders][upper triangle, row by row]`.
  ///
  /// They are infinite or NaN where a sum of powers is.
  ///
  /// - Parameter features: The feature map, `[pixels][channels]`.
  func entries(of features: ArraySlice<Float>) -> [Float] {
    let values = features.map { Double($0) }
    var powers = values
    var result: [Float] = []
    result.reserveCapacity(count)
    for order in 1...orders {
      if order > 1 { for index in powers.indices { powers[index] *= values[index] } }
      for sum in products(of: powers) { result.append(Float(Self.root(sum, order))) }
    }
    return result
  }

  /// Returns the upper triangle of M^T M for a matrix M, `[pixels][channels]`.
  private func products(of matrix: [Double]) -> [Double] {
    var sums = Array(repeating: 0.0, count: triangle)
    // Every row of the triangle and of the matrix lies within its array. Unchecked access lets the
    // compiler use vectors.
    unsafe matrix.withUnsafeBufferPointer { matrix in
      unsafe sums.withUnsafeMutableBufferPointer { sums in
        for start in stride(from: 0, to: matrix.count, by: channels) {
          var entry = 0
          for row in 0..<channels {
            let factor = unsafe matrix[start + row]
            let length = channels - row
            // A rectifier leaves many zeros.
            if factor != 0 {
              for column in 0..<length {
                unsafe sums[entry + column] += factor * matrix[start + row + column]
              }
            }
            entry += length
          }
        }
      }
    }
    return sums
  }

  /// Returns sign(x) * |x|^(1/order).
  static func root(_ x: Double, _ order: Int) -> Double {
    let magnitude = abs(x)
    let root =
      switch order {
      case 1: magnitude
      case 2: magnitude.squareRoot()
      case 4: magnitude.squareRoot().squareRoot()
      case 8: magnitude.squareRoot().squareRoot().squareRoot()
      default: pow(magnitude, 1 / Double(order))
      }
    return x < 0 ? -root : root
  }
}
