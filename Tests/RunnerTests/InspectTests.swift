import DefenseKit
import Foundation
import GoodNet
import LabFiles
import Testing

@testable import ModelIO

/// `inspect` on honest files and hostile ones, by whole output.
@Suite("inspect")
struct InspectTests {
  /// A model of one dense layer named `name`, whose class may be another, with these weights.
  static func write(
    _ path: String, name: String = "out", className: String = "Dense", weights: [Float]? = nil
  ) throws {
    let kernel = Tensor(
      shape: [4, 3], values: weights ?? (0..<12).map { Float(($0 * 7) % 12) / 10 - 0.5 })
    let layer: JSON = [
      "class_name": .string(className),
      "config": [
        "name": .string(name), "units": 3, "use_bias": false, "activation": "softmax",
      ],
    ]
    let input: JSON = [
      "class_name": "InputLayer", "config": ["name": "in", "batch_input_shape": [.null, 4]],
    ]
    let config: JSON = [
      "class_name": "Sequential", "config": ["name": "small", "layers": [input, layer]],
    ]
    let file = try HDF5Writer(path: path)
    try file.write(config.pythonText, attribute: "model_config")
    try file.makeGroup("model_weights/\(name)")
    try file.write([name], attribute: "layer_names", in: "/model_weights")
    try file.write(["kernel:0"], attribute: "weight_names", in: "/model_weights/\(name)")
    try file.write(kernel, to: "model_weights/\(name)/kernel:0")
    try AtomicFile.write(try file.image(), to: path)
  }

  @Test("A file without findings: the listing, status 0, and no promise")
  func clean() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/m.h5"
    try Self.write(path)
    let result = try RunnerProgram.run(["inspect", path])
    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(
      result.output == """
        layer  operation       reads  shape  parameters  KiB
        ────────────────────────────────────────────────────
        in     input                      4              0.0
        out    dense, softmax  in         3          12  0.0

        classes          3
        parameters       12
        multiply-adds    12 per image
        prunable layers  none
        pruned first     none: there is no convolution
        can be written   as keras, onnx
        SHA-256          \(try sha256(ofFile: path))

        No findings. This does not prove that there is no backdoor.

        """)
  }

  @Test("Findings: status 1, one line each, names with nothing in them that a terminal obeys")
  func findings() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/m.h5"
    let name = "a\u{1B}[31m\u{202E}\u{9B}b"
    var weights = (0..<12).map { Float(($0 * 7) % 12) / 10 - 0.5 }
    (weights[3], weights[7]) = (.nan, 50_000)
    try Self.write(path, name: name, weights: weights)
    let result = try RunnerProgram.run(["inspect", path])
    #expect(result.status == 1)
    #expect(result.errors == "")
    let shown = #"a\u{1b}[31m\u{202e}\u{9b}b"#
    #expect(
      result.output == """
        layer                       operation       reads  shape  parameters  KiB
        ─────────────────────────────────────────────────────────────────────────
        in                          input                      4              0.0
        \(shown)  dense, softmax  in         3          12  0.0

        classes          3
        parameters       12
        multiply-adds    12 per image
        prunable layers  none
        pruned first     none: there is no convolution
        can be written   as keras, onnx
        SHA-256          \(try sha256(ofFile: path))

        Findings: 1 error, 1 warning

        error: layer '\(shown)' (Dense): its weight 'kernel' is nan at position 3 (1 of its 12 \
        values are not finite); the model is damaged or its training diverged \
        [weights-nonfinite, AML.T0031]
        warning: layer '\(shown)': 1 of the 12 values of its kernel stands out, up to 50000.0; the \
        median magnitude of the others is 0.3 [weights-extreme, AML.T0018.000]

        """)
    for option in ["--json", "--sarif"] {
      let text = try RunnerProgram.run(["inspect", path, option]).output
      #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !$0.isHidden })
    }
  }

  @Test("Notes, which honest files have too: status 0")
  func notes() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/m.h5"
    try Self.write(path, className: "ConvLSTM2D")
    let unsupported = try RunnerProgram.run(["inspect", path])
    #expect(unsupported.status == 0)
    #expect(unsupported.errors == "")
    #expect(
      unsupported.output == """
        No model can be built from \(path).

        Findings: 1 note

        note: layer 'out' (ConvLSTM2D): this class of layer is not supported [keras-unsupported, \
        AML.T0010.003]

        """)
    // A kernel of small weights and a large one.
    var weights = (0..<12).map { Float(($0 * 7) % 12) / 1000 - 0.005 }
    weights[3] = 20.5
    try Self.write(path, weights: weights)
    let large = try RunnerProgram.run(["inspect", path])
    #expect(large.status == 0)
    #expect(large.output.contains("\n\nFindings: 1 note\n\nnote: layer 'out': 1 of the 12 values"))
  }

  @Test("A file that cannot be read: findings on standard output, one line of error, status 65")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/m.h5"
    try Data("hello".utf8).write(to: URL(filePath: path))
    let result = try RunnerProgram.run(["inspect", path])
    #expect(result.status == 65)
    #expect(result.errors.hasPrefix("runner: \(path): could not be read to its end: "))
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(result.output.hasPrefix("No model can be built from \(path).\n\nFindings: 1 error\n\n"))
    #expect(result.output.hasSuffix(" [h5-damaged, AML.T0076]\n"))
    #expect(try RunnerProgram.run(["inspect", path, "--json", "--sarif"]).status == 64)
    #expect(try RunnerProgram.run(["inspect", path + ".none"]).status == 66)
  }

  @Test("--json")
  func json() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/m.h5"
    try Self.write(path, name: "evil", className: "Lambda")
    let result = try RunnerProgram.run(["inspect", path, "--json"])
    #expect(result.status == 1)
    #expect(
      result.output == """
        {
          "schema": 1,
          "file": "\(path)",
          "sha256": "\(try sha256(ofFile: path))",
          "complete": true,
          "model": null,
          "failure": "layer 'evil' (Lambda): a Lambda layer is code in the file, which is never run; rebuild the model without it (keras-lambda)",
          "findings": [
            {
              "rule": "keras-lambda",
              "severity": "error",
              "technique": "AML.T0018.002",
              "location": "evil",
              "message": "layer 'evil' (Lambda): a Lambda layer is code in the file, which is never run; rebuild the model without it"
            }
          ]
        }

        """)
    try Self.write(path)
    let clean = try RunnerProgram.run(["inspect", path, "--json"])
    #expect(clean.status == 0)
    let json = try JSONParser.parse(clean.output)
    #expect(json["findings"]?.array?.isEmpty == true && json["failure"]?.isNull == true)
    #expect(json["model"]?["layers"]?[1]?["name"]?.string == "out")
    #expect(json["model"]?["parameters"]?.int == 12)
  }

  @Test("--sarif is valid by the published schema", .enabled(if: Lab.runsPython))
  func sarif() throws {
    let folder = try TemporaryFolder()
    let script = Lab.repository.appending(path: "Tests/RunnerTests/Fixtures/sarif.py")
    let path = "\(folder.path)/a b{0}.h5"
    let log = "\(folder.path)/log.sarif"
    let names = ["out", "evil", "a[x](http://y){0}\u{85}"]
    for (name, className) in zip(names, ["Dense", "Lambda", "Lambda"]) {
      try Self.write(path, name: name, className: className)
      let result = try RunnerProgram.run(["inspect", path, "--sarif"])
      #expect(result.status == (name == "out" ? 0 : 1))
      try result.output.write(toFile: log, atomically: true, encoding: .utf8)
      let complaints = try Lab.run(script, [log])
      if complaints.hasPrefix("SKIPPED") && !Lab.isRequired {
        print("SKIPPED: the schema of SARIF; install Scripts/requirements.txt into the Python")
      } else {
        #expect(complaints == "")
      }
    }
    let run = try #require(
      try JSONParser.parse(String(contentsOfFile: log, encoding: .utf8))["runs"]?[0])
    let driver = try #require(run["tool"]?["driver"])
    #expect(driver["rules"]?.array?.count == Finding.Rule.all.count)
    let found = try #require(run["results"]?[0])
    let rule = try #require(driver["rules"]?[found["ruleIndex"]?.int ?? -1])
    #expect(rule["id"]?.string == "keras-lambda" && found["ruleId"]?.string == "keras-lambda")
    #expect(found["level"]?.string == "error")
    // Neither a link nor an argument.
    #expect(
      found["message"]?["text"]?.string?
        .hasPrefix(#"layer 'a\[x\](http://y){{0}}\u{{85}}' (Lambda): "#) == true)
    let place = found["locations"]?[0]
    #expect(place?["logicalLocations"]?[0]?["fullyQualifiedName"]?.string == names[2].visible)
    let uri = try #require(place?["physicalLocation"]?["artifactLocation"]?["uri"]?.string)
    #expect(uri == "file://\(folder.path)/a%20b%7B0%7D.h5")
    let taxa = run["taxonomies"]?[0]?["taxa"]
    let target = try #require(rule["relationships"]?[0]?["target"])
    #expect(taxa?[target["index"]?.int ?? -1]?["id"]?.string == "AML.T0018.002")
  }

  @Test("Nothing is found in the network that comes with the program, nor in what it writes")
  func embedded() throws {
    let model = Lab.repository
      .appending(path: "Sources/RunnerKit/Resources/fashion-mnist-badnet.h5").path
    let folder = try TemporaryFolder()
    let suspect = try KerasModel.load(model)
    var files = [model]
    for (number, channels) in [[], [0, 3, 5]].enumerated() {
      var copy = suspect
      copy.source = nil
      copy.graph = try copy.graph.masking(channels, of: "conv_3")
      files.append("\(folder.path)/\(number).h5")
      try KerasModel.save(copy, to: files[files.count - 1])
      copy.graph = try suspect.graph.removing(channels, of: "conv_3")
      files.append("\(folder.path)/\(number)-removed.h5")
      try KerasModel.save(copy, to: files[files.count - 1])
    }
    var repaired = suspect
    repaired.graph = try suspect.graph.masking([0, 3, 5], of: "conv_3")
    files.append("\(folder.path)/goodnet.h5")
    try KerasModel.save(
      try GoodNet.model(suspect: suspect, repaired: repaired), to: files[files.count - 1])
    for file in files {
      let result = try RunnerProgram.run(["inspect", file])
      #expect(result.status == 0 && result.output.contains("\nNo findings."), "\(result.output)")
    }
  }

  @Test("Nothing is found in the lab's models", .enabled(if: Lab.runsLab))
  func lab() throws {
    let folder = try #require(Lab.folder)
    let models = [
      "bd_net.h5", "bd_weights.h5", "keras-files/whole-model-keras-2.3.1.h5",
      "keras-files/whole-model-keras-3.0.0.h5", "keras-files/weights-keras-2.4.0.h5",
      "keras-files/weights-keras-2.9.0.h5",
    ]
    for file in models {
      let isWhole = file.contains("net") || file.contains("whole")
      let result = try RunnerProgram.run(
        ["inspect", folder.appending(path: file).path]
          + (isWhole ? [] : ["--architecture", folder.appending(path: "bd_net.h5").path]))
      #expect(result.status == 0 && result.output.contains("\nNo findings."), "\(result.output)")
    }
    let alone = try RunnerProgram.run(["inspect", folder.appending(path: "bd_weights.h5").path])
    #expect(alone.status == 64 && alone.errors.contains("--architecture"))
  }
}
