/// What `attack_result.pt` of BackdoorBench says besides the suspect's weights.
///
/// Source: `save_attack_result` in `utils/save_load_attack.py` of BackdoorBench (Wu et al. 2022).
struct RecordFacts: Equatable {
  /// The name of the clean data set, such as `cifar10`.
  var dataSet = ""
  /// Height and width of the images; 0 if the file does not say.
  var height = 0
  var width = 0
  /// Height and width of the images, if they are equal.
  var side: Int? { height == width && height > 0 ? height : nil }
  /// The class that the trigger leads to; nil if there are several, or the file does not say.
  var target: Int?
}

extension RecordFacts {
  /// The largest number of triggered images whose targets are compared.
  private static let maximumImages = 1 << 20

  /// Reads the facts in a pickle; nil if it is not of such a file.
  init?(_ machine: PickleMachine, root: Int) {
    guard let items = machine.dictionary(root),
      let name = items["clean_data"].flatMap({ machine.text($0) }), items["model"] != nil
    else { return nil }
    dataSet = name
    let size = items["img_size"].flatMap { machine.items($0) } ?? []
    if size.count >= 2, let height = machine.number(size[0]), let width = machine.number(size[1]),
      (1...65_536).contains(height), (1...65_536).contains(width)
    {
      (self.height, self.width) = (height, width)
    }
    guard let test = items["bd_test"].flatMap({ machine.dictionary($0) }),
      let container = test["bd_data_container"].flatMap({ machine.dictionary($0) }),
      let list = container["data_dict"], case .dictionary(let index) = machine.values[list]
    else { return }
    let images = machine.contents[index]
    var targets: Set<Int> = []
    for place in stride(from: 1, to: min(images.count, 2 * Self.maximumImages), by: 2) {
      guard let info = machine.dictionary(images[place])?["other_info"],
        let numbers = machine.items(info), let first = numbers.first,
        let target = machine.number(first)
      else { return }
      targets.insert(target)
      if targets.count > 1 { return }
    }
    target = targets.first.flatMap { $0 >= 0 ? $0 : nil }
  }
}

/// Plain values of a pickle.
extension PickleMachine {
  /// Returns the values of a dictionary whose keys are short texts, the last of equal ones; nil for
  /// another value.
  fileprivate func dictionary(_ index: Int) -> [String: Int]? {
    guard case .dictionary(let place) = values[index] else { return nil }
    let items = contents[place]
    var result: [String: Int] = [:]
    for place in stride(from: 0, to: items.count, by: 2) {
      if let name = text(items[place]) { result[name] = items[place + 1] }
    }
    return result
  }

  /// Returns the items of a tuple or a list; nil for another value.
  fileprivate func items(_ index: Int) -> [Int]? {
    switch values[index] {
    case .tuple(let items): items
    case .list(let place): contents[place]
    default: nil
    }
  }

  /// Returns an integer of Python or a scalar of NumPy; nil for another value.
  fileprivate func number(_ index: Int) -> Int? {
    switch values[index] {
    case .integer(let number): return number
    case .object(.scalar, let place):
      guard let arguments = contents[place].first, let parts = items(arguments), parts.count == 2,
        case .object(.elementType, _) = values[parts[0]], let bytes = bytes(parts[1]),
        [1, 2, 4, 8].contains(bytes.count)
      else { return nil }
      return Int(truncatingIfNeeded: bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    default: return nil
    }
  }

  /// Returns at most 16 bytes: as they are, or as text that Python 3 encodes in protocol 2.
  private func bytes(_ index: Int) -> [UInt8]? {
    switch values[index] {
    case .text(let range): return range.count <= 16 ? Array(self.bytes[range]) : nil
    case .object(.encode, let place):
      guard let arguments = contents[place].first, let parts = items(arguments),
        let first = parts.first, case .text(let range) = values[first], range.count <= 32
      else { return nil }
      // Latin-1: one character for each byte.
      let characters = String(decoding: self.bytes[range], as: UTF8.self).unicodeScalars
      let bytes = characters.compactMap { UInt8(exactly: $0.value) }
      return bytes.count == characters.count && bytes.count <= 16 ? bytes : nil
    default: return nil
    }
  }
}
