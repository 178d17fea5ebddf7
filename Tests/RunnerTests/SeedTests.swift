import Foundation
import Testing

@Suite("One seed a run")
struct SeedTests {
  @Test("Equal seeds give the same models, another one others; the report names it")
  func seeds() throws {
    let place = try AttackPlace()
    #expect(try RunnerProgram.run(place.arguments()).status == 0)
    func run(_ name: String, _ extra: [String]) throws -> (model: Data, report: String) {
      let folder = place.path(name)
      let result = try RunnerProgram.run(
        [
          "run", "--model", "\(place.output)/model.h5", "--clean", place.train, "--defense",
          "fine-tuning", "--option", "fine-tuning.epochs=1", "--output", folder,
        ] + extra)
      #expect(result.status == 0, "\(result.errors)")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      let model = try #require(names.first { $0.hasSuffix(".h5") })
      return (
        try Data(contentsOf: URL(filePath: "\(folder)/\(model)")),
        try String(contentsOfFile: "\(folder)/report.json", encoding: .utf8)
      )
    }
    let plain = try run("a", [])
    let zero = try run("b", ["--seed", "0"])
    let other = try run("c", ["--seed", "18446744073709551615"])
    #expect(plain.model == zero.model && plain.model != other.model)
    #expect(zero.report.contains(#""seed": "0""#))
    #expect(other.report.contains(#""seed": "18446744073709551615""#))
  }
}
