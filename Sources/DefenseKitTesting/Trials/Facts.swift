internal import DefenseKit

/// The inputs or results of a run, down to the bits, so that two runs can be compared.
///
/// The facts share no memory with their originals.
struct Facts: Sendable, Equatable {
  private struct Entry: Sendable, Equatable {
    let name: String
    let content: Content
  }

  private enum Content: Sendable, Equatable {
    case text(String)
    case integers([Int])
    /// Bits of 32-bit floats, so that NaN equals itself and 0 is not -0.
    case floats([UInt32])
    case predictions([Prediction])

    var count: Int {
      switch self {
      case .text: 1
      case .integers(let values): values.count
      case .floats(let bits): bits.count
      case .predictions(let values): values.count
      }
    }

    func text(at index: Int) -> String {
      switch self {
      case .text(let text): text
      case .integers(let values): "\(values[index])"
      case .floats(let bits): "\(Float(bitPattern: bits[index]))"
      case .predictions(let values): "\(values[index])"
      }
    }

    /// Returns the index of the first difference between two contents of the same length.
    func firstDifference(from other: Content) -> Int? {
      switch (self, other) {
      case (.integers(let a), .integers(let b)): zip(a, b).enumerated().first { $1.0 != $1.1 }?.0
      case (.floats(let a), .floats(let b)): zip(a, b).enumerated().first { $1.0 != $1.1 }?.0
      case (.predictions(let a), .predictions(let b)):
        zip(a, b).enumerated().first { $1.0 != $1.1 }?.0
      default: nil
      }
    }
  }

  private var entries: [Entry] = []

  /// Adds a text; `name` describes it, for example "the number of repairs".
  mutating func add(_ name: String, _ text: String) {
    entries.append(Entry(name: name, content: .text(text)))
  }

  /// Adds whole numbers.
  mutating func add(_ name: String, _ values: some Sequence<some BinaryInteger>) {
    entries.append(Entry(name: name, content: .integers(values.map { Int($0) })))
  }

  /// Adds predictions.
  mutating func add(_ name: String, _ values: [Prediction]) {
    entries.append(Entry(name: name, content: .predictions(values)))
  }

  /// Adds the bits of floats.
  mutating func add(_ name: String, _ values: [Float]) {
    entries.append(Entry(name: name, content: .floats(values.map(\.bitPattern))))
  }

  /// Describes the first difference, for example "the note is 'a' before and 'b' after"; nil if
  /// there is none.
  ///
  /// - Parameters:
  ///   - other: The facts of another run.
  ///   - here: When these facts were taken, for example "before".
  ///   - there: When the other facts were taken.
  func difference(from other: Facts, _ here: String, _ there: String) -> String? {
    for (mine, theirs) in zip(entries, other.entries) where mine != theirs {
      guard mine.name == theirs.name else {
        return "there is \(mine.name) \(here) and \(theirs.name) \(there)"
      }
      guard mine.content.count == theirs.content.count else {
        return "\(mine.name) has \(mine.content.count) elements \(here) and "
          + "\(theirs.content.count) \(there)"
      }
      guard let index = mine.content.firstDifference(from: theirs.content) else {
        return "\(mine.name) is '\(mine.content.text(at: 0))' \(here) and "
          + "'\(theirs.content.text(at: 0))' \(there)"
      }
      return "element \(index) of \(mine.name) is \(mine.content.text(at: index)) \(here) and "
        + "\(theirs.content.text(at: index)) \(there)"
    }
    guard entries.count != other.entries.count else { return nil }
    return "there are \(entries.count) results \(here) and \(other.entries.count) \(there)"
  }
}
