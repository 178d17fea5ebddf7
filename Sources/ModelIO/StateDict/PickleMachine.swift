/// Reads a pickle of `torch.save`, or of arrays of NumPy, without running anything.
///
/// It knows the instructions of state dicts, and names instead of callables. Values lie in one array
/// and refer to each other by index, so that nothing nests or is copied, however often the pickle
/// refers to it. Time and memory are linear in the pickle's size.
struct PickleMachine {
  /// The bytes with the pickle.
  let bytes: [UInt8]
  /// The place of the next instruction.
  private(set) var place: Int
  var values: [PickleValue] = []
  /// What the lists hold, the keys and values of the dictionaries in turn, and what objects are made
  /// of.
  private(set) var contents: [[Int]] = []
  /// The dictionaries that keep the order of their keys, by the index of their ``contents``.
  private(set) var ordered: Set<Int> = []
  /// The attributes of dictionaries, by the index of their ``contents``.
  private(set) var attributes: [Int: Int] = [:]
  /// The texts that are bytes in Python.
  private(set) var binaries: Set<Int> = []
  /// What weights do not need, in the order of the pickle; at most ``maximumFindings``.
  private(set) var findings: [Finding] = []
  /// The names of classes and functions that weights do not need.
  private(set) var foreign: [String] = []
  /// Whether the pickle ended where the bytes end.
  private(set) var isShort = false
  /// The place of the instruction that is being read.
  private var start = 0
  private var stack: [Int] = []
  /// The heights of the stack at the marks.
  private var marks: [Int] = []
  private var memo: [Int: Int] = [:]
  private var stepsLeft = PickleMachine.maximumSteps
  private var tensorsLeft = PickleMachine.maximumTensors

  /// The largest size of a pickle in bytes; that of a network with 1,000 weights has 100 KiB.
  static let maximumSize = 64 << 20
  /// The largest number of instructions, and of references that one may make.
  static let maximumSteps = 1 << 22
  static let maximumTensors = 1 << 16
  static let maximumNameLength = 1 << 10
  static let maximumFindings = 100

  init(_ bytes: [UInt8], at place: Int = 0) {
    self.bytes = bytes
    self.place = place
  }

  /// Reads the pickle; the next place is then that behind it.
  ///
  /// - Returns: The index of its value.
  /// - Throws: ``StateRefusal`` if it is damaged, or has an instruction that is not known.
  mutating func run() throws(StateRefusal) -> Int {
    while true {
      try use(1)
      start = place
      let opcode = try byte()
      if opcode == UInt8(ascii: ".") {
        guard stack.count == 1, marks.isEmpty else { throw damaged }
        return stack.removeLast()
      }
      try step(opcode)
    }
  }

  /// The error of a pickle that is damaged at the present instruction.
  var damaged: StateRefusal {
    StateRefusal(
      .pickleDamaged, "has a damaged pickle: unreadable at byte \(start); copy the file again")
  }

  private mutating func step(_ opcode: UInt8) throws(StateRefusal) {
    switch opcode {
    case 0x80:  // PROTO
      guard try byte() <= 5 else { throw damaged }
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "}"): push(dictionary: [])
    case UInt8(ascii: "]"):
      push(.list(contents.count))
      contents.append([])
    case UInt8(ascii: ")"): push(.tuple([]))
    case UInt8(ascii: "t"): push(.tuple(try popToMark()))
    case 0x85...0x87:  // TUPLE1 to TUPLE3
      var items: [Int] = []
      for _ in 0..<Int(opcode - 0x84) { items.append(try pop()) }
      push(.tuple(items.reversed()))
    case UInt8(ascii: "q"): memo[Int(try byte())] = try top()
    case UInt8(ascii: "r"): memo[try number(4)] = try top()
    case UInt8(ascii: "h"): try recall(Int(try byte()))
    case UInt8(ascii: "j"): try recall(try number(4))
    case UInt8(ascii: "X"): push(.text(try take(try number(4))))
    case UInt8(ascii: "T"): push(.text(try take(try number(4))))
    case UInt8(ascii: "U"): push(.text(try take(Int(try byte()))))
    case UInt8(ascii: "J"): push(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
    case UInt8(ascii: "K"): push(.integer(Int(try byte())))
    case UInt8(ascii: "M"): push(.integer(try number(2)))
    case 0x8A: push(long(try take(Int(try byte()))))  // LONG1
    case UInt8(ascii: "G"):
      let bits = bytes[try take(8)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      push(.fraction(Double(bitPattern: bits)))
    case 0x88: push(.boolean(true))
    case 0x89: push(.boolean(false))
    case UInt8(ascii: "N"): push(.none)
    case UInt8(ascii: "c"):
      let (module, name) = (try line(), try line())
      try push(module: module, name: name)
    case UInt8(ascii: "Q"): push(.storage(try reference(to: try pop())))
    case UInt8(ascii: "R"), 0x81:  // REDUCE, NEWOBJ
      let arguments = try pop()
      try call(try pop(), arguments, isNew: opcode == 0x81)
    case UInt8(ascii: "b"): try build()
    case UInt8(ascii: "s"):
      let value = try pop()
      let key = try pop()
      try add([key, value], toDictionary: true)
    case UInt8(ascii: "u"): try add(try popToMark(), toDictionary: true)
    case UInt8(ascii: "a"): try add([try pop()], toDictionary: false)
    case UInt8(ascii: "e"): try add(try popToMark(), toDictionary: false)
    default: try foreignStep(opcode)
    }
  }

  /// Runs an instruction that torch.save does not write for weights, as far as it tells what would
  /// be called.
  private mutating func foreignStep(_ opcode: UInt8) throws(StateRefusal) {
    let title = Self.titles[opcode] ?? "number \(opcode)"
    let finding = Finding(
      .pickleOpcode, at: "byte \(start)",
      "has a pickle with the instruction \(title) at byte \(start), which torch.save does not write "
        + "for weights; save model.state_dict() with torch.save")
    switch opcode {
    case 0x8C: push(.text(try take(Int(try byte()))))
    case UInt8(ascii: "C"): push(binary: try take(Int(try byte())))
    case UInt8(ascii: "B"): push(binary: try take(try number(4)))
    case 0x8D, 0x8E, 0x96:
      let (low, high) = (try number(4), try number(4))
      guard high == 0 else { throw damaged }
      let range = try take(low)
      if opcode == 0x8D { push(.text(range)) } else { push(binary: range) }
    case 0x94: memo[memo.count] = try top()
    case 0x95: _ = try take(8)
    case 0x93:
      let (name, module) = (try pop(), try pop())
      try push(module: text(module) ?? "?", name: text(name) ?? "?")
    default: throw StateRefusal(finding)
    }
    let isKnown = findings.contains { $0.rule == .pickleOpcode }
    if !isKnown { report(finding) }
  }

  private static let titles: [UInt8: String] = [
    0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x92: "NEWOBJ_EX", 0x93: "STACK_GLOBAL",
    0x94: "MEMOIZE", 0x95: "FRAME", 0x8C: "SHORT_BINUNICODE", 0x8D: "BINUNICODE8",
    0x8E: "BINBYTES8", 0x8F: "EMPTY_SET", 0x90: "ADDITEMS", 0x91: "FROZENSET", 0x96: "BYTEARRAY8",
    0x8B: "LONG4",
    UInt8(ascii: "B"): "BINBYTES", UInt8(ascii: "C"): "SHORT_BINBYTES", UInt8(ascii: "I"): "INT",
    UInt8(ascii: "S"): "STRING", UInt8(ascii: "V"): "UNICODE", UInt8(ascii: "L"): "LONG",
    UInt8(ascii: "F"): "FLOAT", UInt8(ascii: "i"): "INST", UInt8(ascii: "o"): "OBJ",
    UInt8(ascii: "P"): "PERSID", UInt8(ascii: "0"): "POP", UInt8(ascii: "1"): "POP_MARK",
    UInt8(ascii: "2"): "DUP", UInt8(ascii: "g"): "GET", UInt8(ascii: "p"): "PUT",
    UInt8(ascii: "d"): "DICT", UInt8(ascii: "l"): "LIST",
  ]

  mutating func report(_ finding: Finding) {
    if findings.count < Self.maximumFindings { findings.append(finding) }
  }

  // MARK: Bytes

  private mutating func byte() throws(StateRefusal) -> UInt8 { bytes[try take(1).lowerBound] }

  private mutating func take(_ count: Int) throws(StateRefusal) -> Range<Int> {
    guard count <= bytes.count - place else {
      isShort = true
      throw damaged
    }
    place += count
    return place - count..<place
  }

  /// Reads a number of at most 4 bytes.
  private mutating func number(_ size: Int) throws(StateRefusal) -> Int {
    let range = try take(size)
    return bytes[range].reversed().reduce(0) { $0 << 8 | Int($1) }
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
    guard let end = rest.firstIndex(of: 0x0A) else {
      isShort = rest.count < Self.maximumNameLength
      throw damaged
    }
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

  mutating func use(_ count: Int) throws(StateRefusal) {
    guard count <= stepsLeft else {
      throw StateRefusal(
        .pickleSize,
        "has a pickle with more parts than that of any network; save "
          + "model.state_dict() with torch.save")
    }
    stepsLeft -= count
  }

  mutating func useTensor() throws(StateRefusal) {
    tensorsLeft -= 1
    guard tensorsLeft >= 0 else {
      throw StateRefusal(.pickleSize, "has more than \(Self.maximumTensors) tensors")
    }
  }

  mutating func push(_ value: PickleValue) {
    stack.append(values.count)
    values.append(value)
  }

  private mutating func push(binary range: Range<Int>) {
    binaries.insert(values.count)
    push(.text(range))
  }

  /// Pushes a new dictionary with these keys and values in turn.
  mutating func push(dictionary items: [Int], isOrdered: Bool = false) {
    if isOrdered { ordered.insert(contents.count) }
    push(.dictionary(contents.count))
    contents.append(items)
  }

  /// Pushes a new object that was made with these arguments.
  mutating func push(object name: PickleName, _ arguments: Int) {
    push(.object(name, contents.count))
    contents.append([arguments])
  }

  /// Pushes a value that exists.
  mutating func push(at index: Int) { stack.append(index) }

  private mutating func push(module: String, name: String) throws(StateRefusal) {
    if let known = PickleName(module: module, name: name) { return push(.name(known)) }
    let title = abbreviated("\(module).\(name)".visible)
    guard foreign.count < Self.maximumForeign else {
      throw StateRefusal(.pickleSize, "names more classes and functions than any network")
    }
    report(
      Finding(
        .pickleGlobal, at: title,
        "names '\(title)' at byte \(start) of its pickle, which weights do not need"))
    push(.foreign(foreign.count))
    foreign.append(title)
  }

  /// The largest number of foreign names.
  private static let maximumForeign = 1 << 16

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

  private mutating func recall(_ key: Int) throws(StateRefusal) {
    guard let index = memo[key] else { throw damaged }
    stack.append(index)
  }

  private mutating func add(_ items: [Int], toDictionary: Bool) throws(StateRefusal) {
    switch (values[try top()], toDictionary) {
    case (.list(let index), false): contents[index] += items
    case (.dictionary(let index), true) where items.count.isMultiple(of: 2):
      contents[index] += items
    case (.opaque, _): break
    default: throw damaged
    }
  }

  private mutating func build() throws(StateRefusal) {
    let state = try pop()
    switch values[try top()] {
    case .object(_, let index): contents[index].append(state)
    // The state says nothing about weights: it is the versions of layers.
    case .dictionary(let index): attributes[index] = state
    case .opaque, .tensor: break
    default: throw damaged
    }
  }

  /// The error of a call with other arguments than those of torch.save.
  var badCall: StateRefusal {
    StateRefusal(
      .pickleDamaged, at: "byte \(start)",
      "has a pickle that rebuilds something in another way than torch.save, at byte \(start); save "
        + "model.state_dict() with torch.save")
  }

  /// Reports that the pickle would call a class or function.
  mutating func reportCall(of name: Int?) {
    let title = name.map { foreign[$0] } ?? "a value"
    report(
      Finding(
        .pickleCall, at: title,
        "has a pickle that calls '\(title)', at byte \(start); do not load it with Python. If you "
          + "trust its author, let them save model.state_dict() with torch.save"))
  }
}
