internal import DefenseKit
private import Foundation

extension Loss {
  /// The sum over images of weight * cross-entropy.
  ///
  /// - Parameters:
  ///   - labels: The class of each image.
  ///   - weights: The weight of each image, of any sign.
  static func weightedCrossEntropy(_ labels: [Int32], weights: [Double]) -> Loss {
    .outputs { outputs in
      let classes = outputs.count / labels.count
      var (sum, gradient) = (0.0, [Float](repeating: 0, count: outputs.count))
      for (image, label) in labels.enumerated() {
        let row = outputs[image * classes..<(image + 1) * classes].map { Double($0) }
        let top = row.reduce(-Double.infinity) { max($0, $1) }
        let total = row.reduce(0) { $0 + exp($1 - top) }
        sum += weights[image] * (log(total) + top - row[Int(label)])
        for c in 0..<classes {
          let share = exp(row[c] - top) / total - (c == Int(label) ? 1 : 0)
          gradient[image * classes + c] = Float(weights[image] * share)
        }
      }
      return (sum, gradient)
    }
  }
}
