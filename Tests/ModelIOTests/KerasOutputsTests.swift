import Foundation
import InferenceGraph
import LabFiles
import Testing

@testable import ModelIO

@Suite("Keras models with several outputs", .enabled(if: Lab.runsPython))
struct KerasOutputsTests {
  private func floats(_ file: URL) throws -> [Float] {
    let bytes = [UInt8](try Data(contentsOf: file))
    return stride(from: 0, to: bytes.count, by: 4).map { place in
      Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << (8 * $1) })
    }
  }

  @Test("Each output is what Keras predicts, and must be named")
  func outputs() throws {
    let seed = UInt32.random(in: 0...UInt32.max)
    print("outputs.py: seed \(seed)")
    let folder = FileManager.default.temporaryDirectory.appending(path: "outputs-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try Fixtures.run("outputs.py", [folder.path, "\(seed)"])
    for number in 0..<4 {
      let text = try String(contentsOf: folder.appending(path: "\(number).names"), encoding: .utf8)
      let names = text.split(separator: ",").map(String.init)
      #expect(names.count >= 2)
      let list =
        names.count == 2
        ? names.joined(separator: " or ")
        : names.dropLast().joined(separator: ", ") + " or \(names[names.count - 1])"
      let images = try floats(folder.appending(path: "\(number).images"))
      for ending in ["h5", "keras"] {
        let path = folder.appending(path: "\(number).\(ending)").path
        let error = #expect(throws: FileError.self) { try ModelFile.load(path) }
        #expect(error?.kind == .usage)
        #expect(
          error?.description == "\(path): has \(names.count) outputs; set output-layer to \(list)")
        let missing = #expect(throws: FileError.self) {
          try ModelFile.load(path, outputLayer: "third")
        }
        #expect(
          missing?.description == "\(path): has no output 'third'; set output-layer to \(list)")
        for name in names {
          let model = try ModelFile.load(path, outputLayer: name)
          #expect(model.outputLayer == name)
          let expected = try floats(folder.appending(path: "\(number).\(name).scores"))
          let found = try scores(of: model, images)
          #expect(found.count == expected.count)
          for (a, b) in zip(found, expected) {
            #expect(abs(a - b) < 1e-5, "network \(number), \(ending), \(name), seed \(seed)")
          }
          #expect(try ModelFile.audit(path, outputLayer: name).model != nil)
          // A copy has the chosen output alone.
          let copy = folder.appending(path: "copy.h5").path
          try ModelFile.save(model, to: copy)
          #expect(try scores(of: ModelFile.load(copy), images) == found)
        }
      }
    }
  }
}
