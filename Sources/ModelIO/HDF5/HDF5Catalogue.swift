/// The contents of an HDF5 file as its parser reports them, unverified.
///
/// The parser runs in a process of its own, which the file may have taken over. ``HDF5File`` checks
/// these claims against what it reads from the file itself.
struct HDF5Catalogue {
  /// A text attribute of a group.
  struct Attribute {
    let name: String
    let texts: [String]
  }

  /// The type, shape and storage of a data set.
  struct Dataset {
    enum Layout: UInt8 { case contiguous, chunked, compact, virtual }

    var extents: [UInt64]
    /// The size of an element in bytes.
    var elementSize: UInt64
    var elementClass: HDF5DatasetInfo.ElementClass
    /// The type that the bytes have without conversion, if it is an element type.
    var rawType: HDF5DatasetInfo.RawType
    var layout: Layout
    /// The offset in the file, for contiguous data sets; nil if no space is allocated.
    var offset: UInt64?
    /// The extents of a chunk; empty unless the layout is chunked.
    var chunk: [UInt64]
    /// The number of bytes stored in the file.
    var stored: UInt64
    var isFiltered: Bool
  }

  enum Content {
    case group([Attribute])
    case dataset(Dataset)
    /// A soft link, with its target.
    case link(String)
  }

  /// An object, reached by one of its hard links, or a soft link.
  struct Node {
    /// The index of the group that holds the link; the root is its own parent.
    let parent: Int
    let name: String
    let content: Content
  }

  /// Something that an honest file does not have, found by the parser.
  struct Observation {
    let rule: Finding.Rule
    let path: String
    /// Details in the file's own words, for example the name of another file.
    let detail: String
  }

  /// The root first; every group precedes its members.
  var nodes: [Node] = []
  var observations: [Observation] = []

  /// The rules that a parser may report.
  static let rules: [Finding.Rule] = [
    .damaged, .externalStorage, .externalLink, .userLink, .virtualDataset, .filter,
    .type, .cycle, .depth, .objectCount,
  ]

  /// Limits far above any honest file.
  static let maximumNodes = 50_000
  static let maximumObservations = 1000
  static let maximumDepth = 32
  static let maximumPathLength = 2048

  /// Returns the largest size of a catalogue in bytes; its texts are stored in the file.
  static func maximumSize(fileSize: Int) -> Int { min(fileSize, 64 << 20) + (64 << 20) }
}

// MARK: Serialization

extension HDF5Catalogue {
  /// The catalogue, serialized.
  var message: [UInt8] {
    var writer = MessageWriter()
    writer.write(UInt32(nodes.count))
    for node in nodes {
      writer.write(UInt32(node.parent))
      writer.write(node.name)
      switch node.content {
      case .group(let attributes):
        writer.write(UInt8(0))
        writer.write(UInt32(attributes.count))
        for attribute in attributes {
          writer.write(attribute.name)
          writer.write(UInt32(attribute.texts.count))
          for text in attribute.texts { writer.write(text) }
        }
      case .dataset(let dataset):
        writer.write(UInt8(1))
        writer.write(dataset.extents)
        writer.write(dataset.elementSize)
        writer.write(dataset.elementClass.rawValue)
        writer.write(dataset.rawType.rawValue)
        writer.write(dataset.layout.rawValue)
        writer.write(dataset.offset ?? .max)
        writer.write(dataset.chunk)
        writer.write(dataset.stored)
        writer.write(UInt8(dataset.isFiltered ? 1 : 0))
      case .link(let target):
        writer.write(UInt8(2))
        writer.write(target)
      }
    }
    writer.write(UInt32(observations.count))
    for observation in observations {
      writer.write(UInt8(Self.rules.firstIndex(of: observation.rule) ?? 0))
      writer.write(observation.path)
      writer.write(observation.detail)
    }
    return writer.bytes
  }

  /// Parses a serialized catalogue.
  ///
  /// - Throws: ``MessageError`` if it is malformed, or larger than the limits.
  init(message: [UInt8]) throws(MessageError) {
    var reader = MessageReader(message)
    let count = try reader.count(of: 9)
    guard (1...Self.maximumNodes).contains(count) else { throw MessageError() }
    nodes.reserveCapacity(count)
    // Without limits on depth and length, nested groups could have paths of gigabytes.
    var (depths, lengths): ([Int], [Int]) = ([], [])
    for index in 0..<count {
      let parent = Int(try reader.read(UInt32.self))
      let name = try reader.text()
      let content = try Self.content(&reader)
      guard index == 0 || parent < index else { throw MessageError() }
      guard case .group = index == 0 ? content : nodes[parent].content else { throw MessageError() }
      depths.append(index == 0 ? 0 : depths[parent] + 1)
      lengths.append((index == 0 ? 0 : lengths[parent] + 1) + name.utf8.count)
      guard depths[index] <= Self.maximumDepth + 1, lengths[index] <= Self.maximumPathLength else {
        throw MessageError()
      }
      nodes.append(Node(parent: index == 0 ? 0 : parent, name: name, content: content))
    }
    let observed = try reader.count(of: 9)
    guard observed <= Self.maximumObservations else { throw MessageError() }
    for _ in 0..<observed {
      let rule = Int(try reader.read(UInt8.self))
      guard Self.rules.indices.contains(rule) else { throw MessageError() }
      observations.append(
        Observation(rule: Self.rules[rule], path: try reader.text(), detail: try reader.text()))
    }
    guard reader.isAtEnd else { throw MessageError() }
  }

  private static func content(_ reader: inout MessageReader) throws(MessageError) -> Content {
    switch try reader.read(UInt8.self) {
    case 0:
      var attributes: [Attribute] = []
      for _ in 0..<(try reader.count(of: 8)) {
        let name = try reader.text()
        var texts: [String] = []
        for _ in 0..<(try reader.count(of: 4)) { texts.append(try reader.text()) }
        attributes.append(Attribute(name: name, texts: texts))
      }
      return .group(attributes)
    case 1:
      let extents = try reader.integers(UInt64.self)
      let elementSize = try reader.read(UInt64.self)
      guard let elementClass = HDF5DatasetInfo.ElementClass(rawValue: try reader.read(UInt8.self)),
        let rawType = HDF5DatasetInfo.RawType(rawValue: try reader.read(UInt8.self)),
        let layout = Dataset.Layout(rawValue: try reader.read(UInt8.self))
      else { throw MessageError() }
      let offset = try reader.read(UInt64.self)
      let chunk = try reader.integers(UInt64.self)
      let stored = try reader.read(UInt64.self)
      let isFiltered = try reader.read(UInt8.self) != 0
      return .dataset(
        Dataset(
          extents: extents, elementSize: elementSize, elementClass: elementClass,
          rawType: rawType, layout: layout, offset: offset == .max ? nil : offset, chunk: chunk,
          stored: stored, isFiltered: isFiltered))
    case 2: return .link(try reader.text())
    default: throw MessageError()
    }
  }
}
