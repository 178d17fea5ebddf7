import Foundation
import Testing

/// That a defense cannot reach poisoned data must not be a matter of discipline: a program that
/// tries it is refused by the compiler.
@Suite("Poisoned data is out of a defense's reach")
struct PoisonedDataTests {
  private static let allowed = """
    import DefenseKit
    func use(_ defense: any Defense, _ model: Model, _ data: CleanData) throws {
      _ = try defense.repair(model, using: data, in: RunContext())
      _ = data.source
    }
    """
  private static let passesPoisoned = """
    import DefenseKit
    func use(_ defense: any Defense, _ model: Model, _ data: PoisonedData) throws {
      _ = try defense.repair(model, using: data, in: RunContext())
    }
    """
  private static let readsImages = """
    import DefenseKit
    func use(_ data: PoisonedData) throws -> CleanData {
      try CleanData(data.images.source, labels: data.targets)
    }
    """

  @Test("Clean data compiles")
  func clean() throws {
    guard let output = try typecheck(Self.allowed) else { return }
    #expect(output.status == 0, "\(output.text)")
  }

  @Test("Passing poisoned data to a defense does not compile")
  func poisoned() throws {
    guard let output = try typecheck(Self.passesPoisoned) else { return }
    #expect(output.status != 0)
    #expect(
      output.text.contains(
        "cannot convert value of type 'PoisonedData' to expected argument type 'CleanData'"),
      "\(output.text)")
  }

  @Test("Taking the images out of poisoned data does not compile")
  func images() throws {
    guard let output = try typecheck(Self.readsImages) else { return }
    #expect(output.status != 0)
    #expect(
      output.text.contains("'images' is inaccessible due to 'internal' protection level"),
      "\(output.text)")
  }

  /// Runs the compiler on a program against the built module; nil, and a word, if there is none.
  private func typecheck(_ program: String) throws -> (status: Int32, text: String)? {
    let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
    let places = [bundle?.bundleURL, Bundle.main.executableURL, Bundle.main.bundleURL]
    let modules = places.compactMap { $0 }.flatMap {
      [$0, $0.deletingLastPathComponent()].map { $0.appendingPathComponent("Modules") }
    }.first { FileManager.default.fileExists(atPath: $0.path + "/DefenseKit.swiftmodule") }
    guard let modules else {
      Issue.record("the built module DefenseKit.swiftmodule wasn't found beside the tests")
      return nil
    }
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("defensekit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appendingPathComponent("program.swift")
    try program.write(to: source, atomically: true, encoding: .utf8)

    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
    let maps = ["CHDF5", "COpenBLAS", "CZlib", "CCrypto", "CPNG"].map {
      "-fmodule-map-file=\(sources.path)/\($0)/module.modulemap"
    }
    let built = ["CKernels", "CSystem", "CImages"].map {
      let folder = modules.deletingLastPathComponent().appendingPathComponent("\($0).build")
      return "-fmodule-map-file=\(folder.path)/module.modulemap"
    }
    let headers = try output(
      of: "pkg-config", ["--cflags-only-I", "hdf5", "openblas", "libpng", "libjpeg"]
    )
    .text
    .split(whereSeparator: \.isWhitespace).map(String.init).filter { $0.hasPrefix("-I") }
    let flags = maps + built + headers
    let result = try output(
      of: "swiftc",
      ["-typecheck", "-swift-version", "6", "-I", modules.path]
        + flags.flatMap { ["-Xcc", $0] } + [source.path])
    if result.status == 127 {
      print("skipped: swiftc isn't on the path, so that no program can be checked")
      return nil
    }
    return result
  }

  /// Runs a command of the path and returns its status and all that it prints; 127 if it isn't there.
  private func output(of command: String, _ arguments: [String]) throws -> (
    status: Int32, text: String
  ) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [command] + arguments
    let pipe = Pipe()
    process.standardError = pipe
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}
