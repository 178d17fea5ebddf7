/// Finds the set of weights among the values of a pickle.
struct StateDictionary {
  /// Where the elements of a storage lie in the file, in bytes.
  typealias Place = (PickleStorage) throws(StateRefusal) -> Int

  /// A dictionary with tensors.
  private struct Candidate {
    /// The keys that lead to it.
    let path: [String]
    /// Keys, and the values that are tensors.
    let entries: [(key: Int, value: Int, tensor: PickleTensor)]
  }

  private let machine: PickleMachine
  private var candidates: [Candidate] = []

  /// The tensors, in the order of the pickle.
  private(set) var tensors: [StateTensor] = []
  /// The keys that lead to them, separated by dots.
  private(set) var wrapper = ""
  /// The tensors that are not of the set.
  private(set) var others: [StateTensor] = []
  /// All that can be written again; nil if the set is in a part that cannot.
  private(set) var skeleton: StateSkeleton?
  /// The keys of what ``skeleton`` leaves out.
  private(set) var omitted: [String] = []
  /// The keys of other dictionaries of tensors.
  private(set) var otherSets: [String] = []

  /// The largest depth of dictionaries in which tensors are looked for.
  private static let maximumDepth = 8

  /// Takes the dictionary with the most tensors in and under a value.
  ///
  /// - Throws: ``StateRefusal`` if there is none, or two have as many, or a tensor is not in its
  ///   storage.
  init(_ machine: PickleMachine, root: Int, place: Place) throws(StateRefusal) {
    self.machine = machine
    search(root)
    let most = candidates.map(\.entries.count).max() ?? 0
    let best = candidates.filter { $0.entries.count == most }
    guard let first = best.first else { throw Self.noTensors(machine, root) }
    guard best.count == 1 else {
      let names = best.prefix(5).map { "'\(abbreviated($0.path.joined(separator: ".")))'" }
      throw StateRefusal(
        .stateDict,
        "holds \(best.count) sets of \(most) tensors: \(names.joined(separator: ", ")); save the "
          + "one to use by itself with torch.save")
    }
    wrapper = first.path.joined(separator: ".")
    var names: Set<String> = []
    for (key, _, tensor) in first.entries {
      guard let name = machine.text(key) else {
        throw StateRefusal(.stateDict, "has a tensor whose name is no short text")
      }
      guard names.insert(name).inserted else {
        throw StateRefusal(
          .stateDict, at: abbreviated(name),
          "has two tensors of the name '\(abbreviated(name))', so that readers can see different "
            + "weights; save model.state_dict() again")
      }
      tensors.append(try Self.placed(tensor, name, place))
    }
    takeRest(root, of: first, place)
  }

  /// Takes what surrounds the set.
  private mutating func takeRest(_ root: Int, of set: Candidate, _ place: Place) {
    var numbers: [Int: Int] = [:]
    for (number, entry) in set.entries.enumerated() { numbers[entry.value] = number }
    var others: [StateTensor] = []
    // A tensor that is not in its storage is left out.
    for (value, content) in machine.values.enumerated() {
      guard case .tensor(let tensor) = content, numbers[value] == nil,
        let tensor = try? Self.placed(tensor, "", place)
      else { continue }
      numbers[value] = tensors.count + others.count
      others.append(tensor)
    }
    var builder = StateSkeletonBuilder(machine) { numbers[$0] }
    builder.add(root)
    guard set.entries.allSatisfy({ builder.holds($0.key) && builder.holds($0.value) }),
      let skeleton = StateSkeleton(builder.nodes, tensors: tensors.count + others.count)
    else { return }
    self.others = others
    self.skeleton = skeleton
    omitted = builder.omitted
    otherSets = candidates.map { $0.path.joined(separator: ".") }.filter { $0 != wrapper }.sorted()
  }

  /// Collects the dictionaries with tensors, each once, without recursion.
  private mutating func search(_ root: Int) {
    var seen: Set<Int> = []
    var queue: [(index: Int, path: [String])] = [(root, [])]
    while let (index, path) = queue.popLast() {
      guard case .dictionary(let contents) = machine.values[index],
        seen.insert(contents).inserted
      else { continue }
      let items = machine.contents[contents]
      var entries: [(key: Int, value: Int, tensor: PickleTensor)] = []
      for place in stride(from: 0, to: items.count, by: 2) {
        switch machine.values[items[place + 1]] {
        case .tensor(let tensor):
          // Optimizers number their tensors.
          if case .text = machine.values[items[place]] {
            entries.append((items[place], items[place + 1], tensor))
          }
        case .dictionary where path.count < Self.maximumDepth:
          let name = machine.text(items[place]).map { abbreviated($0) } ?? "?"
          queue.append((items[place + 1], path + [name]))
        default: break
        }
      }
      if !entries.isEmpty { candidates.append(Candidate(path: path, entries: entries)) }
    }
  }

  private static func noTensors(_ machine: PickleMachine, _ root: Int) -> StateRefusal {
    switch machine.values[root] {
    case .opaque, .foreign:
      StateRefusal(
        .stateUnsupported,
        "holds a whole model with its classes, which only its own code can rebuild; save "
          + "model.state_dict() with torch.save")
    default:
      StateRefusal(
        .stateDict, "holds no weights by name; save model.state_dict() with torch.save")
    }
  }

  private static func placed(
    _ tensor: PickleTensor, _ name: String, _ place: Place
  ) throws(StateRefusal) -> StateTensor {
    let type = tensor.storage.type
    var result = StateTensor(
      name: name, type: type, shape: tensor.shape, strides: tensor.strides, offset: 0)
    let title = abbreviated(name)
    guard let extent = result.extent else {
      throw StateRefusal(
        .tensorPlace, at: title,
        "tensor '\(title)' has several elements in one place, or too many; save "
          + "model.state_dict() again")
    }
    guard tensor.offset <= tensor.storage.count, extent <= tensor.storage.count - tensor.offset
    else {
      throw StateRefusal(
        .tensorPlace, at: title,
        "tensor '\(title)' reaches beyond its \(tensor.storage.count) stored elements; copy the "
          + "file again")
    }
    // The storage lies in the file, so that this does not overflow.
    result.offset = try place(tensor.storage) + tensor.offset * type.size
    return result
  }
}
