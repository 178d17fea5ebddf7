/// A constant array of 32-bit floats, for example a kernel, in row-major (C) order.
///
/// Shapes follow Keras: a convolution kernel is `[height, width, input channels, output channels]`.
public struct Tensor: Sendable, Hashable {
  /// The extent of every axis, slowest first; empty for a scalar.
  public let shape: [Int]

  /// The elements, last axis fastest. Their number is the product of `shape`.
  public private(set) var values: [Float]

  /// Creates a tensor. Traps unless the number of values is the product of `shape`.
  public init(shape: [Int], values: [Float]) {
    let count = shape.reduce(1, *)
    precondition(values.count == count, "\(values.count) values for a shape of \(count)")
    self.shape = shape
    self.values = values
  }

  /// Creates a tensor filled with one value.
  public init(shape: [Int], repeating value: Float) {
    self.init(shape: shape, values: Array(repeating: value, count: shape.reduce(1, *)))
  }

  /// The number of elements.
  public var count: Int { values.count }

  /// Returns the tensor with the slices at `indices` of `axis` set to zero.
  public func zeroing(_ indices: [Int], axis: Int) -> Tensor {
    let inner = shape[(axis + 1)...].reduce(1, *)
    let outer = shape[..<axis].reduce(1, *)
    var result = self
    for o in 0..<outer {
      for index in indices {
        let start = (o * shape[axis] + index) * inner
        for i in start..<start + inner { result.values[i] = 0 }
      }
    }
    return result
  }

  /// Returns the slices at `indices` of `axis`, in the order of `indices`.
  public func selecting(_ indices: [Int], axis: Int) -> Tensor {
    let inner = shape[(axis + 1)...].reduce(1, *)
    let outer = shape[..<axis].reduce(1, *)
    var selected: [Float] = []
    selected.reserveCapacity(outer * indices.count * inner)
    for o in 0..<outer {
      for index in indices {
        let start = (o * shape[axis] + index) * inner
        selected.append(contentsOf: values[start..<start + inner])
      }
    }
    var newShape = shape
    newShape[axis] = indices.count
    return Tensor(shape: newShape, values: selected)
  }

  /// The row-major position of the first element that is NaN or infinite; nil if all are finite.
  public var firstNonFinite: Int? { values.firstIndex { !$0.isFinite } }
}
