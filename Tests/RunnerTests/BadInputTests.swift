import DefenseKit
import Foundation
import Testing

@testable import ModelIO

/// What a user may get wrong, given to the whole program: one line, the right status, nothing left.
@Suite("Bad input")
struct BadInputTests {
  @Test("The good files are good")
  func good() throws {
    let place = try BadInputPlace.make()
    let result = try RunnerProgram.run([
      "--defense", "fine-pruning", "--option", "fine-pruning.epochs=0", "--model", place.model,
      "--clean", place.good, "--test",
      place.test, "--output", place.path("out"),
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(try Data(contentsOf: URL(filePath: place.model)).isEmpty == false)
  }

  @Test("Files that are missing, unreadable, or something else")
  func files() throws {
    let place = try BadInputPlace.make()
    try place.fails(66, "no.h5: no such file", model: place.path("no.h5"))
    try place.fails(66, "no.h5: no such file", clean: place.path("no.h5"))
    try place.fails(66, "is a folder", model: place.folder.path)
    try place.fails(65, "is not an HDF5 file", model: place.text("t.h5", "hello"))
    try place.fails(65, "is empty", clean: place.text("e.h5", ""))
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    try place.fails(65, "git lfs pull", model: place.text("p.h5", pointer))
    try place.fails(65, "git lfs pull", clean: place.text("p.h5", pointer))
    try place.fails(65, "holds no Keras model", model: place.good)
    try place.fails(65, "is it a model?", clean: place.model)
    if getuid() != 0 {
      let locked = try place.text("locked.h5", "x")
      try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: locked)
      try place.fails(66, "permission denied", model: locked)
    }
  }

  @Test("Data sets that do not fit the model")
  func data() throws {
    let place = try BadInputPlace.make()
    let six: [Float] = [0, 1, 2, 0, 1, 2]
    let shape = Tensor(shape: [6, 3, 2, 1], repeating: 1)
    try place.fails(
      65, "but the model takes", clean: place.data("shape", images: shape, labels: six))
    try place.fails(
      65, "has class 3",
      clean: place.data("range", images: place.images(6), labels: [0, 1, 2, 0, 1, 3]))
    try place.fails(
      65, "labels for 6 images",
      clean: place.data("count", images: place.images(6), labels: [0, 1]))
    try place.fails(
      65, "has no data set 'label'", clean: place.data("bare", images: place.images(6), labels: nil)
    )
    try place.fails(
      65, "has no images",
      clean: place.data("none", images: Tensor(shape: [0, 2, 2, 1], values: []), labels: []))
    var values = place.images(6).values
    values[13] = .nan
    let holed = Tensor(shape: [6, 2, 2, 1], values: values)
    let nan = try place.data("nan", images: holed, labels: six)
    try place.fails(65, "image 3", clean: nan)
    try place.fails(65, "image 3", ["--test", nan])
    try place.fails(65, "image 3", ["--poisoned", nan])
  }

  @Test("Models that hold code, unknown layers, NaN, or weights that do not fit")
  func models() throws {
    let place = try BadInputPlace.make()
    func model(_ name: String, _ layer: String, _ settings: String) throws -> String {
      let file = try HDF5Writer(path: place.path(name))
      let config = """
        {"class_name": "Sequential", "config": {"name": "s", "layers": [
          {"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [null, 2, 2, 1]}},
          {"class_name": "Flatten", "config": {"name": "f"}},
          {"class_name": "\(layer)", "config": {"name": "odd", \(settings)}}]}}
        """
      try file.write(config, attribute: "model_config")
      try file.write("2.15.0", attribute: "keras_version")
      try file.makeGroup("model_weights")
      let names = layer == "Dense" ? ["odd"] : []
      try file.write(names, attribute: "layer_names", in: "/model_weights")
      if layer == "Dense" {
        try file.makeGroup("model_weights/odd/odd")
        try file.write(["odd/kernel:0"], attribute: "weight_names", in: "/model_weights/odd")
        let isNaN = name.hasPrefix("nan")
        let kernel = Tensor(shape: [isNaN ? 4 : 5, 3], repeating: isNaN ? .nan : 1)
        try file.write(kernel, to: "model_weights/odd/odd/kernel:0")
      }
      try AtomicFile.write(try file.image(), to: place.path(name))
      return place.path(name)
    }
    let dense = #""units": 3, "use_bias": false, "activation": "softmax""#
    try place.fails(
      65, "layer 'odd' (Lambda): a Lambda layer is code in the file, which is never run",
      model: model("lambda.h5", "Lambda", #""function": ["4wEA", null, null]"#))
    try place.fails(
      65, "layer 'odd' (Strange): its class is unknown",
      model: model("strange.h5", "Strange", #""units": 3"#))
    try place.fails(65, "shape [5, 3], but needs [4, 3]", model: model("fit.h5", "Dense", dense))
    try place.fails(65, "is nan at position 0", model: model("nan.h5", "Dense", dense))
  }

  @Test("An output folder with other results needs --force, and gets it")
  func force() throws {
    let place = try BadInputPlace.make()
    let arguments = [
      "--defense", "fine-pruning", "--option", "fine-pruning.epochs=0", "--model", place.model,
      "--clean", place.good, "--output",
      place.path("out"),
    ]
    #expect(try RunnerProgram.run(arguments).status == 0)
    try place.fails(73, "--force")
    #expect(try RunnerProgram.run(arguments + ["--force"]).status == 0)
  }

  @Test("A full disk ends with status 74 and leaves nothing")
  func fullDisk() throws {
    let place = try BadInputPlace.make()
    let before = try place.folder.names
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    // No file may grow over 1 KiB; without the trap the system would end the program.
    process.arguments = [
      "-c", #"trap '' XFSZ; ulimit -f 1; exec "$0" "$@""#, try RunnerProgram.path().path,
      "--defense", "fine-pruning", "--option", "fine-pruning.epochs=0", "--model", place.model,
      "--clean", place.good, "--output",
      place.path("out"),
    ]
    let errors = Pipe()
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 74, "\(text)")
    #expect(text.contains(place.path("out")))
    #expect(text.split(separator: "\n").count == 1)
    #expect(try place.folder.names == before)
  }

  @Test("A program that is ended at any moment leaves its results whole or not at all")
  func interruption() throws {
    let place = try BadInputPlace.make()
    let before = try place.folder.names
    let arguments = [
      "--defense", "fine-pruning", "--option", "fine-pruning.epochs=0", "--detector", "goodnet",
      "--model", place.model, "--clean",
      place.good, "--output", place.path("out"),
    ]
    let start = ContinuousClock.now
    #expect(try RunnerProgram.run(arguments).status == 0)
    let whole = ContinuousClock.now - start
    try FileManager.default.removeItem(atPath: place.path("out"))
    for part in 0..<24 {
      let process = Process()
      process.executableURL = try RunnerProgram.path()
      process.arguments = arguments
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      Thread.sleep(forTimeInterval: whole / .seconds(1) * Double(part) / 20)
      process.terminate()
      process.waitUntilExit()
      let isThere = FileManager.default.fileExists(atPath: place.path("out"))
      // Hidden folders would be seen too.
      #expect(try place.folder.names == (before + (isThere ? ["out"] : [])).sorted())
      guard isThere else { continue }
      let names = try FileManager.default.contentsOfDirectory(atPath: place.path("out"))
      #expect(names.contains("report.json") && names.contains("curve.svg"), "\(names)")
      try FileManager.default.removeItem(atPath: place.path("out"))
    }
  }
}
