/// Returns the largest eigenvalue of a symmetric positive semidefinite matrix, by Jacobi's method.
///
/// Plane rotations set one pair of off-diagonal elements to zero after another, repeatedly, until
/// only the diagonal remains (Golub and Van Loan, "Matrix Computations", section 8.5).
///
/// - Parameters:
///   - matrix: The elements, all finite, row-major.
///   - order: The number of rows.
func largestEigenvalue(of matrix: [Double], order: Int) -> Double {
  var a = matrix
  func rotate(_ p: Int, _ q: Int) {
    let pair = a[p * order + q]
    // The tangent of the smaller of the two possible angles.
    let ratio = (a[q * order + q] - a[p * order + p]) / (2 * pair)
    let tangent = (ratio < 0 ? -1 : 1) / (abs(ratio) + (ratio * ratio + 1).squareRoot())
    let cosine = 1 / (tangent * tangent + 1).squareRoot()
    let sine = tangent * cosine
    for k in 0..<order where k != p && k != q {
      let (x, y) = (a[k * order + p], a[k * order + q])
      a[k * order + p] = cosine * x - sine * y
      a[k * order + q] = sine * x + cosine * y
      a[p * order + k] = a[k * order + p]
      a[q * order + k] = a[k * order + q]
    }
    a[p * order + p] -= tangent * pair
    a[q * order + q] += tangent * pair
    a[p * order + q] = 0
    a[q * order + p] = 0
  }
  // Convergence is quadratic: about six sweeps suffice for any matrix of this kind.
  for _ in 0..<50 {
    var isDone = true
    for p in 0..<order {
      for q in p + 1..<max(order, p + 1) {
        let diagonal = (abs(a[p * order + p] * a[q * order + q])).squareRoot()
        guard abs(a[p * order + q]) > 1e-16 * diagonal else { continue }
        rotate(p, q)
        isDone = false
      }
    }
    if isDone { break }
  }
  return (0..<order).reduce(0) { max($0, a[$1 * order + $1]) }
}
