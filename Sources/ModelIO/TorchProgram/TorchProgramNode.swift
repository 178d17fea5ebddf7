/// A call of an ATen operator in a program of `torch.export`.
struct TorchProgramNode {
  /// The operator without `torch.ops.aten.`, for example `conv2d.default`.
  let target: String
  /// The name of its first result.
  var name: String { outputs[0] }
  /// The names of its results.
  let outputs: [String]
  private let arguments: [String: JSON]

  /// The beginning of the names of ATen's operators.
  private static let library = "torch.ops.aten."

  /// Whether a node's results are numbers, such as the number of images, which is known by the place
  /// where it is used.
  static func computesNumbers(_ node: JSON) -> Bool {
    let outputs = node["outputs"]?.array ?? []
    return !outputs.isEmpty
      && outputs.allSatisfy { $0["as_sym_int"] != nil || $0["as_sym_bool"] != nil }
  }

  /// Reads a node.
  ///
  /// - Throws: ``StateRefusal`` if it has another form, or results that are no tensors.
  init(_ node: JSON) throws(StateRefusal) {
    guard let target = node["target"]?.string, let outputs = node["outputs"]?.array,
      let inputs = node["inputs"]?.array
    else { throw TorchProgram.damaged("a node of its graph has another form") }
    let results = outputs.count == 1 ? outputs[0]["as_tensors"]?.array : nil
    let names = (results ?? outputs.compactMap { $0["as_tensor"] }).compactMap {
      $0["name"]?.string
    }
    guard !names.isEmpty, names.count == results?.count ?? outputs.count else {
      let title = abbreviated(target)
      throw StateRefusal(
        .stateUnsupported, at: title,
        "has the operator '\(title)', whose results are no tensors and are not supported")
    }
    self.outputs = names
    self.target =
      target.hasPrefix(Self.library) ? String(target.dropFirst(Self.library.count)) : target
    var arguments: [String: JSON] = [:]
    for input in inputs {
      guard let name = input["name"]?.string, let value = input["arg"] else {
        throw TorchProgram.damaged("an argument of '\(abbreviated(self.target))' has another form")
      }
      arguments[name] = value
    }
    self.arguments = arguments
  }

  /// Returns the error for something in this node that is not supported.
  func unsupported(_ problem: String) -> StateRefusal {
    StateRefusal(
      .stateUnsupported, at: abbreviated(name),
      "node '\(abbreviated(name))' (\(abbreviated(target))): \(problem)")
  }

  private func invalid(_ argument: String) -> StateRefusal {
    unsupported("its argument '\(argument)' has a form that is not supported")
  }

  /// Whether an argument is given, and not `None`.
  func has(_ argument: String) -> Bool {
    arguments[argument].map { $0["as_none"] == nil } ?? false
  }

  /// Returns the name of a tensor.
  func tensor(_ argument: String) throws(StateRefusal) -> String {
    guard let name = arguments[argument]?["as_tensor"]?["name"]?.string else {
      throw invalid(argument)
    }
    return name
  }

  /// Whether an argument is a tensor.
  func isTensor(_ argument: String) -> Bool { arguments[argument]?["as_tensor"] != nil }

  func tensors(_ argument: String) throws(StateRefusal) -> [String] {
    guard let list = arguments[argument]?["as_tensors"]?.array else { throw invalid(argument) }
    let names = list.compactMap { $0["name"]?.string }
    guard names.count == list.count else { throw invalid(argument) }
    return names
  }

  func integer(_ argument: String, _ standard: Int? = nil) throws(StateRefusal) -> Int {
    guard let value = arguments[argument] else {
      guard let standard else { throw invalid(argument) }
      return standard
    }
    guard let number = value["as_int"]?.number, number == number.rounded() else {
      throw invalid(argument)
    }
    // The largest integers stand for the end of an axis.
    return Int(exactly: number) ?? (number > 0 ? .max : .min)
  }

  func bool(_ argument: String, _ standard: Bool) throws(StateRefusal) -> Bool {
    guard let value = arguments[argument] else { return standard }
    guard let truth = value["as_bool"]?.bool else { throw invalid(argument) }
    return truth
  }

  /// Returns a number, given as a fraction or as an integer.
  func number(_ argument: String, _ standard: Double? = nil) throws(StateRefusal) -> Double {
    guard let value = arguments[argument] else {
      guard let standard else { throw invalid(argument) }
      return standard
    }
    guard let number = value["as_float"]?.number ?? value["as_int"]?.number else {
      throw invalid(argument)
    }
    return number
  }

  func text(_ argument: String, _ standard: String) throws(StateRefusal) -> String {
    guard let value = arguments[argument] else { return standard }
    guard let text = value["as_string"]?.string else { throw invalid(argument) }
    return text
  }

  /// Returns integers; nil for one that is not fixed.
  func extents(_ argument: String) throws(StateRefusal) -> [Int?] {
    if let numbers = arguments[argument]?["as_ints"]?.ints { return numbers }
    guard let list = arguments[argument]?["as_sym_ints"]?.array else { throw invalid(argument) }
    return list.map { $0["as_int"]?.int }
  }

  /// Returns integers.
  func integers(_ argument: String, _ standard: [Int]? = nil) throws(StateRefusal) -> [Int] {
    guard arguments[argument] != nil || standard == nil else { return standard ?? [] }
    let numbers = try extents(argument).compactMap { $0 }
    guard try numbers.count == extents(argument).count else { throw invalid(argument) }
    return numbers
  }

  /// Returns two numbers from an argument of one or two; the standard if it is left out or empty.
  func pair(_ argument: String, _ standard: [Int]) throws(StateRefusal) -> [Int] {
    let numbers = try integers(argument, standard)
    switch numbers.count {
    case 0: return standard
    case 1: return [numbers[0], numbers[0]]
    case 2: return numbers
    default: throw invalid(argument)
    }
  }
}
