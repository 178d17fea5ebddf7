@testable import ModelIO

/// NumPy's arrays, and archives of them: headers, the directory, and what it says of the members.
enum NumpyTarget: FuzzTarget {
  private static func array(_ fields: String, _ elements: [UInt8], version: UInt8 = 1) -> [UInt8] {
    let text = Array(fields.utf8)
    return NumpyHeader.signature + [version, 0, UInt8(text.count), 0]
      + (version == 1 ? [] : [0, 0]) + text + elements
  }

  static var seeds: [[UInt8]] {
    let one = array(
      "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1, 2), }\n", [1, 2, 3, 4])
    let other = array(
      "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2)}", [0, 0, 128, 63, 0, 0, 0, 64],
      version: 2)
    let records = array(
      "{'descr': [('a', '<f4'), ('b', '|O')], 'fortran_order': False, 'shape': ()}", [])
    return [one, other, records, archive([("data.npy", one, false), ("label.npy", other, true)])]
  }

  static var words: [String] {
    ["descr", "fortran_order", "shape", "True", "False", "<f4", "|u1", ">i8", "|O", "(4,)", ".npy"]
  }

  /// An archive whose packed members are one block of deflate that is not packed.
  private static func archive(_ members: [(String, [UInt8], Bool)]) -> [UInt8] {
    func number(_ value: Int, _ size: Int) -> [UInt8] {
      (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var (file, directory): ([UInt8], [UInt8]) = ([], [])
    for (name, bytes, isPacked) in members {
      let packed = isPacked ? [1] + number(bytes.count, 2) + number(~bytes.count, 2) + bytes : bytes
      // Only read.
      let sum = Int(unsafe bytes.withUnsafeBytes { unsafe Inflater.checksum($0) })
      let fields =
        number(0, 2) + number(isPacked ? 8 : 0, 2) + number(0, 4) + number(sum, 4)
        + number(packed.count, 4) + number(bytes.count, 4) + number(name.utf8.count, 2)
      directory += number(0x0201_4B50, 4) + number(20, 2) + number(20, 2) + fields
      directory += number(0, 12) + number(file.count, 4) + Array(name.utf8)
      file += number(0x0403_4B50, 4) + number(20, 2) + fields + number(0, 2) + Array(name.utf8)
      file += packed
    }
    return file + directory + number(0x0605_4B50, 4) + number(0, 4) + number(members.count, 2)
      + number(members.count, 2) + number(directory.count, 4) + number(file.count, 4) + [0, 0]
  }

  static func parse(_ bytes: [UInt8]) {
    header(bytes)
    func read(_ offset: Int, _ count: Int) throws(FileError) -> [UInt8] {
      guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else {
        throw FileError(.badData, path: "fuzz", "ends too early")
      }
      return Array(bytes[offset..<offset + count])
    }
    guard let directory = try? ZipDirectory(fileSize: bytes.count, read: read),
      let members = try? directory.members(read: read)
    else { return }
    var end = 0
    for member in members {
      precondition(member.headerOffset >= end && member.offset >= member.headerOffset)
      precondition(member.end <= directory.range.lowerBound)
      end = member.end
      let packed = Array(bytes[member.offset..<member.end])
      if !member.isDeflated {
        precondition(member.size == packed.count)
        header(packed)
        continue
      }
      var unpacked: [UInt8] = []
      let wanted = min(member.size, NumpyHeader.prefixSize)
      // Each piece is copied during the call.
      let isUnpacked = unsafe packed.withUnsafeBytes { packed in
        unsafe Inflater.unpack(packed, count: wanted) { piece in
          unsafe unpacked.append(contentsOf: piece)
          return true
        }
      }
      precondition(unpacked.count <= wanted && (!isUnpacked || unpacked.count == wanted))
      header(unpacked)
    }
  }

  private static func header(_ bytes: [UInt8]) {
    guard let header = try? NumpyHeader(bytes, size: bytes.count) else { return }
    precondition(header.count <= bytes.count && header.shape.allSatisfy { $0 >= 0 })
    guard header.type != nil else { return }
    let elements = Array(bytes[header.count...])
    precondition(
      header.shape.contains(0) || header.elementCount * header.elementSize == elements.count)
    precondition(header.reordered(elements).count == elements.count)
  }
}
