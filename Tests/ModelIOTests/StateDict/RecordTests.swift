import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

/// What BackdoorBench's records say besides the weights.
@Suite("Records of BackdoorBench")
final class RecordTests {
  private typealias Builder = CheckpointBuilder
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "records-\(UUID())")
    try FileManager.default.createDirectory(
      at: folder.appending(path: "bd_test_dataset"), withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// A 64-bit integer of NumPy, as Python 3 pickles it in protocol 2.
  private static func scalar(_ value: Int) -> [UInt8] {
    let type =
      Builder.global("numpy", "dtype") + Builder.tuple([Builder.text("i8"), [0x89], [0x88]])
      + Array("R".utf8)
      + Builder.tuple([
        Builder.integer(3), Builder.text("<"), [0x4E], [0x4E], [0x4E], Builder.integer(0),
      ]) + Array("b".utf8)
    let characters = ArchiveBuilder.number(UInt64(bitPattern: Int64(value)), 8)
      .map { String(UnicodeScalar($0)) }.joined()
    let bytes =
      Builder.global("_codecs", "encode")
      + Builder.tuple([Builder.text(characters), Builder.text("latin1")]) + Array("R".utf8)
    return Builder.global("numpy._core.multiarray", "scalar") + Builder.tuple([type, bytes])
      + Array("R".utf8)
  }

  private static func list(_ items: [[UInt8]]) -> [UInt8] {
    Array("](".utf8) + items.flatMap { $0 } + Array("e".utf8)
  }

  /// Writes a record whose triggered images have these targets.
  private func write(
    _ targets: [[UInt8]], data: String = "cifar10", size: [UInt8]? = nil, form: Builder.Form = .zip
  ) throws {
    let images = targets.enumerated().flatMap { index, target in
      Self.scalar(index)
        + Builder.dictionary([
          ("path", Builder.text("\(index).png")),
          ("other_info", Self.list([target, Builder.integer(3)])),
        ])
    }
    let container = Builder.dictionary([
      ("data_dict", Array("}(".utf8) + images + Array("u".utf8))
    ])
    var builder = Builder(weights: [.init(name: "w", shape: [2], values: [1, 2])])
    builder.wrapper = ["model"]
    builder.others = [
      ("model_name", Builder.text("preactresnet18")), ("num_classes", Builder.integer(10)),
      ("img_size", size ?? Builder.tuple([32, 32, 3].map { Builder.integer($0) })),
      ("clean_data", Builder.text(data)), ("bd_train", [0x4E]),
      ("bd_test", Builder.dictionary([("bd_data_container", container)])),
    ]
    _ = try builder.write(form, to: folder.appending(path: "attack_result.pt"))
  }

  @Test("The target, the size and the normalization", arguments: [Sandbox.auto, .off])
  func facts(_ sandbox: Sandbox) throws {
    for form in [Builder.Form.zip, .legacy] {
      try write([Builder.integer(7), Self.scalar(7)], form: form)
      let record = try BackdoorRecord(folder: folder.path, sandbox: sandbox)
      #expect(record.target == 7 && record.dataSet == "cifar10")
      #expect(record.weights == folder.appending(path: "attack_result.pt").path)
      #expect(record.triggered == folder.appending(path: "bd_test_dataset").path)
      #expect(
        record.preprocessing
          == Preprocessing(
            scale: 1 / 255, mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.243, 0.261]))
      let file = try StateFile(FileDescriptor(record.weights), sandbox: sandbox)
      #expect(file.catalogue.record?.side == 32 && file.catalogue.findings.isEmpty)
      #expect(file.catalogue.wrapper == "model" && file.catalogue.tensors.map(\.name) == ["w"])
    }
  }

  @Test("What a record does not say")
  func gaps() throws {
    try write([Builder.integer(7), Self.scalar(8)], data: "mine")
    let several = try BackdoorRecord(folder: folder.path)
    #expect(several.target == nil && several.preprocessing == nil && several.dataSet == "mine")
    for target in [Self.scalar(-1), Builder.text("x"), [0x4E]] {
      try write([target])
      #expect(try BackdoorRecord(folder: folder.path).target == nil)
    }
    for size in [Builder.integer(32), Builder.tuple([Builder.integer(32)]), Self.list([])] {
      try write([Builder.integer(1)], size: size)
      let file = try StateFile(
        FileDescriptor(folder.appending(path: "attack_result.pt").path), sandbox: .off)
      #expect(file.catalogue.record?.side == nil && file.catalogue.record?.target == 1)
    }
    let plain = Builder(weights: [.init(name: "w", shape: [2], values: [1, 2])])
    _ = try plain.write(.zip, to: folder.appending(path: "attack_result.pt"))
    let error = #expect(throws: FileError.self) { try BackdoorRecord(folder: folder.path) }
    #expect(
      error?.problem
        == "is not what an attack of BackdoorBench writes; give a checkpoint as the model itself")
    #expect(throws: FileError.self) { try BackdoorRecord(folder: "/nowhere") }
  }
}
