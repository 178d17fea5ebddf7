import DefenseKit
import FinePruning
import Foundation
import InferenceGraph
import ModelIO
import NetworkTraining
import Testing

@testable import RunnerKit

@Suite("Errors as the user sees them")
struct ErrorLineTests {
  static let lines: [(error: any Error & Sendable, status: Int32, line: String)] = [
    // Subjects.
    (
      PluginError(option: "learning-rate", of: "anp", "takes a number over 0"), 64,
      "anp.learning-rate takes a number over 0"
    ),
    (
      PluginError(option: "heldOut", of: "anp", "takes a share"), 64, "anp.held-out takes a share"
    ),
    (
      TrainingError("is 0, but takes a positive integer", about: .option("batchSize")), 65,
      "--batch is 0, but takes a positive integer"
    ),
    (
      TrainingError("is 9", about: .option("augmentation.shift")), 65, "--shift is 9"
    ),
    (TrainingError("the training diverged"), 65, "the training diverged"),
    (PluginError(.unsuitableModel, "needs more", about: .plugin("x")), 65, "x needs more"),
    (PluginError(.unknownPlugin, "is unknown", about: .plugin("x")), 64, "x is unknown"),
    (PluginError(.duplicatePlugin, "is double", about: .plugin("x")), 70, "x is double"),
    (GraphError(node: "n", "a"), 65, "layer 'n': a"),
    (GraphError(node: "n", "a", kind: .tooLarge), 65, "layer 'n': a (graph-size)"),
    (SampleError(index: 3, "a"), 65, "image 3: a"),
    (
      DataError(SampleError(index: 3, "a"), in: "c.h5"), 65,
      "c.h5: image 3: a; repair the file or leave the image out"
    ),
    (DataError("holds no images", about: .dataSet("c.h5")), 65, "c.h5: holds no images"),
    // Kinds of files' errors.
    (FileError(.usage, path: "f", "a"), 64, "f: a"),
    (FileError(.badData, path: "f", "a"), 65, "f: a"),
    (FileError(.missingInput, path: "", "a"), 66, "'': a"),
    (FileError(.unavailable, path: "f", "a"), 69, "f: a"),
    (FileError(.cannotWrite, path: "f", "a"), 73, "f: a"),
    (FileError(.writeFailed, path: "f", "a"), 74, "f: a"),
    (
      MemoryError(bytes: 5 << 20, for: "running on 2 threads", remedies: [.lower("threads")]), 71,
      "running on 2 threads takes about 5 MiB of memory, more than the system provides; lower "
        + "--threads or raise the memory limit (ulimit -v)"
    ),
    // Remedies.
    (
      DataError("a", remedies: [.set("layout", to: ["nchw", "nhwc"])]), 65,
      "a; use --layout nchw or --layout nhwc"
    ),
    (
      DataError("a", remedies: [.set("preprocessing.scale", to: ["1/255"]), .check("layout")]), 65,
      "a; use --scale 1/255 or check --layout"
    ),
    (
      DataError("a", remedies: [.set("layer", of: "clp", to: ["b", "c"])]), 65,
      "a; set clp.layer to b or c"
    ),
    (
      DataError("a", remedies: [.raise("rate"), .lower("cleanShare"), .omit("mode")]), 65,
      "a; raise --rate, lower --clean-share or leave --mode out"
    ),
    (DataError("a", remedies: [.lower("batch", of: "anp")]), 65, "a; lower anp.batch"),
    (DataError("a", remedies: [.give("some", for: "clean")]), 65, "a; give some with --clean"),
    (
      DataError("a", remedies: [.usePlugin("x", as: "data-set-detector")]), 65,
      "a; use --data-set-detector x"
    ),
    (
      DataError("a", remedies: [.usePlugin("x", as: "verdict")]), 65,
      "a; use --verdict x or the command 'scan'"
    ),
    (
      DataError("a", remedies: [.usePlugin("x", as: "attack")]), 65,
      "a; use the command 'attack x'"
    ),
    (DataError("a", remedies: [.advice("wait")]), 65, "a; wait"),
    (Failure(option: "--resume", "needs --checkpoint"), 64, "--resume needs --checkpoint"),
  ]

  @Test("Exit status and line", arguments: lines.indices)
  func line(_ index: Int) {
    let (error, status, line) = Self.lines[index]
    let failure = Failure(error)
    #expect(failure.status == status)
    #expect(failure.message == line)
  }

  @Test("A reader that has gone away gets no line")
  func readerGone() {
    let failure = Failure(FileError(.readerGone, path: "f", "a"))
    #expect(failure.status == 141 && failure.message == nil)
  }

  @Test("A worker's failures name files without their folders")
  func paths() {
    let failure = Failure(FileError(.badData, path: "/a/b/c.h5", "is empty")) { _ in "c.h5" }
    #expect(failure.message == "c.h5: is empty")
  }

  @Test("A plan's error about an option names the option's line")
  func plan() throws {
    let text = """
      defenses:
        - name: fine-pruning
          options:
            epochs: 0
            drops: many
      """
    let root = try YAMLFile.parse(text, from: "p.yaml")
    let error = #expect(throws: Failure.self) {
      try ComparisonPlan(root, plugins: PluginSet([FinePruning.self]))
    }
    #expect(error?.status == 64)
    #expect(
      error?.message
        == "p.yaml:5: fine-pruning.drops takes numbers separated by commas, not 'many' "
        + "(default: 2,4,10)")
  }

  @Test("The line of a configuration file follows from the subject alone")
  func places() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/c.yaml"
    let text = """
      model: m.h5
      clean: c.h5
      layout: nchw
      defense: [clp, theirs]
      option:
        clp: {u: 3}
        theirs:
          noise-level: 2
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    let file = try ConfigFile(["--config", path], of: CommandInfo.root())
    func line(_ error: any Error) -> String? { file.placed(Failure(error)).message }
    // A third party's plugin, whatever its message says.
    #expect(
      line(PluginError(option: "noise-level", of: "theirs", "takes 0 or 1"))
        == "theirs.noise-level takes 0 or 1 (\(path):8)")
    #expect(
      line(PluginError(.badOption, "goes wrong", about: .option("noiseLevel", of: "theirs")))
        == "theirs.noise-level goes wrong (\(path):8)")
    #expect(line(PluginError(option: "u", of: "clp", "takes 1")) == "clp.u takes 1 (\(path):6)")
    #expect(
      line(PluginError(.unknownPlugin, "is unknown", about: .plugin("theirs")))
        == "theirs is unknown (\(path):4)")
    #expect(line(FileError(.missingInput, path: "m.h5", "is gone")) == "m.h5: is gone (\(path):1)")
    #expect(
      line(FileError(.usage, path: "x.h5", "mentions --layout 'nchw' and m.h5"))
        == "x.h5: mentions --layout 'nchw' and m.h5")
    #expect(
      line(Failure(option: "--layout", "does not fit")) == "--layout does not fit (\(path):3)")
    #expect(
      GivenOptions.subject(
        ofParserMessage: "The value 'x' is invalid for '--seed <n>'",
        for: try CommandInfo.root().command(in: []).command) == .option("seed"))
    // What is wrong with a file's contents is not wrong with the configuration.
    #expect(line(FileError(.badData, path: "m.h5", "is empty")) == "m.h5: is empty")
  }
}
