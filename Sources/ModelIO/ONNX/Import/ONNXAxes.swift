/// The axes of a value in ONNX, each made of parts of the graph's axes.
///
/// Reshaping and transposing change the axes alone; the elements move when an operator needs them in
/// another order.
struct ONNXAxes: Equatable {
  /// Stands for the batch axis among the parts of an axis.
  static let batch = -1

  /// The extents of the parts, in the graph's order.
  var parts: [Int]
  /// For each axis in ONNX, the batch axis included, its parts from the outermost: positions in
  /// ``parts``, or ``batch``.
  var axes: [[Int]]

  /// All parts but the batch, in ONNX's order.
  var order: [Int] { axes.flatMap { $0 }.filter { $0 != Self.batch } }

  /// Returns the product of the extents of an axis's parts, the batch left out.
  func extent(_ axis: Int) -> Int {
    axes[axis].reduce(1) { $1 == Self.batch ? $0 : $0 * parts[$1] }
  }

  /// Whether the first axis is that of the batch, and no other has it.
  var isBatchFirst: Bool {
    guard let first = axes.first, first.allSatisfy({ $0 == Self.batch }) else { return false }
    return !axes.dropFirst().contains { $0.contains(Self.batch) }
  }

  /// The same axes without parts of extent 1.
  var withoutUnits: ONNXAxes {
    var places: [Int: Int] = [Self.batch: Self.batch]
    var kept: [Int] = []
    for (part, extent) in parts.enumerated() where extent != 1 {
      places[part] = kept.count
      kept.append(extent)
    }
    return ONNXAxes(parts: kept, axes: axes.map { axis in axis.compactMap { places[$0] } })
  }

  /// Divides a part in two.
  ///
  /// - Parameter outer: The extent of the first of the two.
  mutating func divide(_ part: Int, outer: Int) {
    parts.replaceSubrange(part...part, with: [outer, parts[part] / outer])
    axes = axes.map { axis in
      axis.flatMap { $0 == part ? [part, part + 1] : [$0 > part ? $0 + 1 : $0] }
    }
  }

  /// Joins adjacent parts of one axis into one.
  mutating func join(_ range: Range<Int>) {
    guard range.count > 1 else { return }
    let extent = parts[range].reduce(1, *)
    parts.replaceSubrange(range, with: [extent])
    axes = axes.map { axis in
      axis.compactMap { part in
        if part <= range.lowerBound { return part }
        return range.contains(part) ? nil : part - range.count + 1
      }
    }
  }

  /// The parts of an axis as a range in the graph's order; nil if they are not adjacent there.
  func range(of axis: Int) -> Range<Int>? {
    let list = axes[axis]
    guard let first = list.first, first != Self.batch, list == Array(first..<first + list.count)
    else { return nil }
    return first..<first + list.count
  }
}
