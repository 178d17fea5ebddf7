import CHDF5

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Traverses a file and builds its catalogue.
///
/// It visits each group once, by hard links only. Whatever does not occur in Keras files is
/// recorded as an observation and not followed. Callers must hold the library's lock.
final class HDF5Walk {
  /// The location of a data set: the address of a group and the name of a link in it.
  struct Place {
    let group: haddr_t
    let name: String
  }

  private(set) var catalogue = HDF5Catalogue()
  /// The locations of the data sets, in the order of the catalogue.
  private(set) var datasets: [Place] = []
  private let file: hid_t
  private var textLeft: Int
  private var visited: Set<haddr_t> = []
  /// The paths of the data sets that are not virtual.
  private var ordinary: Set<String> = []
  /// The virtual data sets, which are examined last, when all possible sources are known.
  private var virtual: [(parent: Int, place: Place, path: String)] = []

  /// The attributes that are read, from groups only: those of Keras, which splits long ones into
  /// numbered parts, and that of ``ArrayFile``.
  private static let attributes = [
    "keras_version", "backend", "name", "model_config", "training_config", "layer_names",
    "weight_names", ArrayFile.attribute,
  ]
  private static let splitAttributes: Set = ["model_config", "layer_names", "weight_names"]

  init(file: hid_t, textLimit: Int) {
    self.file = file
    // A constant for names, since even a tiny file has some.
    textLeft = textLimit + 65_536
  }

  func run() {
    guard let root = HDF5Handle<HDF5GroupKind>(unsafe H5Gopen2(file, "/", dk_default())) else {
      catalogue.nodes = [.init(parent: 0, name: "", content: .group([]))]
      return note(.damaged, "/")
    }
    var kind: Int32 = 0
    var address: haddr_t = 0
    if unsafe dk_find_object(root.id, ".", &kind, &address) >= 0 { visited.insert(address) }
    addGroup(root.id, at: address, name: "", parent: 0, path: "", depth: 0)
    for (parent, place, path) in virtual { addVirtual(parent, place, path) }
  }

  private func note(_ rule: Finding.Rule, _ path: String, _ detail: String = "") {
    let left = HDF5Catalogue.maximumObservations - catalogue.observations.count
    guard left > 0 else { return }
    let path = path.isEmpty ? "/" : path
    // The last observation stands for all further ones; its severity makes the file be refused.
    catalogue.observations.append(
      left == 1
        ? .init(rule: .objectCount, path: path, detail: "oddities")
        : .init(rule: rule, path: path, detail: abbreviated(detail)))
  }

  /// Subtracts a text from the allowance; returns false if that is used up.
  private func spend(_ text: String, _ path: String) -> Bool {
    textLeft -= text.utf8.count
    if textLeft < 0 { note(.objectCount, path, "texts") }
    return textLeft >= 0
  }

  // MARK: Groups

  private func addGroup(
    _ group: hid_t, at address: haddr_t, name: String, parent: Int, path: String, depth: Int
  ) {
    let index = catalogue.nodes.count
    catalogue.nodes.append(
      .init(parent: parent, name: name, content: .group(attributes(of: group, path))))
    var links: [(name: String, kind: Int)] = []
    guard list(group, path, into: &links) else { return note(.damaged, path) }
    for link in links.sorted(by: { $0.name < $1.name }) {
      let place = path.isEmpty ? link.name : "\(path)/\(link.name)"
      guard catalogue.nodes.count < HDF5Catalogue.maximumNodes else {
        return note(.objectCount, place, "objects")
      }
      guard place.utf8.count < HDF5Catalogue.maximumPathLength else {
        note(.objectCount, path, "text in a name")
        continue
      }
      switch link.kind {
      case DK_HARD_LINK:
        add(link.name, in: group, at: address, index: index, path: place, depth: depth + 1)
      case DK_SOFT_LINK:
        let target = target(of: link.name, in: group).first ?? ""
        guard spend(target, place) else { return }
        catalogue.nodes.append(.init(parent: index, name: link.name, content: .link(target)))
      case DK_EXTERNAL_LINK:
        note(.externalLink, place, target(of: link.name, in: group).dropFirst().first ?? "")
      default: note(.userLink, place)
      }
    }
  }

  /// Lists the links of a group; returns false if libhdf5 fails.
  private func list(
    _ group: hid_t, _ path: String, into links: inout [(name: String, kind: Int)]
  ) -> Bool {
    final class List {
      var links: [(name: String, kind: Int)] = []
      var isTooLong = false
    }
    let list = List()
    // The object outlives the call, which passes its address through to the closure.
    let status = withExtendedLifetime(list) {
      unsafe dk_visit_links(
        group,
        { name, kind, context in
          guard let name = unsafe name, let context = unsafe context else { return 1 }
          let list = unsafe Unmanaged<List>.fromOpaque(context).takeUnretainedValue()
          let length = unsafe strnlen(name, HDF5Catalogue.maximumPathLength)
          guard length < HDF5Catalogue.maximumPathLength,
            list.links.count < HDF5Catalogue.maximumNodes
          else {
            list.isTooLong = true
            return 1
          }
          list.links.append((name: unsafe String(cString: name), kind: Int(kind)))
          return 0
        }, Unmanaged.passUnretained(list).toOpaque())
    }
    links = list.links
    if list.isTooLong { note(.objectCount, path, "objects, or text in a name,") }
    return status >= 0
  }

  /// Returns the texts in the value of a link: for a soft link the target, for an external link
  /// flags, file and object.
  private func target(of name: String, in group: hid_t) -> [String] {
    var bytes = [UInt8](repeating: 0, count: 4096)
    guard unsafe H5Lget_val(group, name, &bytes, bytes.count - 1, dk_default()) >= 0 else {
      return []
    }
    // The value of an external link begins with a byte of flags, which is 0, like the end of a
    // text.
    return bytes.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private func add(
    _ name: String, in group: hid_t, at address: haddr_t, index: Int, path: String, depth: Int
  ) {
    var kind: Int32 = 0
    var place: haddr_t = 0
    guard spend(name, path) else { return }
    guard unsafe dk_find_object(group, name, &kind, &place) >= 0 else {
      return note(.damaged, path)
    }
    switch Int(kind) {
    case DK_GROUP:
      guard visited.insert(place).inserted else { return note(.cycle, path) }
      guard depth <= HDF5Catalogue.maximumDepth else { return note(.depth, path) }
      guard
        let inner = HDF5Handle<HDF5GroupKind>(unsafe H5Gopen2(group, name, dk_default()))
      else { return note(.damaged, path) }
      addGroup(inner.id, at: place, name: name, parent: index, path: path, depth: depth)
    case DK_DATASET:
      guard
        let dataset = HDF5Handle<HDF5DatasetKind>(unsafe H5Dopen2(group, name, dk_default())),
        let creation = HDF5Handle<HDF5PropertyKind>(H5Dget_create_plist(dataset.id))
      else { return note(.damaged, path) }
      let place = Place(group: address, name: name)
      guard H5Pget_layout(creation.id) != H5D_VIRTUAL else {
        return virtual.append((index, place, path))
      }
      ordinary.insert(path)
      addDataset(dataset.id, creation.id, parent: index, place, path)
    default: note(.type, path)
    }
  }

  // MARK: Data sets

  private func addDataset(
    _ id: hid_t, _ creation: hid_t, parent: Int, _ place: Place, _ path: String
  ) {
    guard let claim = claim(of: id, creation, path) else { return note(.damaged, path) }
    catalogue.nodes.append(.init(parent: parent, name: place.name, content: .dataset(claim)))
    datasets.append(place)
  }

  /// Adds a virtual data set if all its sources lie in this file and are not virtual.
  ///
  /// Until that is known, libhdf5 is not asked for its extents, for which it may open other files.
  private func addVirtual(_ parent: Int, _ place: Place, _ path: String) {
    guard let group = HDF5Handle<HDF5GroupKind>(H5Oopen_by_addr(file, place.group)),
      let dataset = HDF5Handle<HDF5DatasetKind>(
        unsafe H5Dopen2(group.id, place.name, dk_default())),
      let creation = HDF5Handle<HDF5PropertyKind>(H5Dget_create_plist(dataset.id))
    else { return note(.damaged, path) }
    guard sources(of: creation.id).allSatisfy(ordinary.contains) else {
      return note(.virtualDataset, path)
    }
    addDataset(dataset.id, creation.id, parent: parent, place, path)
  }

  /// Describes a data set; nil if libhdf5 fails.
  private func claim(
    of id: hid_t, _ creation: hid_t, _ path: String
  ) -> HDF5Catalogue.Dataset? {
    guard let space = HDF5Handle<HDF5SpaceKind>(H5Dget_space(id)),
      let type = HDF5Handle<HDF5TypeKind>(H5Dget_type(id))
    else { return nil }
    let rank = Int(H5Sget_simple_extent_ndims(space.id))
    guard (0...32).contains(rank), H5Sget_simple_extent_type(space.id) != H5S_NULL else {
      return nil
    }
    var extents = [hsize_t](repeating: 0, count: rank)
    unsafe H5Sget_simple_extent_dims(space.id, &extents, nil)
    var chunk: [hsize_t] = []
    var layout = HDF5Catalogue.Dataset.Layout.contiguous
    switch H5Pget_layout(creation) {
    case H5D_CONTIGUOUS: break
    case H5D_COMPACT: layout = .compact
    case H5D_CHUNKED:
      layout = .chunked
      chunk = [hsize_t](repeating: 1, count: rank)
      guard unsafe H5Pget_chunk(creation, Int32(rank), &chunk) == Int32(rank) else {
        return nil
      }
    case H5D_VIRTUAL:
      layout = .virtual
    default: return nil
    }
    noteHazards(
      of: creation, path, chunk: chunk.reduce(H5Tget_size(type.id)) { $0 &* Int(clamping: $1) })
    let (elementClass, rawType) = Self.element(type.id)
    if elementClass == .other, H5Tget_class(type.id) != H5T_STRING { note(.type, path) }
    let offset = layout == .contiguous ? H5Dget_offset(id) : dk_undefined_address()
    return HDF5Catalogue.Dataset(
      extents: extents, elementSize: UInt64(H5Tget_size(type.id)), elementClass: elementClass,
      rawType: rawType, layout: layout,
      offset: offset == dk_undefined_address() ? nil : UInt64(offset),
      chunk: chunk, stored: layout == .virtual ? 0 : H5Dget_storage_size(id),
      isFiltered: H5Pget_nfilters(creation) > 0)
  }

  private static func element(
    _ type: hid_t
  ) -> (HDF5DatasetInfo.ElementClass, HDF5DatasetInfo.RawType) {
    func equals(_ other: hid_t) -> Bool { H5Tequal(type, other) > 0 }
    switch H5Tget_class(type) {
    case H5T_INTEGER: return (.integer, equals(dk_u8()) ? .uint8 : .none)
    // Includes Booleans; libhdf5 converts enumerations to their numeric values.
    case H5T_ENUM: return (.integer, .none)
    case H5T_FLOAT:
      let raw: HDF5DatasetInfo.RawType =
        equals(dk_ieee_f32le()) ? .float32 : equals(dk_ieee_f64le()) ? .float64 : .none
      return (.float, raw)
    default: return (.other, .none)
    }
  }

  /// Returns the paths of a virtual data set's sources; the empty path for sources in other files.
  private func sources(of creation: hid_t) -> [String] {
    var count = 0
    guard unsafe H5Pget_virtual_count(creation, &count) >= 0, count > 0,
      count <= HDF5Catalogue.maximumNodes
    else { return [""] }
    return (0..<count).map { index in
      func text(_ read: (UnsafeMutablePointer<CChar>?, Int) -> Int) -> String {
        var bytes = [CChar](repeating: 0, count: HDF5Catalogue.maximumPathLength)
        // The call fills the buffer, with a terminating zero.
        let length = unsafe bytes.withUnsafeMutableBufferPointer {
          unsafe read($0.baseAddress, $0.count)
        }
        guard length > 0, length < bytes.count else { return "" }
        return String(decoding: bytes[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
      // A full stop stands for the file itself.
      guard unsafe text({ unsafe H5Pget_virtual_filename(creation, index, $0, $1) }) == "." else {
        return ""
      }
      return unsafe text { unsafe H5Pget_virtual_dsetname(creation, index, $0, $1) }
        .split(separator: "/").joined(separator: "/")
    }
  }

  /// Records external storage, and filters that neither libhdf5 nor h5py include.
  ///
  /// - Parameter chunk: The size of a chunk in bytes.
  private func noteHazards(of creation: hid_t, _ path: String, chunk: Int) {
    if H5Pget_external_count(creation) != 0 {
      var name = [CChar](repeating: 0, count: 256)
      unsafe H5Pget_external(creation, 0, name.count - 1, &name, nil, nil)
      note(
        .externalStorage, path,
        String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    let known: Set<H5Z_filter_t> = [
      H5Z_FILTER_DEFLATE, H5Z_FILTER_SHUFFLE, H5Z_FILTER_FLETCHER32, LZF.number,
    ]
    var seen: Set<H5Z_filter_t> = []
    for index in 0..<max(0, H5Pget_nfilters(creation)) {
      var (flags, count, configuration) = (UInt32(0), 3, UInt32(0))
      var values: [UInt32] = [0, 0, 0]
      let filter = unsafe H5Pget_filter2(
        creation, UInt32(index), &flags, &count, &values, 0, nil, &configuration)
      if !known.contains(filter) {
        note(.filter, path, HDF5Filter.words(Int(filter)))
      } else if !seen.insert(filter).inserted {
        // Deflate applied twice can expand a millionfold.
        note(.filter, path, "\(filter), twice")
      } else if filter == LZF.number, count < 3 || Int(values[2]) != chunk {
        note(.filter, path, "\(filter), for chunks of another size")
      }
    }
  }

  // MARK: Attributes

  private func attributes(of group: hid_t, _ path: String) -> [HDF5Catalogue.Attribute] {
    var result: [HDF5Catalogue.Attribute] = []
    func read(_ name: String) -> Bool {
      guard unsafe H5Aexists(group, name) > 0 else { return false }
      guard let texts = HDF5Text.read(name, of: group, limit: textLeft) else {
        note(.damaged, path, "attribute '\(name)'")
        return false
      }
      guard let texts = texts.value else { return true }
      for text in texts { guard spend(text, path) else { return false } }
      result.append(.init(name: name, texts: texts))
      return true
    }
    for name in Self.attributes where !read(name) && Self.splitAttributes.contains(name) {
      var part = 0
      while read("\(name)\(part)") { part += 1 }
    }
    return result
  }
}
