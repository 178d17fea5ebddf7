import Foundation
import InferenceGraph
import LabFiles
import Testing

@testable import ModelIO

/// Keras's own format says the same as the HDF5 file that the same Keras saved of the same model.
@Suite("Keras archives of stock Keras", .enabled(if: Lab.runsPython))
struct KerasArchiveTests {
  static let models =
    KerasFileTests.models + [
      "trained", "float16", "mixed_float16", "mixed_bfloat16", "image", "anysize", "logit", "tanh",
      "lambda", "unknown", "custom", "nan",
    ]

  func path(_ name: String) throws -> String {
    try #require(Fixtures.folder).appending(path: name).path
  }

  /// The graph, or why there is none.
  func outcome(
    _ name: String, _ sandbox: Sandbox = .auto
  ) throws -> Result<Graph, FileError> {
    let file = try path(name)
    return Result { () throws(FileError) in
      try ModelFile.load(file, sandbox: sandbox).graph
    }.mapError { $0.moved(to: "") }
  }

  @Test(arguments: models)
  func sameGraphAndFindings(_ name: String) throws {
    let old = try outcome("\(name).h5")
    let new = try outcome("\(name).keras")
    // The two forms name a registered class differently.
    if name != "custom" { #expect(new == old) }
    #expect(try outcome("\(name).keras", .off) == new)
    let (archive, file) = (
      try ModelFile.audit(path("\(name).keras")), try ModelFile.audit(path("\(name).h5"))
    )
    // The two forms name a registered class differently.
    #expect(archive.findings.map(\.rule) == file.findings.map(\.rule))
    #expect(archive.findings.map(\.location) == file.findings.map(\.location))
    if !["custom", "trained"].contains(name) { #expect(archive.findings == file.findings) }
    // NaN differs from itself.
    #expect(String(describing: archive.model?.graph) == String(describing: file.model?.graph))
    #expect(archive.sha256 == (try sha256(ofFile: path("\(name).keras"))))
    #expect(try FileKind(at: path("\(name).keras")) == .kerasArchive)
  }

  @Test func sameGraphOfKeras2() throws {
    for name in try KerasFileTests().keras2Models() {
      #expect(try outcome("\(name).keras") == outcome("\(name).h5"))
      #expect(
        try ModelFile.audit(path("\(name).keras")).findings
          == ModelFile.audit(path("\(name).h5")).findings)
    }
  }

  /// The comparison above would not see it if both files gave nothing.
  @Test func theComparisonSeesModelsAndFindings() throws {
    var (models, findings) = (0, 0)
    for name in Self.models {
      if case .success = try outcome("\(name).keras") { models += 1 }
      findings += try ModelFile.audit(path("\(name).keras")).findings.count
    }
    #expect(models >= 12 && findings >= 6)
    let rules = try ModelFile.audit(path("trained.keras")).findings.map(\.rule)
    #expect(rules == [.kerasTraining])
  }

  @Test(arguments: [Sandbox.auto, .off])
  func deflatedMembers(_ sandbox: Sandbox) throws {
    for name in ["nested", "trained"] + (try KerasFileTests().keras2Models().prefix(1)) {
      #expect(try outcome("deflated-\(name).keras", sandbox) == outcome("\(name).h5"))
    }
  }

  /// As the network of other weights, as weights of another network, and without its weights.
  @Test(arguments: KerasFileTests.models)
  func architectureAndWeights(_ name: String) throws {
    let (archive, file) = (try path("\(name).keras"), try path("\(name).h5"))
    let whole = try KerasModel.load(file).graph
    #expect(
      try KerasModel.load(path("\(name).weights.h5"), architecture: archive).graph == whole)
    #expect(try KerasModel.load(archive, architecture: file).graph == whole)
    #expect(try KerasModel.load(file, architecture: archive).graph == whole)
    let blank = Result { () throws(FileError) in try KerasModel.architecture(archive).graph }
    let expected = Result { () throws(FileError) in try KerasModel.architecture(file).graph }
    #expect(blank.mapError { $0.moved(to: "") } == expected.mapError { $0.moved(to: "") })
  }

  /// What other programs can make of an archive, by the rule that it breaks.
  @Test(arguments: [
    ("external", "h5-external-storage", "takes its values from another file, which is not opened"),
    ("external-link", "h5-external-link", "is a link into another file, which is not opened"),
    ("soft-link", "h5-soft-link", "is a link by name, which is not followed"),
    ("huge", "h5-shape-bomb", "claims 4398046511104 bytes, more than the file holds"),
    ("missing", "keras-config", "the file has 1 weights for it, but it needs 2"),
    ("second", "keras-ambiguous", "describe another network"),
    ("bzip2", "keras-archive", "packed in another way than deflate (method 12)"),
  ])
  func refusedArchives(_ name: String, _ rule: String, _ words: String) throws {
    let file = try path("\(name).keras")
    let error = try #require(throws: FileError.self) { try ModelFile.load(file) }
    #expect(error.problem.contains(words) && error.problem.hasSuffix("(\(rule))"), "\(error)")
    #expect(error.kind == .badData && !error.description.contains("\n"))
    let rules = try ModelFile.audit(file).findings.map(\.rule.name)
    #expect(rules.contains(rule), "\(rules)")
  }

  @Test func strayWeights() throws {
    let audit = try ModelFile.audit(path("stray.keras"))
    #expect(audit.findings.map(\.location) == ["layers/other/vars/0"])
    #expect(audit.findings.map(\.rule) == [.kerasExtra])
    #expect(
      try ModelFile.load(path("stray.keras")).graph == ModelFile.load(path("keras.keras")).graph)
  }
}
