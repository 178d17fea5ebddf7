/// A program of `torch.export` (`.pt2`): a zip archive with a graph of ATen operators as JSON, and the
/// elements of its tensors.
///
/// Source: `torch/_export/serde/schema.py` and `torch/export/pt2_archive` of PyTorch 2.9 to 2.15.
struct TorchProgram {
  /// The tensors by their names in the state dict.
  let tensors: [StateTensor]
  /// The graph as a network of ONNX.
  let network: ONNXCatalogue
  /// What an honest file does not have.
  let findings: [Finding]

  /// The names of the members that matter, without the folder that all are in.
  private static let graphName = "models/model.json"
  private static let configurations = [
    (folder: "data/weights/", file: "model_weights_config.json"),
    (folder: "data/constants/", file: "model_constants_config.json"),
  ]
  /// The beginnings of the names of the other members that torch.export writes.
  private static let others = [
    "archive_format", "archive_version", "byteorder", "version", ".data/", ".format_version",
    ".storage_alignment", "data/sample_inputs/", "extra/",
  ]

  /// The largest size of a JSON file in bytes.
  static let maximumText = 64 << 20

  /// Reads the graph and the places of the tensors.
  ///
  /// - Throws: ``StateRefusal`` or ``ZipDirectory/Refusal`` if the file is damaged or not supported,
  ///   ``FileError`` if it cannot be read.
  init(_ content: StateContent) throws {
    func read(_ offset: Int, _ count: Int) throws(FileError) -> [UInt8] {
      try content.bytes(at: offset, count: count)
    }
    let directory = try ZipDirectory(fileSize: content.size, read: read)
    let members = try directory.members(read: read)
    try directory.refuseHidden(besides: members, writer: "torch.export.save")
    guard let graph = members.first(where: { $0.name.hasSuffix("/\(Self.graphName)") }) else {
      throw Self.damaged("it has no \(Self.graphName)")
    }
    let folder = String(graph.name.dropLast(Self.graphName.utf8.count))
    var files: [String: ZipMember] = [:]
    for member in members {
      guard member.name.hasPrefix(folder), !member.isDeflated else {
        throw StateRefusal(
          .zipArchive, at: abbreviated(member.name),
          "has the member '\(abbreviated(member.name))', which is packed or not in its folder; save "
            + "it again with torch.export.save")
      }
      files[String(member.name.dropFirst(folder.count))] = member
    }
    try content.checkByteOrder(files["byteorder"])
    func json(_ name: String) throws -> JSON? {
      guard let member = files[name] else { return nil }
      return try Self.json(member, in: content)
    }
    var tensors: [StateTensor] = []
    var used: Set<String> = [Self.graphName]
    for (place, file) in Self.configurations {
      used.insert(place + file)
      guard let configuration = try json(place + file) else { continue }
      for entry in configuration["config"]?.members ?? [] {
        let (tensor, name) = try Self.tensor(entry, place, files)
        used.insert(name)
        tensors.append(tensor)
      }
    }
    guard Set(tensors.map(\.name)).count == tensors.count else {
      throw Self.damaged("it has two tensors of one name")
    }
    for name in used {
      guard let member = files[name],
        try content.checksum(of: member.offset..<member.end) != member.checksum
      else { continue }
      throw Self.damaged("its member '\(abbreviated(name))' has changed")
    }
    guard let program = try json(Self.graphName) else { throw Self.damaged("it has no graph") }
    self.tensors = tensors
    network = try TorchProgramGraph(program, tensors: tensors).catalogue
    findings = files.keys.sorted().filter { name in
      !used.contains(name) && !Self.others.contains(where: name.hasPrefix)
    }.prefix(StateCatalogue.maximumFindings).map {
      Finding(
        .stateExtra, at: abbreviated($0), "it holds '\(abbreviated($0))', which is not read")
    }
  }

  static func damaged(_ reason: String) -> StateRefusal {
    StateRefusal(
      .pickleDamaged,
      "is not a valid program of torch.export: \(reason); save it again with torch.export.save")
  }

  private static func json(_ member: ZipMember, in content: StateContent) throws -> JSON {
    let name = abbreviated(member.name)
    guard member.size <= maximumText,
      let text = String(
        validating: try content.bytes(at: member.offset, count: member.size), as: UTF8.self)
    else { throw damaged("'\(name)' is too large, or no text") }
    do throws(JSONError) {
      return try JSONParser.parse(text)
    } catch {
      throw damaged("'\(name)' is not JSON: \(error)")
    }
  }

  /// The types of elements by their numbers in the format.
  private static let types: [Int: ONNXElementType] = [
    1: .uint8, 2: .int8, 3: .int16, 4: .int32, 5: .int64, 6: .float16, 7: .float, 8: .double,
    12: .bool, 13: .bfloat16,
  ]

  /// Returns a tensor and the member that holds it.
  private static func tensor(
    _ entry: JSON.Member, _ place: String, _ files: [String: ZipMember]
  ) throws(StateRefusal) -> (StateTensor, String) {
    let title = abbreviated(entry.key)
    guard let path = entry.value["path_name"]?.string, let member = files[place + path],
      let meta = entry.value["tensor_meta"], let shape = integers(meta["sizes"]),
      let strides = integers(meta["strides"]), strides.count == shape.count,
      let offset = meta["storage_offset"]?["as_int"]?.int, offset >= 0,
      entry.key.utf8.count <= StateCatalogue.maximumNameLength
    else { throw damaged("the description of '\(title)' is not that of a tensor") }
    guard entry.value["use_pickle"]?.bool == false else {
      throw StateRefusal(
        .stateUnsupported, at: title,
        "has its tensor '\(title)' in a pickle; export a plain module of 32-bit floats")
    }
    guard let type = meta["dtype"]?.int.flatMap({ types[$0] }) else {
      throw StateRefusal(
        .stateUnsupported, at: title,
        "tensor '\(title)' has elements of a type that is not supported; export a module of 32-bit "
          + "floats")
    }
    var tensor = StateTensor(
      name: entry.key, type: type, shape: shape, strides: strides, offset: 0)
    guard let extent = tensor.extent, offset <= member.size,
      extent <= (member.size - offset * type.size) / type.size, offset * type.size <= member.size
    else {
      throw StateRefusal(
        .tensorPlace, at: title,
        "tensor '\(title)' reaches beyond its member, or has several elements in one place; save "
          + "it again with torch.export.save")
    }
    tensor.offset = member.offset + offset * type.size
    return (tensor, place + path)
  }

  /// Returns a list of fixed numbers, each under `as_int`.
  private static func integers(_ list: JSON?) -> [Int]? {
    guard let list = list?.array else { return nil }
    let numbers = list.compactMap { $0["as_int"]?.int }
    return numbers.count == list.count && numbers.count <= StateTensor.maximumRank ? numbers : nil
  }
}
