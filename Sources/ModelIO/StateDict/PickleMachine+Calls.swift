/// What the known names do with their arguments.
extension PickleMachine {
  /// Pushes the result of a call of a name; that of all others is a finding and an opaque value.
  ///
  /// - Parameter isNew: Whether the instruction is NEWOBJ, which makes an object of a class.
  mutating func call(_ name: Int, _ arguments: Int, isNew: Bool) throws(StateRefusal) {
    switch values[name] {
    case .foreign(let index):
      reportCall(of: index)
      push(.opaque)
    case .name(.inert): push(.opaque)
    case .name(let known) where known.keepsArguments: push(object: known, arguments)
    case .name(let known):
      let arguments = try tuple(arguments)
      switch known {
      case .orderedDictionary: push(dictionary: try pairs(arguments), isOrdered: true)
      case .rebuildTensor where !isNew: push(.tensor(try tensor(arguments)))
      case .rebuildParameter where !isNew:
        guard let first = arguments.first, case .tensor = values[first] else { throw badCall }
        push(at: first)
      case .size:
        guard arguments.count == 1, case .tuple = values[arguments[0]] else { throw badCall }
        push(at: arguments[0])
      default: throw badCall
      }
    default:
      reportCall(of: nil)
      push(.opaque)
    }
  }

  private func tuple(_ index: Int) throws(StateRefusal) -> [Int] {
    guard case .tuple(let items) = values[index] else { throw badCall }
    return items
  }

  /// Returns the storage that a persistent identifier names.
  mutating func reference(to index: Int) throws(StateRefusal) -> PickleStorage {
    let items = try tuple(index)
    guard items.count == 5 || items.count == 6, text(items[0]) == "storage",
      case .name(.storage(let type)) = values[items[1]], case .text(let key) = values[items[2]],
      case .integer(let count) = values[items[4]], count >= 0
    else { throw badCall }
    // The sixth would be a view of a storage, which versions before 0.4 wrote.
    if items.count == 6, case .none = values[items[5]] {} else if items.count == 6 { throw badCall }
    return PickleStorage(type: type, key: key, count: count)
  }

  /// Returns the keys and values that an ordered dictionary is made with, as Python 2 does.
  private mutating func pairs(_ arguments: [Int]) throws(StateRefusal) -> [Int] {
    if arguments.isEmpty { return [] }
    guard arguments.count == 1, case .list(let list) = values[arguments[0]] else { throw badCall }
    // The pickle may refer to one list many times.
    try use(contents[list].count)
    var result: [Int] = []
    for item in contents[list] {
      let pair: [Int]
      switch values[item] {
      case .list(let index): pair = contents[index]
      case .tuple(let items): pair = items
      default: throw badCall
      }
      guard pair.count == 2 else { throw badCall }
      result += pair
    }
    return result
  }

  private mutating func tensor(_ arguments: [Int]) throws(StateRefusal) -> PickleTensor {
    guard (4...7).contains(arguments.count), case .storage(let storage) = values[arguments[0]],
      case .integer(let offset) = values[arguments[1]]
    else { throw badCall }
    let (shape, strides) = (try integers(arguments[2]), try integers(arguments[3]))
    guard offset >= 0, shape.count == strides.count else { throw badCall }
    try useTensor()
    return PickleTensor(storage: storage, offset: offset, shape: shape, strides: strides)
  }

  private func integers(_ index: Int) throws(StateRefusal) -> [Int] {
    let items = try tuple(index)
    guard items.count <= StateTensor.maximumRank else { throw badCall }
    var result: [Int] = []
    for item in items {
      guard case .integer(let value) = values[item], value >= 0 else { throw badCall }
      result.append(value)
    }
    return result
  }
}
