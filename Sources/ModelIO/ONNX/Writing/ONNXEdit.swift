/// A change of a file's bytes.
enum ONNXEdit {
  /// Other elements in a range of the file, of the same size.
  case elements(ONNXElements, at: Range<Int>)
  /// Another value of a field.
  case value([UInt8], of: ONNXPlace)
  /// Another field in place of one.
  case field([UInt8], insteadOf: ONNXPlace)

  /// The range that the edit replaces.
  var range: Range<Int> {
    switch self {
    case .elements(_, let range): range
    case .value(_, let place), .field(_, let place): place.whole
    }
  }
}

/// New elements of a tensor, in the order of its file.
struct ONNXElements {
  /// The values, as in the graph.
  let values: [Float]
  /// The factor from the file's numbers to the graph's.
  let factor: Float
  /// The type in the file.
  let type: ONNXElementType

  /// Returns the bytes of the elements in `range`; one whose value did not change keeps its own.
  ///
  /// - Parameter old: The bytes of the range in the file.
  func bytes(of range: Range<Int>, old: [UInt8]) -> [UInt8] {
    let size = type.size
    var result = old
    for (position, index) in range.enumerated() {
      var bits: UInt64 = 0
      for offset in (0..<size).reversed() {
        bits = bits << 8 | UInt64(old[position * size + offset])
      }
      let (value, present) = (values[index], type.float(bits) * factor)
      if present == value || present.bitPattern == value.bitPattern { continue }
      bits = type.bits(of: factor == 1 ? value : value / factor)
      for offset in 0..<size {
        result[position * size + offset] = UInt8(truncatingIfNeeded: bits >> UInt64(8 * offset))
      }
    }
    return result
  }
}

/// A part of a new file.
enum ONNXPiece {
  /// A range of the old file.
  case old(Range<Int>)
  case new([UInt8])
  /// A range of the old file with other elements.
  case elements(ONNXElements, at: Range<Int>)
}

/// The parts of a copy of a file with edits.
///
/// Where an edit changes the size of a message, the lengths of the messages around it follow. All
/// other bytes stay.
struct ONNXCopy {
  private(set) var pieces: [ONNXPiece] = []
  private var items: [Item] = []
  private var next = 0
  private let insertions: [ONNXPlace: [UInt8]]

  private enum Item {
    case message(ONNXPlace)
    case edit(ONNXEdit)

    var range: Range<Int> {
      switch self {
      case .message(let place): place.whole
      case .edit(let edit): edit.range
      }
    }
  }

  /// - Parameters:
  ///   - size: The size of the file.
  ///   - messages: The messages around all edits.
  ///   - edits: The edits, none within another.
  ///   - insertions: Further fields at the end of messages.
  /// - Throws: ``ONNXRefusal`` if the messages do not contain each other, or edits overlap.
  init(
    size: Int, messages: [ONNXPlace], _ edits: [ONNXEdit], insertions: [ONNXPlace: [UInt8]] = [:]
  ) throws(ONNXRefusal) {
    self.insertions = insertions
    let items = messages.map(Item.message) + edits.map(Item.edit)
    // A message comes before what is in it.
    self.items = items.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for piece in try parts(of: 0..<size).pieces {
      if case .old(let range) = piece, case .old(let last)? = pieces.last,
        last.upperBound == range.lowerBound
      {
        pieces[pieces.count - 1] = .old(last.lowerBound..<range.upperBound)
      } else {
        pieces.append(piece)
      }
    }
    guard next == self.items.count else { throw Self.damage }
  }

  private static var damage: ONNXRefusal {
    ONNXRefusal(.onnxDamaged, "is damaged: its messages overlap; copy it again")
  }

  /// Returns the parts of a range, and their size; takes all items in it.
  private mutating func parts(
    of range: Range<Int>
  ) throws(ONNXRefusal) -> (pieces: [ONNXPiece], size: Int) {
    var pieces: [ONNXPiece] = []
    var size = 0
    var position = range.lowerBound
    while next < items.count, items[next].range.lowerBound < range.upperBound {
      let item = items[next]
      next += 1
      guard item.range.lowerBound >= position, item.range.upperBound <= range.upperBound else {
        throw Self.damage
      }
      let content: (pieces: [ONNXPiece], size: Int)
      switch item {
      case .message(let place):
        content = try message(place)
      case .edit(.elements(let elements, let range)):
        content = ([.elements(elements, at: range)], range.count)
      case .edit(.value(let value, let place)):
        var field = ProtobufWriter()
        field.write(place.number, value)
        content = ([.new(field.bytes)], field.bytes.count)
      case .edit(.field(let bytes, _)):
        content = ([.new(bytes)], bytes.count)
      }
      if position < item.range.lowerBound { pieces.append(.old(position..<item.range.lowerBound)) }
      pieces += content.pieces
      size += item.range.lowerBound - position + content.size
      position = item.range.upperBound
    }
    if position < range.upperBound { pieces.append(.old(position..<range.upperBound)) }
    return (pieces, size + range.upperBound - position)
  }

  /// Returns the parts of a message with its key and its length.
  private mutating func message(
    _ place: ONNXPlace
  ) throws(ONNXRefusal) -> (pieces: [ONNXPiece], size: Int) {
    var (pieces, size) = try parts(of: place.range)
    if let bytes = insertions[place] {
      pieces.append(.new(bytes))
      size += bytes.count
    }
    // The length as it is written in the file, if it stays.
    if size == place.range.count {
      return ([.old(place.start..<place.range.lowerBound)] + pieces, place.whole.count)
    }
    var header = ProtobufWriter()
    header.write(key: place.number, length: size)
    return ([.new(header.bytes)] + pieces, header.bytes.count + size)
  }
}
