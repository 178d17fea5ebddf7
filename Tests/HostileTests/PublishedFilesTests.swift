import Foundation
import LabFiles
import Testing

/// Files that crash readers of HDF5, as they were published with the vulnerabilities' reports.
///
/// They lie beside the lab's folder, in `hdf5-cve`, and are no part of the repository.
@Suite("Published attacks", .enabled(if: PublishedFiles.runs && Lab.runsPython), .serialized)
struct PublishedFilesTests {
  /// One of them parses, and has what makes it look like weights alone: 64 asks for the rest.
  private static let refused: Set<Int32> = [64, 65]

  let files: HostileFiles
  let paths: [String]

  init() throws {
    files = try #require(HostileFiles.made)
    paths = try #require(PublishedFiles.paths, "the folder hdf5-cve is missing beside the lab's")
    // All of the folder but a program that comes with one.
    #expect(paths.count == 73)
  }

  @Test("Inspect survives each")
  func inspect() throws {
    try Job.run(paths.map { Job(arguments: ["inspect", $0], statuses: Self.refused.union([1])) })
  }

  @Test("Evaluate refuses each as a model, as data and as an architecture")
  func evaluate() throws {
    try Job.run(
      paths.map {
        Job(arguments: ["evaluate", $0, "--test", files.goodData], statuses: Self.refused)
      })
    try Job.run(
      paths.map { Job(arguments: ["evaluate", files.goodModel, "--test", $0], statuses: [65]) })
    try Job.run(
      paths.map {
        Job(
          arguments: ["evaluate", files.goodModel, "--architecture", $0, "--test", files.goodData],
          statuses: [65])
      })
  }

  @Test("The main job refuses each and writes nothing")
  func mainJob() throws {
    let output = files.path("out-published")
    try Job.run(
      paths.flatMap { path in
        [(path, files.goodData), (files.goodModel, path)].map { model, data in
          Job(
            arguments: [
              "run", "--defense", "fine-pruning", "--option", "fine-pruning.epochs=0", "--detector",
              "goodnet", "--model", model,
              "--clean", data, "--output", output,
            ], statuses: Self.refused, unwritten: output)
        }
      })
  }
}

/// Where the published files are.
enum PublishedFiles {
  static let paths: [String]? = {
    // Beside the lab's folder, where that is known; else where that would be.
    let lab =
      Lab.folder ?? Lab.repository.appending(path: "../shared/csaw-lab3").standardizedFileURL
    let folder = lab.deletingLastPathComponent().appending(path: "hdf5-cve")
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
      if !Lab.isRequired { print("SKIPPED: tests on published attacks; \(folder.path) is missing") }
      return nil
    }
    return names.filter { !["README.md", "COPYING", "gh-4433.c"].contains($0) }.sorted()
      .map { folder.appending(path: $0).path }
  }()

  static let runs = Lab.isRequired || paths != nil
}
