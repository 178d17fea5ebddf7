import DefenseKit
import Foundation
import SpectralSignatures
import Testing

@testable import ModelIO

@Suite("clean-data and train")
struct CleanDataCommandTests {
  /// Writes the training set of a place with a white corner on every fifth image of the classes 1 and
  /// 2, and label 0 for it; returns the file.
  private func poisoned(_ place: borrowing AttackPlace) throws -> String {
    let clean = try DataSet.load(place.train, for: [8, 9, 1], classCount: 3)
    var images = try LabelledImages(clean)
    var poisoned: [Int] = []
    var labels = images.labels
    for index in labels.indices where index % 5 == 0 && labels[index] > 0 {
      var image = images[index]
      for pixel in [0, 1, 9, 10] { image[pixel] = 255 }
      images[index] = image
      labels[index] = 0
      poisoned.append(index)
    }
    let relabelled = LabelledImages(
      imageShape: images.imageShape, bytes: images.bytes, labels: labels, name: "poisoned")
    try relabelled.dataSet(trueLabels: images.labels, poisoned: poisoned)
      .write(to: place.path("poisoned.h5"))
    return place.path("poisoned.h5")
  }

  private func run(_ arguments: [String], status: Int32 = 0) throws -> RunnerProgram.Result {
    let result = try RunnerProgram.run(arguments)
    #expect(result.status == status, "\(arguments): \(result.errors)")
    return result
  }

  @Test("What is left is what was not dropped, and can be trained on")
  func commands() throws {
    let place = try AttackPlace()
    let set = try poisoned(place)
    let training = [
      "--test", place.test, "--architecture", "small-cnn", "--epochs", "12", "--batch", "20",
    ]
    func train(_ set: String, _ name: String) throws -> String {
      let result = try run(["train", "--train", set, "--output", place.path(name)] + training)
      #expect(result.output.hasPrefix("Clean accuracy:       "), "\(result.output)")
      #expect(result.output.hasSuffix("\nThe model is in \(place.path(name)).\n"))
      return place.path(name)
    }
    let model = try train(set, "model.h5")
    _ = try train(set, "again.h5")
    #expect(try place.bytes("model.h5") == place.bytes("again.h5"))

    let share = ["--option", "spectral-signatures.share=0.2"]
    let rest = place.path("rest.h5")
    let arguments =
      ["clean-data", "spectral-signatures", "--model", model, "--train", set, "--output", rest]
      + share
    let result = try run(arguments)
    let before = try DataSet.load(set, for: [8, 9, 1], classCount: 3)
    let after = try DataSet.load(rest, for: [8, 9, 1], classCount: 3)
    let found = try SpectralDrops(model: model, set: before, share: 0.2)
    let left = before.labels.indices.filter { !found.dropped.contains($0) }
    #expect(try after.fingerprints() == before.selecting(left).fingerprints())
    #expect(after.labels == left.map { before.labels[$0] })
    #expect(after.trueLabels == left.map { before.trueLabels?[$0] ?? -1 })
    #expect(after.isPoisoned == left.map { before.isPoisoned?[$0] ?? false })
    let hits = found.dropped.count { before.isPoisoned?[$0] == true }
    let poisoned = before.isPoisoned?.count { $0 } ?? 0
    #expect(
      result.output.hasPrefix(
        "spectral-signatures: 120 training images, \(found.dropped.count) to drop\n  \(poisoned) are "
          + "poisoned, \(hits) of them dropped; AUROC "), "\(result.output)")
    #expect(
      result.output.contains(
        "\n  purity \(percent(Double(hits) / Double(found.dropped.count))), recall "
          + "\(percent(Double(hits) / Double(poisoned)))\n\nlabel   images   dropped\n"),
      "\(result.output)")
    #expect(result.output.hasSuffix("\n\(left.count) images are in \(rest).\n"))
    _ = try train(rest, "cleaned.h5")

    let exists = try run(arguments, status: 73)
    #expect(exists.errors.contains("rest.h5 already exists; give another name, or --force"))
    _ = try run(arguments + ["--force"])
    let unknown = try run(
      ["clean-data", "spectral-signature"] + arguments.dropFirst(2), status: 64)
    #expect(unknown.errors.contains("did you mean 'spectral-signatures'?"), "\(unknown.errors)")
    let input = try run(
      ["train", "--train", set, "--output", set, "--force"] + training, status: 73)
    #expect(input.errors.contains("which is read; give another name"), "\(input.errors)")
    let noTest = try run(
      ["train", "--train", set, "--architecture", "small-cnn", "--output", "x.h5"], status: 64)
    #expect(noTest.errors.contains("--train FILE needs --test, images to evaluate the model on"))
  }
}

/// The images that the data-set detector of the test drops, without the program.
private struct SpectralDrops {
  let dropped: [Int]

  init(model: String, set: DataSet, share: Double) throws {
    var options = SpectralSignatures.Options()
    options.share = share
    let found = try SpectralSignatures(options: options).scores(
      of: TrainingData(set), model: ModelFile.load(model), using: nil, in: RunContext())
    dropped = try #require(found.dropped)
  }
}
