import DefenseKit
import ReferenceInference

/// The search for large margins in plain loops and double precision, with derivatives by central
/// differences.
struct ReferenceSearch {
  let network: ReferenceNetwork
  let model: Model
  let range: ClosedRange<Double>
  let rate: Double

  init(_ model: Model, range: ClosedRange<Double>, rate: Double) {
    network = ReferenceNetwork(model.graph)
    (self.model, self.range, self.rate) = (model, range, rate)
  }

  /// The margin of a class for an image of 0...1. The network's outputs are logits.
  func margin(of target: Int, at values: [Double]) -> Double {
    let width = range.upperBound - range.lowerBound
    let image = values.map { (range.lowerBound + width * $0) * Double(model.preprocessing.scale) }
    let logits = network.results(for: [image])[model.graph.output][0]
    let others = logits.indices.filter { $0 != target }.map { logits[$0] }
    return logits[target] - others.max()!
  }

  /// Returns the margin before each step and after the last one.
  func trace(of target: Int, from start: [Double], steps: Int) -> [Double] {
    var values = start
    var (mean, square) = (start.map { _ in 0.0 }, start.map { _ in 0.0 })
    var trace = [margin(of: target, at: values)]
    for step in 1...steps {
      let gradient = values.indices.map { index in
        var (more, less) = (values, values)
        more[index] += 1e-5
        less[index] -= 1e-5
        return (margin(of: target, at: more) - margin(of: target, at: less)) / 2e-5
      }
      for index in values.indices {
        let g = -gradient[index]
        mean[index] = 0.9 * mean[index] + 0.1 * g
        square[index] = 0.999 * square[index] + 0.001 * g * g
        var (m, v) = (mean[index], square[index])
        var (first, second) = (1.0, 1.0)
        for _ in 0..<step { (first, second) = (first * 0.9, second * 0.999) }
        (m, v) = (m / (1 - first), v / (1 - second))
        values[index] -= rate * m / (v.squareRoot() + 1e-12)
        values[index] = min(1, max(0, values[index]))
      }
      trace.append(margin(of: target, at: values))
    }
    return trace
  }
}
