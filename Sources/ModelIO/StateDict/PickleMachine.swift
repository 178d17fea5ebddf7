/// Reads a pickle that `torch.save` wrote (protocol 2), without running anything.
///
/// It knows the instructions of state dicts only, and names instead of callables. Values lie in one
/// array and refer to each other by index, so that nothing nests or is copied, however often the
/// pickle refers to it.
struct PickleMachine {
  /// The bytes with the pickle.
  let bytes: [UInt8]
  /// The place of the next instruction.
  private(set) var place: Int
  private(set) var values: [PickleValue] = []
  private var stack: [Int] = []
  /// The heights of the stack at the marks.
  private var marks: [Int] = []
  private var memo: [Int: Int] = [:]
  /// The number of steps and references that are left.
  private var left = PickleMachine.maximumSteps
  private var tensorsLeft = PickleMachine.maximumTensors

  /// The largest size of a pickle in bytes; that of a network with 1,000 weights has 100 KiB.
  static let maximumSize = 64 << 20
  static let maximumSteps = 1 << 22
  static let maximumTensors = 1 << 16
  static let maximumNameLength = 1 << 12

  init(_ bytes: [UInt8], at place: Int = 0) {
    self.bytes = bytes
    self.place = place
  }

  /// Reads the pickle; the next place is then that behind it.
  ///
  /// - Returns: The index of its value.
  /// - Throws: ``StateRefusal`` if it is damaged, or has anything that a state dict does not need.
  mutating func run() throws(StateRefusal) -> Int {
    while true {
      try use(1)
      let opcode = try byte()
      if opcode == UInt8(ascii: ".") {
        guard stack.count == 1, marks.isEmpty else { throw damaged }
        return stack[0]
      }
      try step(opcode)
    }
  }

  /// The error of a pickle that is damaged here.
  var damaged: StateRefusal {
    StateRefusal(
      .pickleDamaged, "has a damaged pickle: unreadable at byte \(place); copy it again")
  }

  private mutating func step(_ opcode: UInt8) throws(StateRefusal) {
    switch opcode {
    case 0x80:  // PROTO
      guard try byte() == 2 else {
        throw StateRefusal(
          .pickleOpcode, "has a pickle of another protocol than 2, that of torch.save; save it "
            + "again without 'pickle_protocol'")
      }
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "}"): push(.dictionary([]))
    case UInt8(ascii: "]"): push(.list([]))
    case UInt8(ascii: ")"): push(.tuple([]))
    case UInt8(ascii: "t"): push(.tuple(try popToMark()))
    case 0x85...0x87:  // TUPLE1 to TUPLE3
      var items: [Int] = []
      for _ in 0..<Int(opcode - 0x84) { items.append(try pop()) }
      push(.tuple(items.reversed()))
    case UInt8(ascii: "q"): try memorize(Int(try byte()))
    case UInt8(ascii: "r"): try memorize(try number(4))
    case UInt8(ascii: "h"): try recall(Int(try byte()))
    case UInt8(ascii: "j"): try recall(try number(4))
    case UInt8(ascii: "X"): push(.text(try take(try number(4))))
    case UInt8(ascii: "U"): push(.text(try take(Int(try byte()))))
    case UInt8(ascii: "J"):
      push(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
    case UInt8(ascii: "K"): push(.integer(Int(try byte())))
    case UInt8(ascii: "M"): push(.integer(try number(2)))
    case 0x8A: push(long(try take(Int(try byte()))))  // LONG1
    case UInt8(ascii: "G"):
      _ = try take(8)
      push(.opaque)
    case 0x88: push(.boolean(true))
    case 0x89: push(.boolean(false))
    case UInt8(ascii: "N"): push(.none)
    case UInt8(ascii: "c"): try global()
    case UInt8(ascii: "Q"): try reference()
    case UInt8(ascii: "R"): try call()
    case UInt8(ascii: "b"): try build()
    case UInt8(ascii: "s"):
      let value = try pop()
      let key = try pop()
      try add([key, value], toDictionary: true)
    case UInt8(ascii: "u"): try add(try popToMark(), toDictionary: true)
    case UInt8(ascii: "a"): try add([try pop()], toDictionary: false)
    case UInt8(ascii: "e"): try add(try popToMark(), toDictionary: false)
    default:
      throw StateRefusal(
        .pickleOpcode,
        "has a pickle with the instruction \(Self.name(of: opcode)), which torch.save does not "
          + "write for weights; save model.state_dict()")
    }
  }

  private static func name(of opcode: UInt8) -> String {
    let names: [UInt8: String] = [
      0x81: "NEWOBJ", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x92: "NEWOBJ_EX",
      0x93: "STACK_GLOBAL", 0x94: "MEMOIZE", 0x95: "FRAME", 0x8C: "SHORT_BINUNICODE",
      UInt8(ascii: "i"): "INST", UInt8(ascii: "o"): "OBJ", UInt8(ascii: "P"): "PERSID",
      UInt8(ascii: "0"): "POP", UInt8(ascii: "2"): "DUP", UInt8(ascii: "g"): "GET",
      UInt8(ascii: "p"): "PUT",
    ]
    return names[opcode] ?? "\(opcode)"
  }

  // MARK: Bytes

  private mutating func byte() throws(StateRefusal) -> UInt8 {
    guard place < bytes.count else { throw damaged }
    defer { place += 1 }
    return bytes[place]
  }

  private mutating func take(_ count: Int) throws(StateRefusal) -> Range<Int> {
    guard count <= bytes.count - place else { throw damaged }
    defer { place += count }
    return place..<place + count
  }

  private mutating func number(_ size: Int) throws(StateRefusal) -> Int {
    bytes[try take(size)].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  private func long(_ range: Range<Int>) -> PickleValue {
    guard range.count <= 8 else { return .opaque }
    var value = bytes[range].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if let last = bytes[range].last, last >= 0x80, range.count < 8 {
      value |= UInt64.max << UInt64(8 * range.count)
    }
    return .integer(Int(Int64(bitPattern: value)))
  }

  private mutating func line() throws(StateRefusal) -> String {
    let rest = bytes[place...].prefix(Self.maximumNameLength)
    guard let end = rest.firstIndex(of: 0x0A) else { throw damaged }
    defer { place = end + 1 }
    return String(decoding: bytes[place..<end], as: UTF8.self)
  }

  /// Returns a text; nil for another value, or one that is too long for a name.
  func text(_ index: Int) -> String? {
    guard case .text(let range) = values[index], range.count <= Self.maximumNameLength else {
      return nil
    }
    return String(decoding: bytes[range], as: UTF8.self)
  }

  // MARK: Stack

  private mutating func use(_ count: Int) throws(StateRefusal) {
    guard count <= left else {
      throw StateRefusal(.pickleSize, "has a pickle with more parts than that of any network")
    }
    left -= count
  }

  private mutating func push(_ value: PickleValue) {
    stack.append(values.count)
    values.append(value)
  }

  private mutating func pop() throws(StateRefusal) -> Int {
    guard stack.count > marks.last ?? 0 else { throw damaged }
    return stack.removeLast()
  }

  private mutating func popToMark() throws(StateRefusal) -> [Int] {
    guard let mark = marks.popLast() else { throw damaged }
    defer { stack.removeLast(stack.count - mark) }
    return Array(stack[mark...])
  }

  private func top() throws(StateRefusal) -> Int {
    guard stack.count > marks.last ?? 0 else { throw damaged }
    return stack[stack.count - 1]
  }

  private mutating func memorize(_ key: Int) throws(StateRefusal) { memo[key] = try top() }

  private mutating func recall(_ key: Int) throws(StateRefusal) {
    guard let index = memo[key] else { throw damaged }
    stack.append(index)
  }

  private mutating func add(_ items: [Int], toDictionary: Bool) throws(StateRefusal) {
    let target = try top()
    switch (values[target], toDictionary) {
    case (.list(var all), false):
      // The only owner of the array appends to it.
      values[target] = .none
      all += items
      values[target] = .list(all)
    case (.dictionary(var all), true) where items.count.isMultiple(of: 2):
      values[target] = .none
      all += items
      values[target] = .dictionary(all)
    default: throw damaged
    }
  }

  // MARK: Names and calls

  private mutating func global() throws(StateRefusal) {
    let (module, name) = (try line(), try line())
    guard let known = PickleName(module: module, name: name) else {
      let title = abbreviated("\(module).\(name)".visible)
      throw StateRefusal(
        .pickleGlobal, at: title,
        "names '\(title)', so that it holds more than weights; save model.state_dict() with "
          + "torch.save")
    }
    push(.name(known))
  }

  private func tuple(_ index: Int) throws(StateRefusal) -> [Int] {
    guard case .tuple(let items) = values[index] else { throw badCall }
    return items
  }

  private var badCall: StateRefusal {
    StateRefusal(
      .pickleCall,
      "has a pickle that calls something in another way than torch.save (at byte \(place)); save "
        + "model.state_dict() again")
  }

  private mutating func reference() throws(StateRefusal) {
    let items = try tuple(try pop())
    guard items.count == 5 || items.count == 6, text(items[0]) == "storage",
      case .name(.storage(let type)) = values[items[1]], let key = text(items[2]),
      case .integer(let count) = values[items[4]], count >= 0
    else { throw badCall }
    // A view of another storage, which versions before 0.4 wrote.
    if items.count == 6, case .none = values[items[5]] {} else if items.count == 6 { throw badCall }
    push(.storage(PickleStorage(type: type, key: key, count: count)))
  }

  private mutating func call() throws(StateRefusal) {
    let arguments = try tuple(try pop())
    guard case .name(let name) = values[try pop()] else { throw badCall }
    switch name {
    case .orderedDictionary: push(.dictionary(try pairs(arguments)))
    case .rebuildTensor: push(.tensor(try tensor(arguments)))
    case .rebuildParameter:
      guard let first = arguments.first, case .tensor = values[first] else { throw badCall }
      stack.append(first)
    case .size:
      guard arguments.count == 1, case .tuple = values[arguments[0]] else { throw badCall }
      stack.append(arguments[0])
    case .inert: push(.opaque)
    case .storage: throw badCall
    }
  }

  private mutating func build() throws(StateRefusal) {
    // The state says nothing about weights: it is the versions of layers.
    _ = try pop()
    switch values[try top()] {
    case .dictionary, .opaque: break
    default: throw badCall
    }
  }

  /// Returns the keys and values that an ordered dictionary is made with, as Python 2 does.
  private mutating func pairs(_ arguments: [Int]) throws(StateRefusal) -> [Int] {
    if arguments.isEmpty { return [] }
    guard arguments.count == 1, case .list(let items) = values[arguments[0]] else { throw badCall }
    try use(2 * items.count)
    var result: [Int] = []
    for item in items {
      switch values[item] {
      case .list(let pair) where pair.count == 2, .tuple(let pair) where pair.count == 2:
        result += pair
      default: throw badCall
      }
    }
    return result
  }

  private mutating func tensor(_ arguments: [Int]) throws(StateRefusal) -> PickleTensor {
    guard (4...7).contains(arguments.count), case .storage(let storage) = values[arguments[0]],
      case .integer(let offset) = values[arguments[1]]
    else { throw badCall }
    let (shape, strides) = (try integers(arguments[2]), try integers(arguments[3]))
    guard offset >= 0, shape.count == strides.count else { throw badCall }
    tensorsLeft -= 1
    guard tensorsLeft >= 0 else {
      throw StateRefusal(.pickleSize, "has more than \(Self.maximumTensors) tensors")
    }
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
