import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

@Suite("Images that are in two data sets")
struct SameImagesTests {
  private static let refusal =
    "the clean and the poisoned images are the same 6; give images with the trigger as poisoned ones"

  @Test("run refuses clean images as poisoned, also as other numbers and in another order")
  func run() throws {
    let place = try BadInputPlace.make()
    try place.fails(65, "good.h5: \(Self.refusal)", ["--poisoned", place.good])
    let images = place.images(6)
    let order = [5, 2, 1, 0, 3, 4]
    let shuffled = order.flatMap { images.values[4 * $0..<4 * $0 + 4] }
    let labels: [Float] = [2, 2, 1, 0, 0, 1]
    let other = try place.data(
      "other", images: Tensor(shape: [6, 2, 2, 1], values: shuffled), labels: labels)
    try place.fails(65, "good.h5 and other.h5: \(Self.refusal)", ["--poisoned", other])
    let bytes = place.path("bytes.h5")
    let file = try HDF5Writer(path: bytes)
    try file.write(images.values.map { UInt8($0) }, shape: [6, 1, 2, 2], to: "data")
    try file.write([0, 1, 2, 0, 1, 2], to: "label")
    try AtomicFile.write(try file.image(), to: bytes)
    try place.fails(65, "good.h5 and bytes.h5: \(Self.refusal)", ["--poisoned", bytes])
    try place.fails(
      65, "bytes.h5 and other.h5: \(Self.refusal.replacing("clean", with: "test"))",
      clean: place.test, ["--test", bytes, "--poisoned", other])
  }

  @Test("evaluate refuses them too")
  func evaluate() throws {
    let place = try BadInputPlace.make()
    let result = try RunnerProgram.run([
      "evaluate", place.model, "--test", place.good, "--poisoned", place.good,
    ])
    #expect(result.status == 65 && result.output == "")
    #expect(
      result.errors
        == "runner: good.h5: \(Self.refusal.replacing("clean", with: "test"))\n")
  }

  @Test("compare has it as the reason of every unit")
  func compare() throws {
    let place = try ComparePlace()
    let (good, output) = (place.inner.good, place.path("out"))
    _ = try Compare.run([
      "--model", place.inner.model, "--clean", good, "--test", place.inner.test, "--poisoned", good,
      "--defense", "faulty", "--output", output,
    ])
    let failures = try Compare.failures(output)
    #expect(failures.count == 2)
    #expect(failures.values.allSatisfy { $0.contains(Self.refusal) }, "\(failures)")
  }

  @Test("Single images in two sets are a warning with their number")
  func warnings() throws {
    let place = try BadInputPlace.make()
    // Two of six are clean ones.
    let values = place.images(4, 150).values + place.images(2).values
    let mixed = try place.data(
      "mixed", images: Tensor(shape: [6, 2, 2, 1], values: values), labels: [0, 1, 2, 0, 0, 1])
    func warnings(_ arguments: [String]) throws -> [String] {
      let result = try RunnerProgram.run(
        [
          "--defense", "fine-pruning", "--model", place.model, "--clean", place.good, "--option",
          "fine-pruning.drops=10", "--option", "fine-pruning.epochs=0",
        ] + arguments)
      #expect(result.status == 0, "\(result.errors)")
      return result.errors.split(separator: "\n").map(String.init).filter {
        $0.contains("images are")
      }
    }
    #expect(
      try warnings(["--test", mixed]) == [
        "warning: good.h5 and mixed.h5: 2 of the 6 test images are also clean images, which the "
          + "defense sees; this flatters the results; use other test images"
      ])
    #expect(
      try warnings(["--test", place.good]) == [
        "warning: good.h5: all 6 test images are also clean images, which the defense sees; this "
          + "flatters the results; use other test images"
      ])
    #expect(
      try warnings(["--test", place.test, "--poisoned", mixed]) == [
        "warning: good.h5 and mixed.h5: 2 of the 6 poisoned images are also clean images and carry "
          + "no trigger; leave them out"
      ])
    #expect(try warnings(["--test", place.test, "--poisoned", place.poisoned]).isEmpty)
  }
}
