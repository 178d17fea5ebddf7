import Foundation
import InferenceGraph

/// Arithmetic of constant tensors, which is computed when a model is read.
extension ONNXImporter {
  /// A constant tensor with its elements.
  private struct Table {
    var shape: [Int]
    var values: [Float]

    var count: Int { values.count }
  }

  /// Returns the result of an operator on constants; nil if it is not computed here.
  func computedConstant(_ call: ONNXCall) throws -> ONNXConstant? {
    let operators: Set<ONNXOperator> = [
      .add, .sub, .mul, .div, .sqrt, .neg, .equal, .not, .where, .expand, .slice, .concat, .gather,
      .scatterND, .gatherND, .sigmoid, .relu, .matMul, .pow, .exp, .clip,
    ]
    guard operators.contains(call.kind) else { return nil }
    guard let first = try table(0, of: call) else { return nil }
    var type = try type(of: call.kind == .where ? 1 : 0, of: call)
    let isFloat = type.isFloat
    let functions: [ONNXOperator: (Float, Float) -> Float] = [
      .add: { $0 + $1 }, .sub: { $0 - $1 }, .mul: { $0 * $1 },
      .div: { isFloat ? $0 / $1 : ($0 / $1).rounded(.towardZero) }, .pow: { pow($0, $1) },
      .equal: { $0 == $1 ? 1 : 0 },
    ]
    var result: Table?
    if let function = functions[call.kind] { result = try elementwise(call, first, function) }
    switch call.kind {
    case .sqrt: result = Table(shape: first.shape, values: first.values.map { $0.squareRoot() })
    case .neg: result = Table(shape: first.shape, values: first.values.map { -$0 })
    case .not: result = Table(shape: first.shape, values: first.values.map { $0 == 0 ? 1 : 0 })
    case .sigmoid:
      result = Table(shape: first.shape, values: first.values.map { 1 / (1 + exp(-$0)) })
    case .matMul: result = try multiplied(first, call)
    case .gatherND: result = try gathered(first, call)
    case .relu: result = Table(shape: first.shape, values: first.values.map { max($0, 0) })
    case .exp: result = Table(shape: first.shape, values: first.values.map { exp($0) })
    case .clip:
      let least = try number("min", orInput: 1, of: call) ?? -.infinity
      let most = try number("max", orInput: 2, of: call) ?? .infinity
      result = Table(shape: first.shape, values: first.values.map { min(max($0, least), most) })
    case .where:
      guard let yes = try table(1, of: call), let no = try table(2, of: call) else { return nil }
      let shape = try common([first.shape, yes.shape, no.shape], call)
      let (a, b, c) = (
        try spread(first, shape, call), try spread(yes, shape, call), try spread(no, shape, call)
      )
      result = Table(
        shape: shape,
        values: a.values.indices.map { a.values[$0] != 0 ? b.values[$0] : c.values[$0] })
    case .expand: result = try expanded(first, call)
    case .slice:
      var table = first
      for (axis, indices) in try slices(call, first.shape) {
        table = try taken(table, axis, indices, call)
      }
      result = table
    case .gather:
      let axis = try axes([call.integer("axis", 0)], rank: first.shape.count, of: call)[0]
      guard let list = try? integers(1, of: call), let numbers = list.numbers else { return nil }
      var table = try taken(
        first, axis, numbers.map { $0 < 0 ? $0 + first.shape[axis] : $0 }, call)
      if list.isScalar { table.shape.remove(at: axis) }
      result = table
    case .concat: result = try joined(call)
    case .scatterND: result = try scattered(first, call)
    default: break
    }
    guard let result else { return nil }
    if call.kind == .equal || call.kind == .not { type = .bool }
    return ONNXConstant(
      name: call.node.outputs.first ?? "", shape: result.shape, source: .values(result.values),
      type: type)
  }

  /// Returns the type of an input's elements.
  private func type(of index: Int, of call: ONNXCall) throws -> ONNXElementType {
    switch try value(index, of: call) {
    case .constant(let constant)?: constant.type
    case .integers?: .int64
    case .activation?, nil: .float
    }
  }

  /// Returns an input as numbers; nil if it is missing, or not known.
  private func table(_ index: Int, of call: ONNXCall) throws -> Table? {
    switch try value(index, of: call) {
    case .constant(let constant)?:
      return Table(shape: constant.shape, values: try constant.values(in: file))
    case .integers(let integers)?:
      guard let numbers = integers.numbers else { return nil }
      return Table(
        shape: integers.isScalar ? [] : [numbers.count], values: numbers.map { Float($0) })
    case .activation?, nil: return nil
    }
  }

  private func elementwise(
    _ call: ONNXCall, _ first: Table, _ f: (Float, Float) -> Float
  ) throws -> Table? {
    guard call.node.inputs.count == 2, let second = try table(1, of: call) else { return nil }
    let shape = try common([first.shape, second.shape], call)
    let (a, b) = (try spread(first, shape, call), try spread(second, shape, call))
    return Table(shape: shape, values: zip(a.values, b.values).map { f($0, $1) })
  }

  /// Returns the shape that all are broadcast to.
  private func common(_ shapes: [[Int]], _ call: ONNXCall) throws -> [Int] {
    let rank = shapes.map(\.count).max() ?? 0
    var result = Array(repeating: 1, count: rank)
    for shape in shapes {
      for (axis, extent) in shape.enumerated() where extent != 1 {
        let place = rank - shape.count + axis
        guard [1, extent].contains(result[place]) else { throw call.invalid("inputs") }
        result[place] = extent
      }
    }
    let count = result.reduce(1.0) { $0 * Double($1) }
    guard count <= Double(Graph.largestConstant) else {
      throw call.node.refusal(.onnxSize, "its shape \(result) is too large")
    }
    try file.use(Int(count), of: call.node.outputs.first ?? "")
    return result
  }

  /// Returns a table broadcast to a shape, which it fits.
  private func spread(_ table: Table, _ shape: [Int], _ call: ONNXCall) throws -> Table {
    if table.shape == shape { return table }
    guard table.shape.count <= shape.count else { throw call.invalid("inputs") }
    var starts = [0]
    var pitch = table.count
    let own = Array(repeating: 1, count: shape.count - table.shape.count) + table.shape
    for (axis, extent) in own.enumerated() {
      pitch = extent > 0 ? pitch / extent : 0
      let step = extent == 1 ? 0 : pitch
      starts = starts.flatMap { start in (0..<shape[axis]).map { start + $0 * step } }
    }
    return Table(shape: shape, values: starts.map { table.values[$0] })
  }

  private func expanded(_ table: Table, _ call: ONNXCall) throws -> Table? {
    guard let target = try integers(1, of: call)?.values else { return nil }
    // The images share the constant.
    let extents = target.enumerated().map { axis, extent in
      switch extent {
      case .number(let number): number
      case .batches: 1
      }
    }
    guard extents.allSatisfy({ $0 > 0 }) else { throw call.invalid("shape") }
    guard !target.dropFirst().contains(where: { if case .batches = $0 { true } else { false } })
    else { return nil }
    return try spread(table, try common([table.shape, extents], call), call)
  }

  private func taken(
    _ table: Table, _ axis: Int, _ indices: [Int], _ call: ONNXCall
  ) throws -> Table {
    let extent = table.shape[axis]
    guard indices.allSatisfy((0..<extent).contains) else { throw call.invalid("indices") }
    let inner = table.shape[(axis + 1)...].reduce(1, *)
    let outer = table.shape[..<axis].reduce(1, *)
    let count = Double(outer) * Double(indices.count) * Double(inner)
    guard count <= Double(Graph.largestConstant) else { throw call.invalid("indices") }
    try file.use(Int(count), of: call.node.outputs.first ?? "")
    var values: [Float] = []
    values.reserveCapacity(Int(count))
    for block in 0..<outer {
      for index in indices {
        let start = (block * extent + index) * inner
        values += table.values[start..<start + inner]
      }
    }
    var shape = table.shape
    shape[axis] = indices.count
    return Table(shape: shape, values: values)
  }

  /// Returns the product with a matrix, in double precision.
  private func multiplied(_ data: Table, _ call: ONNXCall) throws -> Table? {
    guard let matrix = try table(1, of: call), matrix.shape.count == 2,
      let depth = data.shape.last, depth == matrix.shape[0], depth > 0
    else { return nil }
    let (rows, columns) = (data.count / depth, matrix.shape[1])
    guard Double(rows) * Double(columns) * Double(depth) <= Double(Graph.largestConstant) else {
      throw call.node.refusal(.onnxSize, "its product is too large")
    }
    try file.use(rows * columns * depth, of: call.node.outputs.first ?? "")
    var sums = [Double](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for inner in 0..<depth {
        let factor = Double(data.values[row * depth + inner])
        for column in 0..<columns {
          sums[row * columns + column] += factor * Double(matrix.values[inner * columns + column])
        }
      }
    }
    return Table(shape: data.shape.dropLast() + [columns], values: sums.map { Float($0) })
  }

  private func gathered(_ data: Table, _ call: ONNXCall) throws -> Table? {
    guard try call.integer("batch_dims", 0) == 0, let places = try table(1, of: call),
      let depth = places.shape.last, depth > 0, depth <= data.shape.count
    else { return nil }
    let size = data.shape[depth...].reduce(1, *)
    let count = Double(places.count / depth) * Double(size)
    guard count <= Double(Graph.largestConstant) else { throw call.invalid("indices") }
    try file.use(Int(count), of: call.node.outputs.first ?? "")
    var values: [Float] = []
    for row in 0..<places.count / depth {
      let start = try position(row, depth, of: places, in: data.shape, call) * size
      values += data.values[start..<start + size]
    }
    return Table(shape: places.shape.dropLast() + data.shape[depth...], values: values)
  }

  /// Returns the position on the first axes of a shape that a row of indices gives.
  private func position(
    _ row: Int, _ depth: Int, of places: Table, in shape: [Int], _ call: ONNXCall
  ) throws -> Int {
    var start = 0
    for axis in 0..<depth {
      let place = places.values[row * depth + axis]
      let counted = place < 0 ? place + Float(shape[axis]) : place
      guard let index = Int(exactly: counted), (0..<shape[axis]).contains(index) else {
        throw call.invalid("indices")
      }
      start = start * shape[axis] + index
    }
    return start
  }

  private func joined(_ call: ONNXCall) throws -> Table? {
    var tables: [Table] = []
    for index in call.node.inputs.indices {
      guard let table = try table(index, of: call) else { return nil }
      tables.append(table)
    }
    let rank = tables[0].shape.count
    let axis = try axes([call.integer("axis", 0)], rank: rank, of: call)[0]
    func others(_ shape: [Int]) -> [Int] { Array(shape[..<axis] + shape[(axis + 1)...]) }
    guard
      tables.allSatisfy({
        $0.shape.count == rank && others($0.shape) == others(tables[0].shape)
      })
    else { throw call.invalid("inputs") }
    let inner = tables[0].shape[(axis + 1)...].reduce(1, *)
    var values: [Float] = []
    for block in 0..<tables[0].shape[..<axis].reduce(1, *) {
      for table in tables {
        let size = table.shape[axis] * inner
        values += table.values[block * size..<(block + 1) * size]
      }
    }
    var shape = tables[0].shape
    shape[axis] = tables.reduce(0) { $0 + $1.shape[axis] }
    return Table(shape: shape, values: values)
  }

  private func scattered(_ data: Table, _ call: ONNXCall) throws -> Table? {
    guard try call.text("reduction", "none") == "none", let places = try table(1, of: call),
      let updates = try table(2, of: call), let depth = places.shape.last, depth > 0,
      depth <= data.shape.count
    else { return nil }
    let size = data.shape[depth...].reduce(1, *)
    guard updates.count == places.count / depth * size else { throw call.invalid("updates") }
    var result = data
    for row in 0..<places.count / depth {
      let start = try position(row, depth, of: places, in: data.shape, call)
      for offset in 0..<size {
        result.values[start * size + offset] = updates.values[row * size + offset]
      }
    }
    return result
  }
}

extension Graph {
  /// The most elements of a constant that is computed.
  fileprivate static let largestConstant = 1 << 25
}
