import InferenceGraph

/// An open file of weights: its tensors by name, and their elements on request.
final class StateFile {
  /// A weight by the name that the network gives it.
  struct Entry: Sendable {
    /// The tensor; for a weight with a mask, that before the mask.
    var tensor: StateTensor
    /// The mask of pruning (`torch.nn.utils.prune`), by which the tensor is multiplied.
    var mask: StateTensor?

    var shape: [Int] { tensor.shape }
    /// The type of the elements as they are returned.
    var type: ONNXElementType { mask == nil ? tensor.type : .float }
  }

  let content: FileDescriptor
  let catalogue: StateCatalogue

  /// Wraps a file whose tensors are known.
  ///
  /// - Parameter tensors: The tensors, which fit in the file.
  init(_ content: FileDescriptor, tensors: [StateTensor]) {
    self.content = content
    catalogue = StateCatalogue(tensors: tensors)
  }

  /// Parses an open file.
  ///
  /// - Parameter sandbox: Whether a sealed process parses the file.
  /// - Throws: ``FileError`` if the file cannot be read. A file that is refused has no tensors; see
  ///   ``StateCatalogue/refusal``.
  init(_ content: FileDescriptor, sandbox: Sandbox) throws(FileError) {
    self.content = content
    do {
      if let process = try SealedProcess.start(for: content, sandbox) {
        catalogue = try StateCatalogue(
          message: try process.answer(to: .weights, limit: StateCatalogue.maximumSize))
      } else {
        catalogue = StateParser.catalogue(
          of: StateContent(of: content))
      }
      guard (catalogue.tensors + catalogue.others).allSatisfy({ $0.fits(in: content.size) }) else {
        throw SealedFailure.invalidAnswer
      }
    } catch {
      throw FileError(error, reading: content, with: "the reader of weights")
    }
  }

  /// What wrappers put in front of every name.
  private static let prefixes = ["module.", "_orig_mod."]

  /// The weights by name, without the prefixes of wrappers, with masks joined to their tensors.
  private(set) lazy var entries: [String: Entry] = {
    var named = catalogue.tensors.map { (name: $0.name, tensor: $0) }
    while let prefix = Self.prefixes.first(where: { prefix in
      !named.isEmpty && named.allSatisfy { $0.name.hasPrefix(prefix) }
    }) {
      for index in named.indices { named[index].name.removeFirst(prefix.count) }
    }
    var entries: [String: Entry] = [:]
    for (name, tensor) in named { entries[name] = Entry(tensor: tensor) }
    for (name, tensor) in named where name.hasSuffix("_orig") {
      let base = String(name.dropLast("_orig".count))
      guard let mask = entries["\(base)_mask"], mask.shape == tensor.shape,
        entries[base] == nil
      else { continue }
      entries[base] = Entry(tensor: tensor, mask: mask.tensor)
      entries[name] = nil
      entries["\(base)_mask"] = nil
    }
    return entries
  }()

  /// Removes the first component of every name, if all names have the same.
  func dropFirstComponent() {
    guard let first = entries.keys.first?.split(separator: ".").first.map({ "\($0)." }),
      entries.keys.allSatisfy({ $0.hasPrefix(first) && $0.count > first.count })
    else { return }
    entries = Dictionary(
      uniqueKeysWithValues: entries.map { (String($0.dropFirst(first.count)), $1) })
  }

  /// Returns the elements of a weight in row-major order, little-endian, of its ``Entry/type``.
  ///
  /// - Throws: ``FileError`` if the file cannot be read.
  func bytes(of entry: Entry) throws(FileError) -> [UInt8] {
    // The sizes fit the file, which may have gaps, and are bounded.
    let size = ((entry.tensor.extent ?? 0) + (entry.tensor.count ?? 0)) * entry.tensor.type.size
    guard size < 1 << 20 || MemoryError.isAvailable(size) else {
      throw FileError(
        .unavailable, path: content.path,
        "its tensor '\(abbreviated(entry.tensor.name))' takes \(size >> 20) MiB, more than the system "
          + "has free")
    }
    let bytes = try entry.tensor.bytes(in: content)
    guard let mask = entry.mask else { return bytes }
    let factors = mask.type.floats(try mask.bytes(in: content))
    let values = entry.tensor.type.floats(bytes)
    var result: [UInt8] = []
    result.reserveCapacity(4 * values.count)
    for (value, factor) in zip(values, factors) {
      let bits = (value * factor).bitPattern
      for byte in 0..<UInt32(4) { result.append(UInt8(truncatingIfNeeded: bits >> (8 * byte))) }
    }
    return result
  }
}
