import Foundation
import InferenceGraph
import NetworkTraining
import LabFiles
import Testing

@testable import ModelIO

/// What is said about files that are no data sets, and what comes of doing it.
@Suite("Advice on data files, carried out", .enabled(if: Lab.runsPython))
struct DataAdviceTests {
  let folder: URL

  init() throws { folder = try #require(Fixtures.storage) }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  private func message(_ path: String) -> String {
    let error = #expect(throws: FileError.self) {
      try DataSet.load(path, for: [28, 28, 1], classCount: 5)
    }
    return error?.problem ?? ""
  }

  /// Carries out the command between backticks of a message, in a folder of its own with copies of files.
  private func follow(_ message: String, with names: [String]) throws -> URL {
    let place = FileManager.default.temporaryDirectory.appending(path: "defensekit-\(UUID())")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    for name in names {
      try FileManager.default.copyItem(
        at: folder.appending(path: name), to: place.appending(path: name))
    }
    let command = try #require(message.split(separator: "`").dropFirst().first)
      .replacing("\(folder.path)/", with: "")
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = ["-c", String(command)]
    // The Python that has what the commands import.
    var environment = ProcessInfo.processInfo.environment
    let programs = try #require(Lab.python).deletingLastPathComponent().path
    environment["PATH"] = "\(programs):\(environment["PATH"] ?? "")"
    shell.environment = environment
    shell.currentDirectoryURL = place
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 0, "\(command)")
    return place
  }

  /// A way of the advice: the file, others that it needs, what it says before the command, and the outcome.
  static let ways: [(String, [String], String, String, [Int])] =
    [
      (
        "images.npy", ["LABELS.npy"],
        "has no array 'label' with the images' classes (it is one array); put images and labels into "
          + "one file: ", "images.npz", [28, 28, 1]
      ),
      (
        "images-idx3-ubyte", ["LABELS"],
        "is an IDX file, the format of MNIST: images or labels alone; put both into one file: ",
        "images-idx3-ubyte.h5", [28, 28, 1]
      ),
      (
        "right.h5.gz", [], "is packed with gzip; unpack it with ", "NEW", [28, 28, 1]
      ),
      ("right.tar", [], "is a tar archive; unpack it with ", "inner.h5", [28, 28, 1]),
      (
        "batch-2.pkl", [],
        "is a Python pickle whose arrays are written as text, and is not read; loading it runs what is "
          + "in it; if you trust it, convert it; a batch of CIFAR-10 like this: ", "batch-2.h5",
        [32, 32, 3]
      ),
    ]

  @Test("A batch of CIFAR-10 in other pickles is read as it is", arguments: 3...5)
  func batches(protocol version: Int) throws {
    let set = try DataSet.load(path("batch-\(version).pkl"), for: [32, 32, 3], classCount: 5)
    #expect(set.labels == [0, 1, 2, 3, 4])
  }

  @Test("Conversions", arguments: ways)
  func conversions(
    _ name: String, _ others: [String], _ words: String, _ result: String, _ shape: [Int]
  ) throws {
    let message = message(path(name))
    #expect(message.hasPrefix(words + "`"), "\(message)")
    let place = try follow(message, with: [name] + others)
    defer { try? FileManager.default.removeItem(at: place) }
    let set = try DataSet.load(
      place.appending(path: result).path, for: shape, classCount: 5)
    #expect(set.labels == [0, 1, 2, 3, 4])
    guard shape[2] == 1 else { return }
    let right = try DataSet.load(path("right.h5"), for: shape, classCount: 5)
    #expect(try set.fingerprints() == right.fingerprints())
  }

  @Test(
    "Kinds that there is no conversion for, in whole lines",
    arguments: [
      ("m.keras", "is a Keras model (.keras), a model and no data set; give "),
      ("t.pt", "is a file of PyTorch, not HDF5; give "),
      ("n.onnx", "is an ONNX model, a model and no data set; give "),
      ("n.tflite", "is a TensorFlow Lite model, a model and no data set; give "),
      ("saved", "is a SavedModel folder of TensorFlow, a model and no data set; give "),
      (
        "saved/saved_model.pb",
        "is the graph of a TensorFlow SavedModel, a model and no data set; give "
      ),
      ("folder", "is a folder without PNG, JPEG or PPM images; give "),
      ("p.png", "is a PNG image, not a data set; give "),
      ("p.jpg", "is a JPEG image, not a data set; give "), ("j.json", "is JSON, not HDF5; give "),
      ("empty", "is empty; give "),
    ])
  func kinds(_ name: String, _ words: String) {
    #expect(
      message(path(name))
        == words + "an HDF5 file with the images in 'data' and their classes in 'label'")
  }

  @Test("A zip archive")
  func zip() throws {
    let message = message(path("right.zip"))
    guard Tool.exists("unzip") else { return }
    let place = try follow(message.replacing("unzip", with: "unzip -q"), with: ["right.zip"])
    defer { try? FileManager.default.removeItem(at: place) }
    let set = try DataSet.load(
      place.appending(path: "inner.h5").path, for: [28, 28, 1], classCount: 5)
    #expect(set.count == 5)
  }

  @Test("Others, in whole lines")
  func others() {
    #expect(
      message(path("right.zip"))
        == "is a zip archive; unpack it with `unzip \(path("right.zip"))`, and give what is in it")
    #expect(
      message(path("lfs.h5"))
        == "is a Git LFS pointer, not the file itself; run `git lfs pull`")
    #expect(
      message(path("old.mat"))
        == "is a MATLAB file older than version 7.3, which is no HDF5; save it with '-v7.3' in MATLAB"
    )
    #expect(
      message(path("t.csv"))
        == "is not an HDF5 file, or a damaged one; check it with `h5ls` or copy it again (h5-damaged)"
    )
  }

  @Test("Names that a shell would take for something else are left out of commands")
  func names() {
    #expect(FileKind.names("a/b.npz") == ("a/b.npz", "a/b.h5"))
    #expect(FileKind.names("a.b/c") == ("a.b/c", "a.b/c.h5"))
    #expect(FileKind.names("x.h5") == ("x.h5", "x-new.h5"))
    for odd in ["a b.npz", "a'b.npz", "$(rm).npz", "a`b`", "é.npz", "a\"b", "a;b"] {
      #expect(FileKind.names(odd) == ("OLD", "NEW.h5"))
    }
  }

  @Test(
    "Filters that are built into libhdf5, and other bytes in front: HDF5's own tools",
    arguments: [
      (
        "szip",
        "its data set 'data' uses the filter 4 (szip), which no Keras file has; repack it with "
          + "`h5repack -f GZIP=4 OLD.h5 NEW.h5` (h5-filter)"
      ),
      (
        "scaleoffset",
        "its data set 'data' uses the filter 6 (scale-offset), which no Keras file has; repack it "
          + "with `h5repack -f GZIP=4 OLD.h5 NEW.h5` (h5-filter)"
      ),
      (
        "block",
        "has other bytes before the HDF5 file; remove them with `h5unjam -i OLD.h5 -o NEW.h5 --delete` "
          + "(h5-user-block)"
      ),
    ])
  func tools(_ name: String, _ words: String) throws {
    let error = #expect(throws: FileError.self) {
      try DataSet.load(path("\(name).h5"), for: [6, 5, 3], classCount: 4)
    }
    #expect(error?.problem == words)
    guard Tool.exists(name == "block" ? "h5unjam" : "h5repack") else { return }
    let place = try follow(
      (error?.problem ?? "").replacing("OLD.h5", with: "\(name).h5"), with: ["\(name).h5"])
    defer { try? FileManager.default.removeItem(at: place) }
    let file = place.appending(path: "NEW.h5").path
    let set = try DataSet.load(file, for: [6, 5, 3], classCount: 4)
    let plain = try DataSet.load(
      file, for: [6, 5, 3], classCount: 4, keys: DataKeys("plain,classes"))
    #expect(try set.fingerprints() == plain.fingerprints())
  }

  @Test("Filters that are not: Python, which copies all data sets or fails")
  func plugins() {
    #expect(
      HDF5Filter.advice(HDF5Filter.words(32001))
        == "write it again with Python and its package hdf5plugin: `python3 -c \"import h5py, hdf5plugin; "
        + "h5py.File('NEW.h5', 'w').update({k: v[()] for k, v in h5py.File('OLD.h5').items()})\"`")
    #expect(HDF5Filter.words(32001) == "32001 (Blosc)" && HDF5Filter.words(99) == "99")
  }

  @Test("A file whose writer was ended: h5clear")
  func unfinished() throws {
    let message = message(path("swmr.h5"))
    #expect(
      message
        == "is marked as open for writing, perhaps by a program that was ended; if no program writes "
        + "to it, run `h5clear -s \(path("swmr.h5"))`")
    guard Tool.exists("h5clear") else { return }
    let place = try follow(message, with: ["swmr.h5"])
    defer { try? FileManager.default.removeItem(at: place) }
    let set = try DataSet.load(
      place.appending(path: "swmr.h5").path, for: [6, 5, 3], classCount: 4)
    #expect(set.count == 4)
  }

  @Test("A SavedModel folder given as a model")
  func savedModel() {
    let error = #expect(throws: FileError.self) { try KerasModel.load(path("saved")) }
    #expect(
      error?.problem
        == "is a SavedModel folder of TensorFlow; convert it: `pip install tf2onnx` and "
        + "`python3 -m tf2onnx.convert --saved-model \(path("saved")) --output \(path("saved")).onnx`"
    )
  }
}

/// Programs of the system that a message may name.
private enum Tool {
  static func exists(_ name: String) -> Bool {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
  }
}
