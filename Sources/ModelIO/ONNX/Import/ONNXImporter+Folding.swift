import InferenceGraph

/// Constants and shape arithmetic, which are computed when a model is read.
extension ONNXImporter {
  /// Returns the value of an operator that does not depend on the image's contents; nil if it does.
  func folded(_ call: ONNXCall) throws -> ONNXValue? {
    let result = try foldedValue(call)
    guard case .constant(var constant)? = result else { return result }
    if let integers = try listed(constant) { return .integers(integers) }
    guard let input = call.node.inputs.first, readers[input] != 1 else { return result }
    // What a change of the stored elements would do to the other readers is not known.
    constant.stored = nil
    return .constant(constant)
  }

  private func foldedValue(_ call: ONNXCall) throws -> ONNXValue? {
    switch call.kind {
    case .constant: return try constant(call)
    case .constantOfShape: return try filled(call)
    case .shape: return try shape(call)
    default: break
    }
    var inputs: [ONNXValue?] = []
    for index in call.node.inputs.indices { inputs.append(try value(index, of: call)) }
    let dependsOnImage = inputs.contains { if case .activation? = $0 { true } else { false } }
    guard !dependsOnImage, let first = inputs.first ?? nil else { return nil }
    switch (call.kind, first) {
    case (.identity, let value): return value
    case (.constant, _), (.constantOfShape, _), (.shape, _), (_, .activation): return nil
    case (.cast, let value): return try converted(value, call)
    case (.range, .integers): return .integers(try range(call))
    case (.reshape, .constant(var constant)):
      guard let target = try integers(1, of: call)?.numbers else { return nil }
      constant.shape = try reshaped(constant.shape, target, call)
      return .constant(constant)
    case (.reshape, .integers(let integers)):
      let target = try self.integers(1, of: call)
      if let shape = target?.numbers, shape.count > 1, var table = Self.table(of: integers) {
        table.shape = try reshaped(table.shape, shape, call)
        return .constant(table)
      }
      let isScalar = target?.values.isEmpty ?? false
      return .integers(ONNXIntegers(values: integers.values, isScalar: isScalar))
    case (.transpose, .constant(var constant)):
      let axes = try call.integers("perm") ?? Array(constant.shape.indices.reversed())
      guard axes.sorted() == Array(constant.shape.indices) else { throw call.invalid("perm") }
      let permutation = ONNXPermutation(shape: constant.shape, axes: axes)
      constant.source = .values(permutation(try constant.values(in: file)))
      constant.stored?.permutations.append(permutation)
      constant.shape = axes.map { constant.shape[$0] }
      return .constant(constant)
    case (.squeeze, .constant(var constant)), (.unsqueeze, .constant(var constant)):
      let list = try list("axes", orInput: 1, of: call)
      constant.shape = try changed(shape: constant.shape, list, call)
      return .constant(constant)
    case (.squeeze, .integers(let integers)):
      return .integers(ONNXIntegers(values: integers.values, isScalar: integers.values.count == 1))
    case (.unsqueeze, .integers(let integers)):
      let list = try list("axes", orInput: 1, of: call)
      if !integers.isScalar || list?.count != 1, var table = Self.table(of: integers) {
        table.shape = try changed(shape: table.shape, list, call)
        return .constant(table)
      }
      return .integers(ONNXIntegers(values: integers.values))
    case (.concat, .integers), (.gather, .integers), (.slice, .integers),
      (.reduceProd, .integers), (.add, .integers), (.sub, .integers), (.mul, .integers),
      (.div, .integers), (.mod, .integers), (.equal, .integers), (.where, .integers):
      let areIntegers = inputs.allSatisfy { if case .integers? = $0 { true } else { false } }
      if areIntegers || call.kind == .slice { return .integers(try computed(call)) }
      return try computedConstant(call).map { .constant($0) }
    default: return try computedConstant(call).map { .constant($0) }
    }
  }

  private func constant(_ call: ONNXCall) throws -> ONNXValue {
    if let tensor = try call.tensor("value") {
      var tensor = tensor
      tensor.name = call.node.outputs.first ?? ""
      return try value(of: tensor)
    }
    if call.has("value_float") {
      let values = [try call.float("value_float", 0)]
      return .constant(ONNXConstant(name: "", shape: [], source: .values(values)))
    }
    if let values = try call.floats("value_floats") {
      return .constant(ONNXConstant(name: "", shape: [values.count], source: .values(values)))
    }
    if let values = try call.integers("value_ints") {
      return .integers(ONNXIntegers(values: values.map { .number($0) }))
    }
    guard call.has("value_int") else {
      throw call.unsupported("only constants of numbers are supported")
    }
    return .integers(
      ONNXIntegers(values: [.number(try call.integer("value_int", 0))], isScalar: true))
  }

  private func filled(_ call: ONNXCall) throws -> ONNXValue {
    guard let shape = try integers(0, of: call)?.numbers else {
      throw call.unsupported("its shape varies with the number of images")
    }
    let count = shape.reduce(1.0) { $0 * Double($1) }
    guard shape.allSatisfy({ $0 >= 0 }), count <= Double(1 << 26) else {
      throw call.node.refusal(.onnxSize, "its shape \(shape) is too large")
    }
    try file.use(Int(count), of: call.node.outputs.first ?? "")
    guard let tensor = try call.tensor("value") else {
      let zeros = [Float](repeating: 0, count: Int(count))
      return .constant(ONNXConstant(name: "", shape: shape, source: .values(zeros)))
    }
    switch try value(of: tensor) {
    case .integers(let integers) where integers.values.count == 1 && shape.count <= 1:
      guard Int(count) <= Self.maximumIntegers else { throw call.invalid("shape") }
      return .integers(
        ONNXIntegers(values: Array(repeating: integers.values[0], count: Int(count))))
    case .integers(let integers) where integers.values.count == 1:
      guard let table = Self.table(of: integers) else { throw call.invalid("value") }
      let value = try table.values(in: file)[0]
      return .constant(
        ONNXConstant(
          name: call.node.outputs.first ?? "", shape: shape,
          source: .values(Array(repeating: value, count: Int(count))), type: table.type))
    case .constant(let constant) where constant.count == 1:
      let value = try constant.values(in: file)[0]
      return .constant(
        ONNXConstant(
          name: call.node.outputs.first ?? "", shape: shape,
          source: .values(Array(repeating: value, count: Int(count))), type: constant.type))
    default: throw call.invalid("value")
    }
  }

  private func shape(_ call: ONNXCall) throws -> ONNXValue {
    let extents: [ONNXExtent]
    switch try value(0, of: call) {
    case .activation(let value)?: extents = self.extents(of: value)
    case .constant(let constant)?: extents = constant.shape.map { .number($0) }
    case .integers(let integers)?:
      extents = integers.isScalar ? [] : [.number(integers.values.count)]
    case nil: throw call.invalid("input")
    }
    let (start, end) = (try call.integer("start", 0), try call.integer("end", extents.count))
    return .integers(ONNXIntegers(values: extents, from: start, to: end))
  }

  /// Returns a constant in another type; only the difference between integers and floats matters.
  private func converted(_ value: ONNXValue, _ call: ONNXCall) throws -> ONNXValue? {
    guard let type = ONNXElementType(rawValue: Int32(clamping: try call.integer("to", 1))) else {
      throw call.invalid("to")
    }
    switch value {
    case .integers(let integers) where type.isFloat:
      guard let numbers = integers.numbers else { return nil }
      return .constant(
        ONNXConstant(
          name: "", shape: integers.isScalar ? [] : [numbers.count],
          source: .values(numbers.map { Float($0) })))
    case .constant(var constant)
    where !type.isFloat && (constant.shape.count > 1 || constant.count > Self.maximumIntegers):
      if constant.type.isFloat {
        let values = try constant.values(in: file)
        constant.source = .values(values.map { $0.rounded(.towardZero) })
        constant.stored = nil
      }
      constant.type = type
      return .constant(constant)
    case .constant(let constant) where !type.isFloat:
      let values = try constant.values(in: file)
      guard values.allSatisfy({ $0.magnitude < 1e9 }) else { return nil }
      return .integers(
        ONNXIntegers(values: values.map { .number(Int($0)) }, isScalar: constant.shape.isEmpty))
    case .constant(var constant):
      constant.type = type
      return .constant(constant)
    default: return value
    }
  }

  /// The largest integer in a table, which floats hold exactly.
  private static let maximumInteger = 1 << 24

  /// Returns known integers as a tensor; nil if they vary with the number of images, or are too
  /// large.
  private static func table(of integers: ONNXIntegers) -> ONNXConstant? {
    guard let numbers = integers.numbers, numbers.allSatisfy({ $0.magnitude <= maximumInteger })
    else { return nil }
    return ONNXConstant(
      name: "", shape: integers.isScalar ? [] : [numbers.count],
      source: .values(numbers.map { Float($0) }), type: .int64)
  }

  /// Returns a tensor of integers as a list; nil if it has several axes, or other elements.
  private func listed(_ constant: ONNXConstant) throws -> ONNXIntegers? {
    guard !constant.type.isFloat, constant.shape.count <= 1,
      constant.count <= Self.maximumIntegers
    else { return nil }
    let numbers: [Int]
    switch constant.source {
    case .tensor(let tensor): numbers = try file.integers(tensor).map { Int($0) }
    case .values(let values):
      guard values.allSatisfy({ $0.magnitude <= Float(Self.maximumInteger) }) else { return nil }
      numbers = values.map { Int($0) }
    }
    return ONNXIntegers(
      values: numbers.map { .number($0) }, isScalar: constant.shape.isEmpty)
  }

  private func reshaped(_ shape: [Int], _ target: [Int], _ call: ONNXCall) throws -> [Int] {
    let count = shape.reduce(1, *)
    let copiesZeros = try call.integer("allowzero", 0) == 0
    var result: [Int] = []
    for (index, extent) in target.enumerated() {
      let copied =
        extent == 0 && copiesZeros && shape.indices.contains(index) ? shape[index] : extent
      result.append(copied)
    }
    let known = result.filter { $0 != -1 }.reduce(1.0) { $0 * Double($1) }
    if let unknown = result.firstIndex(of: -1), known >= 1, known <= Double(count) {
      result[unknown] = count / Int(known)
    }
    guard result.allSatisfy({ $0 >= 0 }), result.reduce(1.0, { $0 * Double($1) }) == Double(count)
    else { throw call.invalid("shape") }
    return result
  }
}
