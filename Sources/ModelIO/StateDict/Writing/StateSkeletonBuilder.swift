/// Takes from a pickle what can be written again.
///
/// A part of a dictionary that cannot be, for example an object of a class, is left out; a list or
/// tuple with such a part is left out as a whole.
struct StateSkeletonBuilder {
  private let machine: PickleMachine
  /// Returns the number of the tensor that a value of the pickle is; nil if it is not in the file.
  private let number: (_ value: Int) -> Int?
  private(set) var nodes: [StateSkeleton.Node] = []
  /// The keys that lead to the first parts that are left out, separated by dots.
  private(set) var omitted: [String] = []
  /// The node of each value so far; nil for those that are left out.
  private var known: [Int: Int?] = [:]
  private var textLeft = StateSkeleton.maximumText

  private static let maximumOmitted = 1 << 10

  init(_ machine: PickleMachine, number: @escaping (_ value: Int) -> Int?) {
    self.machine = machine
    self.number = number
  }

  /// Whether a value was added.
  func holds(_ value: Int) -> Bool { known[value].flatMap { $0 } != nil }

  /// Adds a value after all that is within it.
  ///
  /// - Parameters:
  ///   - path: The keys that lead to it.
  ///   - depth: The number of containers around it.
  /// - Returns: The index of its node; nil if it is left out.
  @discardableResult
  mutating func add(_ value: Int, at path: [String] = [], depth: Int = 0) -> Int? {
    if let index = known[value] { return index }
    // A value within itself is left out there.
    known[value] = .some(nil)
    let count = omitted.count
    guard depth <= StateSkeleton.maximumDepth, let node = node(value, path, depth),
      nodes.count < StateSkeleton.maximumNodes
    else {
      // The whole is named instead of its parts.
      omitted.removeLast(omitted.count - count)
      return nil
    }
    nodes.append(node)
    known[value] = nodes.count - 1
    return nodes.count - 1
  }

  private mutating func node(
    _ value: Int, _ path: [String], _ depth: Int
  ) -> StateSkeleton.Node? {
    switch machine.values[value] {
    case .none: return StateSkeleton.Node.none
    case .boolean(let flag): return .boolean(flag)
    case .integer(let integer): return .integer(integer)
    case .fraction(let number): return .fraction(number.bitPattern)
    case .text(let range): return text(value, range)
    case .tuple(let items): return list(items, path, depth).map { .tuple($0) }
    case .list(let index): return list(machine.contents[index], path, depth).map { .list($0) }
    case .dictionary(let index): return dictionary(index, path, depth)
    case .tensor: return number(value).map { .tensor($0) }
    case .opaque, .name, .object, .foreign, .storage: return nil
    }
  }

  private mutating func text(_ value: Int, _ range: Range<Int>) -> StateSkeleton.Node? {
    guard range.count <= textLeft, !machine.binaries.contains(value),
      let text = String(validating: machine.bytes[range], as: UTF8.self)
    else { return nil }
    textLeft -= range.count
    return .text(text)
  }

  private mutating func list(_ values: [Int], _ path: [String], _ depth: Int) -> [Int]? {
    var result: [Int] = []
    for value in values {
      guard let index = add(value, at: path, depth: depth + 1) else { return nil }
      result.append(index)
    }
    return result
  }

  private mutating func dictionary(
    _ index: Int, _ path: [String], _ depth: Int
  ) -> StateSkeleton.Node? {
    let items = machine.contents[index]
    var result: [Int] = []
    for place in stride(from: 0, to: items.count, by: 2) {
      let path = path + [title(items[place])]
      guard isKey(items[place]), let key = add(items[place], at: path, depth: depth + 1),
        let value = add(items[place + 1], at: path, depth: depth + 1)
      else {
        if omitted.count < Self.maximumOmitted {
          omitted.append(abbreviated(path.joined(separator: ".")))
        }
        continue
      }
      result += [key, value]
    }
    if result.isEmpty, !items.isEmpty { return nil }
    let isOrdered = machine.ordered.contains(index)
    let count = omitted.count
    let attributes =
      isOrdered ? machine.attributes[index].flatMap { add($0, at: path, depth: depth + 1) } : nil
    // They are the versions of layers.
    omitted.removeLast(omitted.count - count)
    return .dictionary(result, isOrdered: isOrdered, attributes: attributes)
  }

  private func title(_ key: Int) -> String {
    if case .integer(let number) = machine.values[key] { return "\(number)" }
    return machine.text(key).map { abbreviated($0.visible) } ?? "?"
  }

  private func isKey(_ value: Int) -> Bool {
    switch machine.values[value] {
    case .none, .boolean, .integer, .fraction, .text: true
    case .opaque, .name, .object, .foreign, .tuple, .list, .dictionary, .storage, .tensor: false
    }
  }
}
