internal import DefenseKit
private import Foundation

/// The terms of the loss, each with its value and its derivatives.
enum UnlearningLoss {
  typealias Term = (value: Double, gradient: [Float])

  /// The mean over images of max(0, (z_c - max(z_j for j other than c)) / unit + margin): 0 where
  /// the target class c stays behind the largest other logit by `margin` units.
  ///
  /// - Parameters:
  ///   - logits: `[images][classes]`.
  ///   - targets: The class of each image.
  static func hinge(
    _ logits: ArraySlice<Float>, targets: [Int], unit: Float, margin: Float
  ) -> Term {
    let classes = logits.count / max(1, targets.count)
    var (sum, gradient) = (0.0, [Float](repeating: 0, count: logits.count))
    let step = 1 / (unit * Float(max(1, targets.count)))
    for (image, target) in targets.enumerated() {
      let start = logits.startIndex + image * classes
      var rival = target == 0 ? 1 : 0
      for c in 0..<classes where c != target && logits[start + c] > logits[start + rival] {
        rival = c
      }
      let excess = (logits[start + target] - logits[start + rival]) / unit + margin
      guard excess > 0 else { continue }
      sum += Double(excess)
      gradient[image * classes + target] += step
      gradient[image * classes + rival] -= step
    }
    return (sum / Double(max(1, targets.count)), gradient)
  }

  /// The mean over images of KL(p || q), with p and q the softmax of the teacher's and of the
  /// student's logits, `[images][classes]`.
  static func divergence(
    _ student: ArraySlice<Float>, from teacher: ArraySlice<Float>, images: Int
  ) -> Term {
    let classes = student.count / max(1, images)
    var (sum, gradient) = (0.0, [Float](repeating: 0, count: student.count))
    for image in 0..<images {
      func logarithms(_ logits: ArraySlice<Float>) -> [Float] {
        let row = logits[(logits.startIndex + image * classes)...].prefix(classes)
        let top = row.max() ?? 0
        let total = log(row.reduce(Float(0)) { $0 + exp($1 - top) })
        return row.map { $0 - top - total }
      }
      let (q, p) = (logarithms(student), logarithms(teacher))
      for c in 0..<classes {
        let share = exp(p[c])
        if share > 0 { sum += Double(share * (p[c] - q[c])) }
        gradient[image * classes + c] = (exp(q[c]) - share) / Float(images)
      }
    }
    return (sum / Double(max(1, images)), gradient)
  }

  /// The mean over images of -log q_y, with q the softmax of the logits and y the label.
  static func crossEntropy(_ logits: ArraySlice<Float>, labels: [Int32?]) -> Term {
    let classes = logits.count / max(1, labels.count)
    var (sum, gradient) = (0.0, [Float](repeating: 0, count: logits.count))
    let known = labels.count { $0 != nil }
    for (image, label) in labels.enumerated() {
      guard let label else { continue }
      let row = logits[(logits.startIndex + image * classes)...].prefix(classes)
      let top = row.max() ?? 0
      let total = row.reduce(Float(0)) { $0 + exp($1 - top) }
      for (c, logit) in row.enumerated() {
        let share = exp(logit - top) / total
        gradient[image * classes + c] = (share - (c == Int(label) ? 1 : 0)) / Float(known)
        if c == Int(label) { sum -= Double(logit - top - log(total)) }
      }
    }
    return (sum / Double(max(1, known)), gradient)
  }

  /// |values - reference|^2 / |reference|^2; 0 for a reference of zeros.
  static func relativeError(_ values: ArraySlice<Float>, from reference: ArraySlice<Float>) -> Term
  {
    let norm = reference.reduce(0.0) { $0 + Double($1) * Double($1) }
    var gradient = [Float](repeating: 0, count: values.count)
    guard norm > 0 else { return (0, gradient) }
    var sum = 0.0
    for (index, (value, right)) in zip(values, reference).enumerated() {
      let difference = value - right
      sum += Double(difference) * Double(difference)
      gradient[index] = 2 * difference / Float(norm)
    }
    return (sum / norm, gradient)
  }
}
