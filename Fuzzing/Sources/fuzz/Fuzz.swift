import Foundation

/// A parser of ours that takes bytes from a file or the command line.
protocol FuzzTarget: SendableMetatype {
  /// Inputs to begin with: proper ones, and such as go to the limits.
  static var seeds: [[UInt8]] { get }
  /// Parts of proper inputs, which the fuzzer puts into others.
  static var words: [String] { get }
  /// Parses the bytes; whatever they are, this returns, in time that is linear in their number.
  static func parse(_ bytes: [UInt8])
}

extension FuzzTarget {
  static var words: [String] { [] }
}

/// The parsers by the names that Scripts/fuzz uses.
let targets: [String: any FuzzTarget.Type] = [
  "messages": MessageTarget.self, "idx": IDXTarget.self, "images": ImageTarget.self,
  "json": JSONTarget.self, "keras-archive": KerasArchiveTarget.self,
  "lzf": LZFTarget.self, "network": NetworkTarget.self, "numpy": NumpyTarget.self,
  "onnx": ONNXTarget.self, "options": OptionTarget.self, "png": PNGTarget.self,
  "torch": TorchTarget.self,
]

/// The parser that DEFENSEKIT_FUZZ names: one program serves all, since each would take minutes to build.
let target: any FuzzTarget.Type = {
  let name = ProcessInfo.processInfo.environment["DEFENSEKIT_FUZZ"] ?? ""
  guard let target = targets[name] else {
    fatalError("DEFENSEKIT_FUZZ must be one of \(targets.keys.sorted())")
  }
  return target
}()

/// libFuzzer's own main function; a plain C function whose arguments Swift passes as C does.
@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

@main
enum Fuzz {
  /// Runs libFuzzer; with DEFENSEKIT_FUZZ_SEEDS, only writes the seeds into that folder.
  static func main() throws {
    if let folder = ProcessInfo.processInfo.environment["DEFENSEKIT_FUZZ_SEEDS"] {
      return try writeSeeds(to: folder)
    }
    var count = CommandLine.argc
    var arguments = unsafe CommandLine.unsafeArgv
    // The driver may change both pointers, which nobody reads afterwards.
    exit(
      unsafe runDriver(&count, &arguments) { start, count in
        // The bytes are lent for this call; they are copied.
        target.parse(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
        return 0
      })
  }

  private static func writeSeeds(to folder: String) throws {
    for (index, seed) in target.seeds.enumerated() {
      try Data(seed).write(to: URL(filePath: "\(folder)/seed-\(index)"))
    }
    // Bytes in hexadecimal, as the dictionary's format wants those that do not print.
    let lines = target.words.map { word in
      let bytes = word.utf8.map { byte in
        let digits = String(byte, radix: 16)
        return "\\x" + (digits.count == 1 ? "0" : "") + digits
      }
      return "\"\(bytes.joined())\"\n"
    }
    try Data(lines.joined().utf8).write(to: URL(filePath: "\(folder)/../words"))
  }
}
