import DefenseKit
import Foundation
import Testing

@testable import ModelIO

/// Weights of PyTorch and safetensors through the commands.
@Suite("Weights of PyTorch, whole jobs")
struct WeightsCommandTests {
  /// A place with the model of the place as "net.onnx", and its weights as "net.safetensors".
  private func make() throws -> BadInputPlace {
    let place = try BadInputPlace.make()
    let onnx = place.path("net.onnx")
    try ModelFile.save(try ModelFile.load(place.model), as: .onnx, to: onnx)
    let file = try ONNXFile(FileDescriptor(onnx), sandbox: .off)
    var (fields, data): ([String], [UInt8]) = ([], [])
    for tensor in file.catalogue.tensors where tensor.type == ONNXElementType.float.rawValue {
      let bytes = try file.floats(tensor).flatMap { value in
        (0..<UInt32(4)).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
      }
      fields.append(
        "\"\(tensor.name)\":{\"dtype\":\"F32\",\"shape\":\(tensor.shape),\"data_offsets\":"
          + "[\(data.count),\(data.count + bytes.count)]}")
      data += bytes
    }
    let header = Array("{\(fields.joined(separator: ","))}".utf8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    try Data(length + header + data).write(to: URL(filePath: place.path("net.safetensors")))
    return place
  }

  @Test("A file of weights runs in the network of an ONNX file, and is repaired in other formats")
  func jobs() throws {
    let place = try make()
    let weights = place.path("net.safetensors")
    let network = ["--architecture", place.path("net.onnx")]
    func output(_ arguments: [String]) throws -> String {
      let result = try RunnerProgram.run(arguments)
      #expect(result.status == 0, "\(arguments): \(result.errors)")
      return result.output
    }
    #expect(
      try output(["predict", weights, "--data", place.good] + network)
        == output(["predict", place.model, "--data", place.good]))
    #expect(
      try output(["evaluate", weights, "--test", place.test] + network)
        == output(["evaluate", place.model, "--test", place.test]))
    let listing = try output(["inspect", weights] + network)
    #expect(listing.contains("classes          3\n") && listing.contains("No findings"))
    let formats = ["safetensors", "h5", "onnx", "pt"]
    for end in formats {
      let format = end == "safetensors" ? [] : ["--format", end == "h5" ? "keras" : end]
      let folder = place.path("out-\(end)")
      _ = try output(
        [
          "--defense", "fine-pruning", "--detector", "goodnet", "--model", weights, "--clean",
          place.good, "--option", "fine-pruning.drops=10", "--option", "fine-pruning.epochs=0",
          "--output", folder,
        ] + network + format)
      let copy = "\(folder)/fine-pruning-10.\(end)"
      // The copy describes its network itself; --architecture is that of the suspect.
      _ = try output(
        [
          "predict", weights, "--repaired", copy, "--detector", "goodnet", "--data", place.good,
        ] + network)
      let own = ["h5", "onnx"].contains(end) ? [] : network
      _ = try output(["predict", copy, "--data", place.good] + own)
      // The comparison of two networks is a network of its own.
      let pair = "\(folder)/goodnet-fine-pruning-10.\(end == "h5" ? "h5" : "onnx")"
      _ = try output(["predict", pair, "--data", place.good])
    }
    let report = try String(
      contentsOfFile: place.path("out-safetensors/report.json"), encoding: .utf8)
    #expect(report.contains(try sha256(ofFile: weights)))
    #expect(report.contains("\"architecture\": \"\(try sha256(ofFile: place.path("net.onnx")))\""))
  }

  /// Returns a zip archive of stored members.
  private static func archive(_ members: [(String, [UInt8])]) -> [UInt8] {
    func number(_ value: Int, _ size: Int) -> [UInt8] {
      (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var (file, directory): ([UInt8], [UInt8]) = ([], [])
    for (name, bytes) in members {
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
    return file + directory + number(0x0605_4B50, 4) + number(0, 4)
      + number(members.count, 2) + number(members.count, 2) + number(directory.count, 4)
      + number(file.count, 4) + [0, 0]
  }

  /// Writes a record of BackdoorBench with the weights of an ONNX file, and returns its folder.
  private func record(_ place: borrowing BadInputPlace) throws -> String {
    let onnx = try ONNXFile(FileDescriptor(place.path("net.onnx")), sandbox: .off)
    func text(_ text: String) -> [UInt8] {
      [0x58] + (0..<4).map { UInt8(truncatingIfNeeded: text.utf8.count >> (8 * $0)) }
        + Array(text.utf8)
    }
    func integer(_ value: Int) -> [UInt8] { [0x4D, UInt8(value & 255), UInt8(value >> 8)] }
    func tuple(_ items: [[UInt8]]) -> [UInt8] { Array("(".utf8) + items.flatMap { $0 } + [0x74] }
    func dictionary(_ items: [([UInt8], [UInt8])]) -> [UInt8] {
      Array("}(".utf8) + items.flatMap { $0 + $1 } + [0x75]
    }
    var weights: [([UInt8], [UInt8])] = []
    var members: [(String, [UInt8])] = []
    for tensor in onnx.catalogue.tensors where tensor.type == ONNXElementType.float.rawValue {
      let values = try onnx.floats(tensor)
      let shape = tensor.shape.map { Int($0) }
      let storage =
        tuple([
          text("storage"), Array("ctorch\nFloatStorage\n".utf8), text("\(members.count)"),
          text("cpu"), integer(values.count),
        ]) + [0x51]
      let value =
        Array("ctorch._utils\n_rebuild_tensor_v2\n".utf8)
        + tuple([
          storage, integer(0), tuple(shape.map(integer)),
          tuple(StateTensor.rowMajor(shape).map(integer)), [0x89],
          Array("ccollections\nOrderedDict\n)R".utf8),
        ]) + [0x52]
      weights.append((text(tensor.name), value))
      let bytes = values.flatMap { value in
        (0..<UInt32(4)).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
      }
      members.append(("a/data/\(members.count)", bytes))
    }
    let images = (0..<4).map {
      (integer($0), dictionary([(text("other_info"), tuple([integer(0)]))]))
    }
    let container = dictionary([(text("data_dict"), dictionary(images))])
    let root = dictionary([
      (text("model"), dictionary(weights)), (text("clean_data"), text("mnist")),
      (text("img_size"), tuple([integer(2), integer(2), integer(1)])),
      (text("bd_test"), dictionary([(text("bd_data_container"), container)])),
    ])
    members.insert(("a/data.pkl", [0x80, 2] + root + [0x2E]), at: 0)
    let folder = place.path("record")
    for index in 0..<4 {
      let shown = "\(folder)/bd_test_dataset/\(index % 2 + 1)"
      try FileManager.default.createDirectory(atPath: shown, withIntermediateDirectories: true)
      try PixelImage(width: 2, height: 2, channels: 1, pixels: [9, UInt8(index), 90, 200])
        .write(to: "\(shown)/\(index).png")
    }
    try Data(Self.archive(members)).write(to: URL(filePath: "\(folder)/attack_result.pt"))
    return folder
  }

  @Test("A record of BackdoorBench gives the model, its images and its preprocessing")
  func records() throws {
    let place = try make()
    let folder = try record(place)
    let given = [
      "--defense", "fine-pruning", "--clean", place.good, "--architecture",
      place.path("net.onnx"), "--option", "fine-pruning.drops=10", "--option",
      "fine-pruning.epochs=0",
    ]
    let result = try RunnerProgram.run(given + ["--record", folder, "--json"])
    #expect(result.status == 0, "\(result.errors)")
    let report = try JSONParser.parse(result.output)
    let suspect = try sha256(ofFile: "\(folder)/attack_result.pt")
    #expect(report["suspect"]?["sha256"]?.string == suspect)
    #expect(report["suspect"]?["poisoned"]?.isNull == false)
    #expect(report["options"]?["mean"]?.floats == [0.5])
    #expect(report["data"]?["poisoned"]?["images"]?.int == 4)
    // Options replace what the record says.
    let scaled = try RunnerProgram.run(given + ["--record", folder, "--json", "--scale", "1"])
    #expect(try JSONParser.parse(scaled.output)["options"]?["mean"] == nil, "\(scaled.errors)")
    let both = try RunnerProgram.run(
      given + ["--record", folder, "--model", place.path("net.safetensors")])
    #expect(both.status == 64 && both.errors.contains("--record has a model of its own"))
    let missing = try RunnerProgram.run(given + ["--record", place.path("nowhere")])
    #expect(missing.status == 66)
  }

  @Test("Weights without a network: one line that says what is missing")
  func noNetwork() throws {
    let place = try make()
    let result = try RunnerProgram.run(
      ["predict", place.path("net.safetensors"), "--data", place.good])
    #expect(result.status == 64)
    #expect(
      result.errors
        == "runner: \(place.path("net.safetensors")): holds weights without the layers that use them; "
        + "give the network as ONNX, which the Python file that 'runner new onnx-export' writes "
        + "exports, with --architecture\n")
  }

  @Test("--compact is refused for weights, before anything is computed")
  func compact() throws {
    let place = try make()
    let weights = place.path("net.safetensors")
    let result = try RunnerProgram.run([
      "--defense", "fine-pruning", "--model", weights, "--clean", place.good, "--architecture",
      place.path("net.onnx"), "--output", place.path("out"), "--compact",
    ])
    #expect(result.status == 73)
    #expect(
      result.errors
        == "runner: net.safetensors: would be written as weights of fewer channels, which no longer fit "
        + "the network's code; use --format onnx or leave --compact out\n")
  }

  @Test("Weights change their kind without a network; a network is needed for ONNX and Keras")
  func convert() throws {
    let place = try make()
    let weights = place.path("net.safetensors")
    func run(_ arguments: [String]) throws -> RunnerProgram.Result {
      try RunnerProgram.run(["convert"] + arguments)
    }
    let (checkpoint, back) = (place.path("net.pth"), place.path("back.safetensors"))
    for (input, output) in [(weights, checkpoint), (checkpoint, back)] {
      let result = try run([input, "--output", output])
      #expect(result.status == 0 && result.output == "" && result.errors == "")
    }
    #expect(try ModelFile.audit(back).tensors == ModelFile.audit(weights).tensors)
    let network = ["--architecture", place.path("net.onnx")]
    let expected = try RunnerProgram.run(["predict", place.model, "--data", place.good]).output
    for (name, more) in [("a.onnx", network), ("a.h5", network), ("a.keras", network)] {
      let file = place.path(name)
      #expect(try run([checkpoint, "--output", file] + more).status == 0)
      #expect(try RunnerProgram.run(["predict", file, "--data", place.good]).output == expected)
    }
    let onnx = place.path("of-onnx.pt")
    #expect(try run([place.path("net.onnx"), "--output", onnx]).status == 0)
    #expect(
      try RunnerProgram.run(["predict", onnx, "--data", place.good] + network).output == expected)
    let refused = [
      (
        [checkpoint, "--output", place.path("b.onnx")], Int32(64),
        "\(checkpoint): holds weights without the layers that use them; give the network as ONNX, "
          + "which the Python file that 'runner new onnx-export' writes exports, with --architecture"
      ),
      (
        [place.model, "--output", place.path("b.pt")], 73,
        "\(place.path("b.pt")): has no names of weights as PyTorch's state dicts have them, being of "
          + "Keras; use --format onnx or --format keras"
      ),
      (
        [weights, "--output", place.path("b.bin")], 64,
        "--output has an ending that names no format; end it in .onnx, .keras, .h5, .safetensors or "
          + ".pt, or give --format"
      ),
      (
        [weights, "--output", weights, "--force"], 73,
        "--output is \(weights), which is read; give another name"
      ),
    ]
    for (arguments, status, text) in refused {
      let result = try run(arguments)
      #expect(result.status == status && result.errors == "runner: \(text)\n", "\(result.errors)")
    }
  }

  @Test("new onnx-export writes a Python file that compiles, once")
  func export() throws {
    let place = try make()
    let file = place.path("export.py")
    for arguments in [[file], ["--output", place.path("other.py")]] {
      let result = try RunnerProgram.run(["new", "onnx-export"] + arguments)
      #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    }
    #expect(try RunnerProgram.run(["new", "onnx-export", file]).status == 73)
    let python = Process()
    python.executableURL = URL(filePath: "/usr/bin/env")
    python.arguments = ["python3", "-m", "py_compile", file]
    try python.run()
    python.waitUntilExit()
    #expect(python.terminationStatus == 0)
  }

  @Test("inspect lists the tensors without a network")
  func inspect() throws {
    let place = try make()
    let weights = place.path("net.safetensors")
    let result = try RunnerProgram.run(["inspect", weights])
    #expect(result.status == 0 && result.errors == "")
    #expect(result.output.hasPrefix("tensor"))
    #expect(
      result.output.contains(
        "layers      not in the file: --architecture takes the network as ONNX\n"
          + "SHA-256     \(try sha256(ofFile: weights))\n\nNo findings."), "\(result.output)")
    let json = try JSONParser.parse(try RunnerProgram.run(["inspect", weights, "--json"]).output)
    let tensors = json["tensors"]?.array ?? []
    #expect(!tensors.isEmpty && json["model"]?.isNull == true && json["failure"]?.isNull == true)
    #expect(tensors.allSatisfy { $0["type"]?.string == "float32" && $0["shape"]?.ints != nil })
    let faults = try JSONSchema(named: "inspect").problems(with: json)
    #expect(faults.isEmpty, "\(faults)")
  }

  @Test("What a pickle would call is named, and nothing is called")
  func hostile() throws {
    let place = try make()
    let evil = place.path("evil.pth")
    let mark = place.path("ran")
    let command = "touch \(mark)"
    let pickle =
      [0x80, 2] + Array("cposix\nsystem\nX".utf8) + [UInt8(command.utf8.count), 0, 0, 0]
      + Array(command.utf8) + [0x85] + Array("R.".utf8)
    try Data(pickle).write(to: URL(filePath: evil))
    for option in [[], ["--json"], ["--sarif"]] {
      let result = try RunnerProgram.run(["inspect", evil] + option)
      #expect(result.status == 1)
      #expect(result.output.contains("pickle-call") && result.output.contains("posix.system"))
    }
    let result = try RunnerProgram.run(
      ["predict", evil, "--data", place.good, "--architecture", place.path("net.onnx")])
    #expect(result.status == 65)
    #expect(
      result.errors == "runner: \(evil): has a pickle that calls 'posix.system', at byte "
        + "\(pickle.count - 2); do not load it with Python. If you trust its author, let them save "
        + "model.state_dict() with torch.save (pickle-call)\n")
    #expect(!FileManager.default.fileExists(atPath: mark))
  }
}
