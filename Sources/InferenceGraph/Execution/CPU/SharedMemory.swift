/// Memory that values share if they are not alive together.
///
/// Values are placed by decreasing size, each in the smallest gap that holds it: "greedy by size
/// for offset calculation" of Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
/// Inference" (2020, arXiv:2001.03288).
struct SharedMemory: Sendable {
  /// A value in the memory.
  struct Value: Sendable {
    let shape: [Int]
    /// The border of zeros around the value.
    let border: Border
    /// The first and the last node that need the value; -1 for a value stored before the first.
    let lifetime: ClosedRange<Int>
    /// Floats from the start of the memory to the border.
    fileprivate(set) var start = 0

    /// The number of floats, with the border.
    var size: Int { BufferView.size(of: shape, border) }
    var range: Range<Int> { start..<start + size }

    /// Whether two values leave each other's border as it is: zeros.
    fileprivate func sharesBorder(with other: Value) -> Bool {
      start == other.start && border == other.border
        && BufferView.extents(of: shape) == BufferView.extents(of: other.shape)
    }
  }

  private(set) var values: [Value] = []
  /// The number of floats in all.
  private(set) var size = 0

  /// Adds a value and returns its position in ``values``.
  mutating func add(_ shape: [Int], _ border: Border, lifetime: ClosedRange<Int>) -> Int {
    values.append(Value(shape: shape, border: border, lifetime: lifetime))
    return values.count - 1
  }

  /// Places all values. Equal requests give equal places.
  mutating func place() {
    let order = values.indices.sorted { (-values[$0].size, $0) < (-values[$1].size, $1) }
    var placed: [Int] = []  // by start
    for index in order {
      let value = values[index]
      var end = 0
      var best: (start: Int, room: Int)?
      for other in placed where values[other].lifetime.overlaps(value.lifetime) {
        let range = values[other].range
        let room = range.lowerBound - end
        if room >= value.size, room < best?.room ?? .max { best = (end, room) }
        end = max(end, range.upperBound)
      }
      let start = best?.start ?? end
      values[index].start = start
      size = max(size, start + value.size)
      let position = placed.firstIndex { values[$0].start > start } ?? placed.count
      placed.insert(index, at: position)
    }
  }

  /// Returns, by value, whether another value overwrites its border.
  func overwrittenBorders() -> [Bool] {
    values.map { value in
      value.border != Border()
        && values.contains { $0.range.overlaps(value.range) && !$0.sharesBorder(with: value) }
    }
  }
}
