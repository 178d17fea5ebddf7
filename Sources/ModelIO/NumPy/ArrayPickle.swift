/// Finds the arrays and lists of numbers in a pickle of a dictionary, such as a batch of CIFAR for
/// Python, without running anything.
struct ArrayPickle {
  private let machine: PickleMachine
  private var integersLeft = PickledArrays.Catalogue.maximumIntegers

  /// The largest size of a pickle in bytes; that of CIFAR-100 has 155 MB.
  static let maximumSize = 512 << 20

  /// Returns what a pickle holds, or why it is not read.
  static func catalogue(of bytes: [UInt8]) -> PickledArrays.Catalogue {
    var machine = PickleMachine(bytes)
    var result = PickledArrays.Catalogue()
    do throws(StateRefusal) {
      let root = try machine.run()
      // What torch.save would not write is usual in other pickles.
      if let finding = machine.findings.first(where: { $0.rule != .pickleOpcode }) {
        result.refusal = "is a Python pickle that names '\(finding.location)', and is not read"
        return result
      }
      guard case .dictionary(let items) = machine.values[root] else {
        result.refusal = "is a Python pickle, but not of a dictionary with arrays of numbers"
        return result
      }
      var pickle = ArrayPickle(machine: machine)
      pickle.take(items, into: &result)
    } catch {
      result.refusal =
        error.finding.rule == .pickleOpcode
        ? "is a Python pickle with more than arrays of numbers, and is not read"
        : "is a damaged Python pickle; copy it again"
    }
    return result
  }

  private init(machine: PickleMachine) { self.machine = machine }

  private mutating func take(_ dictionary: Int, into result: inout PickledArrays.Catalogue) {
    let items = machine.contents[dictionary]
    var places: [String: Int] = [:]
    for place in stride(from: 0, to: items.count, by: 2) {
      guard let name = machine.text(items[place]), !name.isEmpty else { continue }
      guard let content = content(items[place + 1]) else {
        if isPacked(items[place + 1]) {
          result.refusal = "is a Python pickle whose arrays are written as text, and is not read"
          result.entries = []
          return
        }
        if result.others.count < PickledArrays.Catalogue.maximumEntries {
          result.others.append(name)
        }
        continue
      }
      // The last of equal keys counts, as in Python.
      if let index = places[name] {
        result.entries[index].content = content
      } else if result.entries.count < PickledArrays.Catalogue.maximumEntries {
        places[name] = result.entries.count
        result.entries.append(.init(name: name, content: content))
      }
    }
  }

  /// Returns the elements of an array or a list; nil for another value.
  private mutating func content(_ index: Int) -> PickledArrays.Catalogue.Content? {
    switch machine.values[index] {
    case .list(let list): integers(machine.contents[list])
    case .object(.reconstruct, _), .object(.fromBuffer, _): parts(index).flatMap(stored)
    default: nil
    }
  }

  private mutating func integers(_ items: [Int]) -> PickledArrays.Catalogue.Content? {
    guard items.count <= integersLeft else { return nil }
    integersLeft -= items.count
    var values: [Int32] = []
    values.reserveCapacity(items.count)
    for item in items {
      guard case .integer(let value) = machine.values[item], let value = Int32(exactly: value)
      else { return nil }
      values.append(value)
    }
    return .integers(values)
  }

  /// What an array is made of: the indices of shape, type, order and elements.
  private typealias Parts = (shape: Int, type: Int, order: Int, elements: Int)

  private func parts(_ index: Int) -> Parts? {
    guard case .object(let name, let object) = machine.values[index] else { return nil }
    let contents = machine.contents[object]
    switch name {
    case .reconstruct:
      // The state: version, shape, type, order, elements.
      guard contents.count == 2, let state = tuple(contents[1]), state.count == 5 else {
        return nil
      }
      return (state[1], state[2], state[3], state[4])
    case .fromBuffer:
      guard contents.count == 1, let items = tuple(contents[0]), items.count == 4 else {
        return nil
      }
      return (items[2], items[1], items[3], items[0])
    default: return nil
    }
  }

  /// Whether a value is an array of numbers whose elements are not in the file as they are.
  private func isPacked(_ index: Int) -> Bool {
    guard let parts = parts(index), typeName(parts.type).flatMap({ NumpyType($0) }) != nil,
      case .object(.encode, _) = machine.values[parts.elements]
    else { return false }
    return true
  }

  private func stored(_ parts: Parts) -> PickledArrays.Catalogue.Content? {
    guard let extents = tuple(parts.shape),
      extents.count <= PickledArrays.Catalogue.maximumRank, let name = typeName(parts.type),
      let type = NumpyType(name), let isFortran = isFortran(parts.order),
      case .text(let elements) = machine.values[parts.elements]
    else { return nil }
    var shape: [Int] = []
    for extent in extents {
      guard case .integer(let extent) = machine.values[extent], extent >= 0 else { return nil }
      shape.append(extent)
    }
    guard
      HDF5DatasetInfo.byteCount(shape.map { UInt64($0) }, UInt64(type.size)) == elements.count
    else { return nil }
    return .stored(type: name, shape: shape, isFortran: isFortran, offset: elements.lowerBound)
  }

  private func isFortran(_ index: Int) -> Bool? {
    switch machine.values[index] {
    case .boolean(let isFortran): isFortran
    case .text: machine.text(index).flatMap { ["C": false, "F": true][$0] }
    default: nil
    }
  }

  /// Returns an element type as NumPy writes it, such as `<i8`.
  private func typeName(_ index: Int) -> String? {
    guard case .object(.elementType, let object) = machine.values[index] else { return nil }
    let parts = machine.contents[object]
    guard parts.count == 2, let arguments = tuple(parts[0]), let first = arguments.first,
      let name = machine.text(first), let state = tuple(parts[1]), state.count > 1,
      let order = machine.text(state[1])
    else { return nil }
    return order + name
  }

  private func tuple(_ index: Int) -> [Int]? {
    guard case .tuple(let items) = machine.values[index] else { return nil }
    return items
  }
}
