import Foundation
import InferenceGraph
import LabFiles
import Testing

@testable import ModelIO

/// Files that are not what they should be, and what is said about them.
final class BadFileTests {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "defensekit-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func file(_ name: String, _ contents: String) throws -> String {
    let url = folder.appending(path: name)
    try Data(contents.utf8).write(to: url)
    return url.path
  }

  func error(_ path: String) -> FileError? {
    #expect(throws: FileError.self) { try KerasModel.load(path) }
  }

  @Test func missing() throws {
    let error = error("/nowhere/model.h5")
    #expect(error?.description == "/nowhere/model.h5: no such file; check the path")
    #expect(error?.kind == .missingInput)
  }

  @Test func folderInsteadOfFile() throws {
    let error = error(folder.path)
    #expect(error?.problem == "is a folder; give the file in it")
    #expect(error?.kind == .missingInput)
  }

  @Test func gitPointer() throws {
    let path = try file(
      "m.h5", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    let error = error(path)
    #expect(error?.problem == "is a Git LFS pointer, not the file itself; run `git lfs pull`")
    #expect(error?.kind == .badData)
  }

  @Test func notHDF5() throws {
    let message =
      "is not an HDF5 file, or a damaged one; check it with `h5ls` or copy it again (h5-damaged)"
    #expect(try error(file("m.h5", "hello"))?.problem == message)
    #expect(try error(file("m.h5", "\u{89}HDF\r\n\u{1a}\n"))?.problem == message)
    #expect(try error(file("e.h5", ""))?.problem == "is empty")
  }

  /// Files of other kinds are said to be that, and not to be damaged.
  @Test(arguments: [
    (
      "PK\u{3}\u{4}" + String(repeating: "\0", count: 60),
      "is a zip archive, not HDF5; unpack it and give the .h5 file in it"
    ),
    (
      "{}",
      "is JSON, not HDF5; it may be the architecture for a file of weights"
    ),
  ])
  func otherKinds(_ contents: String, _ message: String) throws {
    let path = try file("m.h5", contents)
    #expect(error(path)?.problem == message)
    let audit = try KerasModel.audit(path)
    #expect(audit.findings == [Finding(.fileKind, message)])
    #expect(audit.failure?.problem == message)
  }

  @Test func liteModel() throws {
    let path = try file("m.tflite", "\u{1}\0\0\0TFL3")
    let stem = path.dropLast(".tflite".count)
    #expect(
      error(path)?.problem
        == "is a TensorFlow Lite model; convert it: `pip install tf2onnx` and `python3 -m "
        + "tf2onnx.convert --tflite \(path) --output \(stem).onnx`")
  }

  @Test func otherKindsByBytes() throws {
    let kinds: [(bytes: [UInt8], message: String)] = [
      ([0x1F, 0x8B, 8, 0], "is packed with gzip; unpack it with `gunzip`"),
      (
        [0x80, 2, 0x8A, 10],
        "is a Python pickle; only models of Keras and ONNX, programs of torch.export and weights of "
          + "PyTorch are read"
      ),
      ([8, 3, 0x12, 4], "is an ONNX model, which does not hold a network of Keras"),
      (
        [0x93] + Array("NUMPY".utf8),
        "is a NumPy array (.npy), which holds no model; give a model that Keras saved as .h5"
      ),
    ]
    for (bytes, message) in kinds {
      let url = folder.appending(path: "kind.h5")
      try Data(bytes).write(to: url)
      #expect(error(url.path)?.problem == message)
      #expect(try KerasModel.audit(url.path).findings == [Finding(.fileKind, message)])
    }
  }

  @Test(.enabled(if: Lab.runsLab))
  func brokenArchitecture() throws {
    let path = try file("m.json", #"{"class_name": "Sequential", "class_name": 1}"#)
    let lab = try #require(Lab.folder).appending(path: "bd_weights.h5").path
    let error = #expect(throws: FileError.self) { try KerasModel.load(lab, architecture: path) }
    #expect(
      error?.description == "\(path): its model configuration is not valid JSON: the key "
        + "'class_name' is there twice at byte 44 (keras-duplicate-key)")
  }

  @Test func deepNesting() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: JSONError.self) { try JSONParser.parse(deep) }
  }

  @Test func json() throws {
    let text = #"{"a": [1, -2.5e-3, NaN, -Infinity, true, null], "b": "\u00e9\ud83d\ude00\n\"/"}"#
    let value = try JSONParser.parse(text)
    #expect(value["b"]?.string == "é😀\n\"/")
    #expect(value["a"]?[1]?.number == -0.0025)
    #expect(value["a"]?[2]?.number?.isNaN == true)
    #expect(value.pythonText.contains(#""b": "\u00e9\ud83d\ude00\u000a\"/""#))
    for bad in ["", "{", "[1,]", "{\"a\" 1}", "tru", "[1] 2", "\"\\x\"", "1e", "{'a': 1}"] {
      #expect(throws: JSONError.self) { try JSONParser.parse(bad) }
    }
  }

  @Test func failedWritesLeaveNothing() throws {
    var graph = try Graph(inputShape: [2])
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [2, 2], repeating: 1))), inputs: [0])
    let model = Model(graph: graph)
    var error = #expect(throws: FileError.self) {
      try KerasModel.save(model, to: "\(folder.path)/none/m.h5")
    }
    #expect(
      error?.problem == "cannot be written: no such folder (\(folder.path)/none); create it first")
    #expect(error?.kind == .cannotWrite)
    error = #expect(throws: FileError.self) { try KerasModel.save(model, to: folder.path) }
    #expect(error?.kind == .cannotWrite)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    try KerasModel.save(model, to: "\(folder.path)/m.h5")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["m.h5"])
  }

  @Test func textIsWrittenWhole() throws {
    let path = try file("t", "before")
    let link = folder.appending(path: "link").path
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    let text = String(repeating: "é\n", count: 100_000)
    try AtomicFile.write(text, to: link)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o640)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["link", "t"])
  }

  /// Needs a file system of 100 kB at the folder that the variable names.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["DEFENSEKIT_SMALL_DISK"] != nil))
  func fullDisk() throws {
    let disk = ProcessInfo.processInfo.environment["DEFENSEKIT_SMALL_DISK"]!
    var graph = try Graph(inputShape: [300])
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [300, 300], repeating: 1))), inputs: [0])
    let model = Model(graph: graph)
    for action in [
      { try KerasModel.save(model, to: "\(disk)/m.h5") },
      { try AtomicFile.write(String(repeating: "x", count: 1 << 20), to: "\(disk)/x") },
    ] {
      let error = #expect(throws: FileError.self) { try action() }
      #expect(error?.problem == "cannot be written: the disk is full; make room or write elsewhere")
      #expect(error?.kind == .writeFailed)
      #expect(try FileManager.default.contentsOfDirectory(atPath: disk).isEmpty)
    }
  }

  @Test func digest() throws {
    let path = try file("abc", "abc")
    #expect(
      try sha256(ofFile: path)
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
