@testable import ModelIO

/// Files of weights: archives and legacy files of PyTorch, safetensors, and pickles without a
/// checksum before them.
enum TorchTarget: FuzzTarget {
  private static func text(_ text: String) -> [UInt8] {
    [UInt8(ascii: "X"), UInt8(text.utf8.count), 0, 0, 0] + Array(text.utf8)
  }

  /// The pickle of one tensor of two numbers.
  private static func pickle(legacy: Bool) -> [UInt8] {
    let storage =
      Array("(".utf8) + text("storage") + Array("ctorch\nFloatStorage\nq\u{1}".utf8) + text("0")
      + text("cpu") + Array("K\u{2}".utf8) + (legacy ? Array("N".utf8) : []) + Array("tQ".utf8)
    let tensor =
      Array("ctorch._utils\n_rebuild_tensor_v2\n(".utf8) + storage
      + [75, 0, 75, 2, 0x85, 75, 1, 0x85, 0x89] + Array("ccollections\nOrderedDict\n)Rt".utf8)
      + Array("R".utf8)
    return [0x80, 2] + Array("}(".utf8) + text("net") + Array("}(".utf8) + text("w") + tensor
      + text("n") + [0x8A, 1, 255] + Array("uu.".utf8)
  }

  private static let numbers: [UInt8] = [0, 0, 128, 63, 0, 0, 0, 64]

  private static var legacy: [UInt8] {
    TorchLegacy.signature + [0x80, 2] + Array("M".utf8) + [0xE9, 3] + Array(".".utf8)
      + [0x80, 2] + Array("}".utf8) + text("little_endian") + [0x88] + Array("s.".utf8)
      + pickle(legacy: true) + [0x80, 2] + Array("]".utf8) + text("0") + Array("a.".utf8)
      + [2, 0, 0, 0, 0, 0, 0, 0] + numbers
  }

  private static var safetensors: [UInt8] {
    let header = Array("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}".utf8)
    return [UInt8(header.count), 0, 0, 0, 0, 0, 0, 0] + header + numbers
  }

  private static var archive: [UInt8] {
    func number(_ value: Int, _ size: Int) -> [UInt8] {
      (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var (file, directory): ([UInt8], [UInt8]) = ([], [])
    for (name, bytes) in [("a/data.pkl", pickle(legacy: false)), ("a/data/0", numbers)] {
      // Only read.
      let sum = Int(unsafe bytes.withUnsafeBytes { unsafe Inflater.checksum($0) })
      let fields =
        number(0, 8) + number(sum, 4) + number(bytes.count, 4) + number(bytes.count, 4)
        + number(name.utf8.count, 2)
      directory += number(0x0201_4B50, 4) + number(20, 2) + number(20, 2) + fields
      directory += number(0, 12) + number(file.count, 4) + Array(name.utf8)
      file += number(0x0403_4B50, 4) + number(20, 2) + fields + number(0, 2) + Array(name.utf8)
      file += bytes
    }
    return file + directory + number(0x0605_4B50, 4) + number(0, 4) + number(2, 2) + number(2, 2)
      + number(directory.count, 4) + number(file.count, 4) + [0, 0]
  }

  /// A pickle of an array of two bytes and a list of two numbers.
  private static var arrays: [UInt8] {
    func short(_ text: String) -> [UInt8] {
      [UInt8(ascii: "U"), UInt8(text.utf8.count)] + Array(text.utf8)
    }
    let array =
      Array("cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\u{0}".utf8) + [0x85]
      + short("b") + [0x87] + Array("R(K\u{1}K\u{2}".utf8) + [0x85]
    let type =
      Array("cnumpy\ndtype\n".utf8) + short("u1") + Array("K\u{0}K\u{1}".utf8) + [0x87]
      + Array("R(K\u{3}".utf8) + short("|") + Array("NNNtb".utf8)
    return [0x80, 2] + Array("}(".utf8) + short("data") + array + type + [0x89] + short("ab")
      + Array("tb".utf8) + short("labels") + Array("](K\u{1}K\u{2}eu.".utf8)
  }

  static var seeds: [[UInt8]] { [archive, legacy, safetensors, pickle(legacy: false), arrays] }

  static var words: [String] {
    [
      "ctorch", "ctorch._utils", "_rebuild_tensor_v2", "_rebuild_parameter", "Size", "FloatStorage",
      "HalfStorage", "ccollections", "OrderedDict", "cos", "system", "storage", "F16", "BF16",
      "shape", "data_offsets", "__metadata__", "cnumpy", "_reconstruct", "ndarray", "dtype",
      "_frombuffer", "u1", "i8",
    ]
  }

  static func parse(_ bytes: [UInt8]) {
    let catalogue = StateParser.catalogue(
      of: StateContent(size: bytes.count) { offset, count throws(FileError) in
        Array(bytes[offset..<offset + count])
      })
    precondition(catalogue.refusal == nil || catalogue.tensors.isEmpty)
    precondition(catalogue.tensors.allSatisfy { $0.fits(in: bytes.count) })
    let again = try? StateCatalogue(message: catalogue.message)
    precondition(again == catalogue)
    let arrays = ArrayPickle.catalogue(of: bytes)
    precondition(arrays.refusal == nil || arrays.entries.isEmpty)
    let same = try? PickledArrays.Catalogue(message: arrays.message)
    precondition(same == arrays)
    for case .stored(let type, let shape, _, let offset) in arrays.entries.map(\.content) {
      let size = NumpyType(type)?.size ?? 0
      precondition(offset + shape.reduce(size, *) <= bytes.count && size > 0)
    }
    // Without a container, whose checksums the fuzzer would have to guess.
    var machine = PickleMachine(bytes)
    guard let root = try? machine.run() else { return }
    let found = try? StateDictionary(machine, root: root) { _ throws(StateRefusal) in 0 }
    for tensor in found?.tensors ?? [] { precondition(tensor.extent != nil) }
  }
}
