/// Arithmetic of known integers.
extension ONNXImporter {
  /// Returns the result of an operator on lists of integers.
  func computed(_ call: ONNXCall) throws -> ONNXIntegers {
    var inputs: [ONNXIntegers] = []
    for index in call.node.inputs.indices where !call.node.inputs[index].isEmpty {
      guard let list = try integers(index, of: call) else { continue }
      inputs.append(list)
    }
    let data = inputs[0]
    switch call.kind {
    case .concat:
      let values = inputs.flatMap(\.values)
      guard values.count <= Self.maximumIntegers else { throw call.invalid("inputs") }
      return ONNXIntegers(values: values)
    case .gather:
      guard let indices = inputs.last?.numbers, inputs.count == 2 else {
        throw call.invalid("indices")
      }
      let count = data.values.count
      let places = indices.map { $0 < 0 ? $0 + count : $0 }
      guard places.allSatisfy((0..<count).contains), places.count <= Self.maximumIntegers else {
        throw call.invalid("indices")
      }
      return ONNXIntegers(values: places.map { data.values[$0] }, isScalar: inputs[1].isScalar)
    case .slice: return try sliced(data, call)
    case .reduceProd:
      let product = try data.values.reduce(ONNXExtent.number(1)) { try combined($0, $1, call) }
      return ONNXIntegers(values: [product], isScalar: try call.integer("keepdims", 1) == 0)
    case .where:
      let count = inputs.map(\.values.count).max() ?? 0
      guard inputs.count == 3, inputs.allSatisfy({ [1, count].contains($0.values.count) }) else {
        throw call.invalid("inputs")
      }
      let values = try (0..<count).map { index in
        let (condition, yes, no) = (
          inputs[0].values[inputs[0].values.count == 1 ? 0 : index],
          inputs[1].values[inputs[1].values.count == 1 ? 0 : index],
          inputs[2].values[inputs[2].values.count == 1 ? 0 : index]
        )
        guard case .number(let isTrue) = condition else { throw call.invalid("inputs") }
        return isTrue != 0 ? yes : no
      }
      return ONNXIntegers(values: values, isScalar: inputs.allSatisfy(\.isScalar))
    default: return try elementwise(inputs, call)
    }
  }

  /// Returns the integers from one to before another.
  func range(_ call: ONNXCall) throws -> ONNXIntegers {
    let bounds = try (0..<3).map { try integers($0, of: call)?.numbers?.first }
    guard let start = bounds[0], let limit = bounds[1], let delta = bounds[2], delta != 0,
      [start, limit, delta].allSatisfy({ $0.magnitude <= 1 << 24 })
    else { throw call.unsupported("only a range of known integers is supported") }
    let numbers = Array(stride(from: start, to: limit, by: delta).prefix(Self.maximumIntegers + 1))
    guard numbers.count <= Self.maximumIntegers else { throw call.invalid("limit") }
    return ONNXIntegers(values: numbers.map { .number($0) })
  }

  private func elementwise(_ inputs: [ONNXIntegers], _ call: ONNXCall) throws -> ONNXIntegers {
    guard inputs.count == 2 else { throw call.invalid("inputs") }
    let (a, b) = (inputs[0].values, inputs[1].values)
    let count = Swift.max(a.count, b.count)
    guard [1, count].contains(a.count), [1, count].contains(b.count) else {
      throw call.invalid("inputs")
    }
    let values = try (0..<count).map { index in
      try combined(a[a.count == 1 ? 0 : index], b[b.count == 1 ? 0 : index], call)
    }
    return ONNXIntegers(values: values, isScalar: inputs.allSatisfy(\.isScalar))
  }

  private func combined(
    _ a: ONNXExtent, _ b: ONNXExtent, _ call: ONNXCall
  ) throws -> ONNXExtent {
    switch (call.kind, a, b) {
    case (.add, .batches(let a), .number(0)), (.sub, .batches(let a), .number(0)),
      (.add, .number(0), .batches(let a)):
      return .batches(a)
    case (.mul, .batches(let a), .number(let b)), (.mul, .number(let b), .batches(let a)),
      (.reduceProd, .batches(let a), .number(let b)),
      (.reduceProd, .number(let b), .batches(let a)):
      let (value, overflows) = a.multipliedReportingOverflow(by: b)
      guard b > 0, !overflows else { throw call.invalid("inputs") }
      return .batches(value)
    case (.div, .batches(let a), .number(let b)) where b > 0 && a % b == 0:
      return .batches(a / b)
    case (.equal, .batches, .number(let b)) where b < 1,
      (.equal, .number(let b), .batches) where b < 1:
      return .number(0)
    case (let kind, .number(let a), .number(let b)):
      if kind == .equal { return .number(a == b ? 1 : 0) }
      if kind == .mod {
        guard b > 0 else { throw call.unsupported("only positive divisors are supported") }
        return .number((a % b + b) % b)
      }
      let (value, overflows) =
        if kind == .add {
          a.addingReportingOverflow(b)
        } else if kind == .sub {
          a.subtractingReportingOverflow(b)
        } else if kind == .div {
          a.dividedReportingOverflow(by: b)
        } else {
          a.multipliedReportingOverflow(by: b)
        }
      guard !overflows else { throw call.invalid("inputs") }
      return .number(value)
    default: throw call.unsupported("arithmetic with the number of images is not supported")
    }
  }

  private func sliced(_ data: ONNXIntegers, _ call: ONNXCall) throws -> ONNXIntegers {
    let starts = try list("starts", orInput: 1, of: call)
    let ends = try list("ends", orInput: 2, of: call)
    let steps = call.has("starts") ? nil : try integers(4, of: call)?.numbers
    guard let start = starts?.first, let end = ends?.first, starts?.count == 1, ends?.count == 1
    else { throw call.unsupported("only a slice along one axis of a shape is supported") }
    if steps?.first ?? 1 == 1 { return ONNXIntegers(values: data.values, from: start, to: end) }
    let indices = try slices(call, [data.values.count])[0].indices
    return ONNXIntegers(values: indices.map { data.values[$0] })
  }
}
