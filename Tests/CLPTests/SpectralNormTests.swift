import DefenseKit
import Testing

@testable import CLP

@Suite("The largest singular value, and the matrix of a channel")
struct SpectralNormTests {
  private func norm(_ rows: [[Double]]) -> Double {
    Matrix(rows: rows.count, columns: rows[0].count, values: rows.flatMap { $0 }).spectralNorm
  }

  @Test("Cases worked out by hand")
  func byHand() {
    // A Aᵀ = [[9, 12], [12, 41]]: trace 50, determinant 225, eigenvalues 45 and 5.
    #expect(abs(norm([[3, 0], [4, 5]]) - 45.0.squareRoot()) < 1e-14)
    // Orthogonal rows: the longer one.
    #expect(abs(norm([[2, 0], [0, 1]]) - 2) < 1e-15)
    // Rank one, (1, 2)ᵀ (2, 1, 2): the product of the lengths, sqrt(5) * 3.
    #expect(abs(norm([[2, 1, 2], [4, 2, 4]]) - 3 * 5.0.squareRoot()) < 1e-14)
    // One row or one column: its length.
    #expect(norm([[3, 4]]) == 5)
    #expect(norm([[3], [4]]) == 5)
    // The largest is shared by two directions.
    #expect(abs(norm([[1, -1], [1, 1]]) - 2.0.squareRoot()) < 1e-15)
    #expect(norm([[0, 0], [0, 0]]) == 0)
    // A sum of rotations: every row of this circulant adds up to 6, the first singular value.
    #expect(abs(norm([[1, 2, 3], [3, 1, 2], [2, 3, 1]]) - 6) < 1e-14)
  }

  @Test("The transpose has the same one; scaling scales it; small next to large loses nothing")
  func properties() {
    var random = SeededGenerator(seed: 3)
    for (rows, columns) in [(1, 1), (2, 9), (9, 2), (9, 64), (25, 25), (7, 3)] {
      let a = (0..<rows).map { _ in (0..<columns).map { _ in random.unit() - 0.5 } }
      let transposed = (0..<columns).map { c in (0..<rows).map { a[$0][c] } }
      let sigma = norm(a)
      #expect(abs(norm(transposed) - sigma) <= 1e-14 * sigma)
      #expect(abs(norm(a.map { $0.map { $0 * 1e-30 } }) - 1e-30 * sigma) <= 1e-44 * sigma)
      #expect(abs(norm(a.map { $0.map { $0 * 1e30 } }) - 1e30 * sigma) <= 1e16 * sigma)
      // Between the longest row and the length of all elements.
      let squares = a.map { $0.reduce(0) { $0 + $1 * $1 } }
      #expect(sigma <= squares.reduce(0, +).squareRoot() * (1 + 1e-14))
      #expect(sigma >= (squares.max() ?? 0).squareRoot() * (1 - 1e-14))
    }
    // Beside a direction that is nearly as strong: 1 and 1 - 1e-12.
    #expect(abs(norm([[1, 0], [0, 1 - 1e-12]]) - 1) < 1e-15)
  }

  @Test("What is not a number or too large does not look like a norm")
  func nonfinite() {
    #expect(!norm([[1, .nan], [2, 3]]).isFinite)
    #expect(!norm([[1, .infinity], [2, 3]]).isFinite)
    #expect(!norm([[1e200, 0], [0, 1]]).isFinite)
  }

  @Test("Rows are input channels, columns taps: plain, grouped and depthwise")
  func plainMatrices() throws {
    // Kernel [1, 2, 2, 2]: tap, input, output.
    let kernel = Tensor(shape: [1, 2, 2, 2], values: [1, 10, 2, 20, 3, 30, 4, 40])
    let plain = Graph.Operation.convolution(Convolution(kernel: kernel))
    #expect(plain.matrix(ofChannel: 0)?.values == [1, 3, 2, 4])
    #expect(plain.matrix(ofChannel: 1)?.values == [10, 30, 20, 40])
    #expect(plain.matrix(ofChannel: 1)?.rows == 2 && plain.tapCount == 2)
    // Dilation leaves it as it is.
    let dilated = Graph.Operation.convolution(
      Convolution(kernel: kernel, dilation: Extent(1, 3)))
    #expect(dilated.matrix(ofChannel: 0)?.values == [1, 3, 2, 4])
    // Two groups of one input each: output 0 reads input 0, output 1 input 1, both one row.
    let grouped = Graph.Operation.convolution(
      Convolution(kernel: Tensor(shape: [1, 2, 1, 2], values: [1, 10, 2, 20]), groups: 2))
    #expect(grouped.matrix(ofChannel: 0)?.values == [1, 2])
    #expect(grouped.matrix(ofChannel: 1)?.values == [10, 20])
    #expect(grouped.matrix(ofChannel: 1)?.rows == 1)
    // Two input channels, two outputs of each: output 3 is the second of input 1.
    let depthwise = Graph.Operation.depthwiseConvolution(
      DepthwiseConvolution(
        kernel: Tensor(shape: [1, 2, 2, 2], values: [1, 2, 3, 4, 5, 6, 7, 8])))
    #expect(depthwise.matrix(ofChannel: 3)?.values == [4, 8])
    #expect(Graph.Operation.flatten.matrix(ofChannel: 0) == nil)
    #expect(Graph.Operation.flatten.tapCount == nil)
  }

  @Test("A separable convolution has the kernel of the plain one that computes the same")
  func separable() throws {
    var random = SeededGenerator(seed: 4)
    func tensor(_ shape: [Int]) -> Tensor {
      Tensor(
        shape: shape, values: (0..<shape.reduce(1, *)).map { _ in Float(random.unit() - 0.5) })
    }
    let operation = Graph.Operation.separableConvolution(
      SeparableConvolution(
        depthwise: DepthwiseConvolution(kernel: tensor([2, 3, 2, 2])),
        pointwise: tensor([1, 1, 4, 3])))
    // What it gives for an image that is 1 at one place is its kernel, turned around.
    let shape = [3, 5, 2]
    var graph = try Graph(inputShape: shape)
    try graph.append("separable", operation, inputs: [0])
    try graph.append("flatten", .flatten, inputs: [1])
    let executor = try Executor(
      [Model(graph: graph)], observing: [(0, "separable")], options: ExecutionOptions(threads: 1))
    for channel in 0..<3 {
      let matrix = try #require(operation.matrix(ofChannel: channel))
      #expect(matrix.rows == 2 && matrix.columns == 6)
      for input in 0..<2 {
        var image = Array(repeating: Float(0), count: 30)
        image[(1 * 5 + 2) * 2 + input] = 1
        let values = Collected()
        try executor.run(ArraySource(image, imageShape: shape)) {
          values.add($0.values(ofObservation: 0))
        }
        for tap in 0..<6 {
          // The output at (y, x) reads row y + tap / 3 and column x + tap % 3.
          let place = (1 - tap / 3) * 3 + 2 - tap % 3
          let seen = Double(values.all[place * 3 + channel])
          #expect(abs(matrix.values[input * 6 + tap] - seen) < 1e-6)
        }
      }
    }
  }
}
