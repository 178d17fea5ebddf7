import DefenseKit
import Foundation
import Testing

/// `--scale`, `--mean` and `--std`, through the commands that read images for a model.
@Suite("Preprocessing of a command")
struct PreprocessingCommandTests {
  /// A small network that two classes of 0...255 are learned by, and its test images.
  private static func trained(in place: borrowing AttackPlace) throws -> (
    model: String, test: String
  ) {
    let train = try place.write("train", 200, seed: 3, classes: 2)
    let test = try place.write("test", 200, seed: 4, classes: 2)
    let result = try RunnerProgram.run([
      "attack", "badnets", "--train", train, "--test", test, "--architecture", "small-cnn",
      "--output", place.output, "--epochs", "12", "--batch", "20", "--clean-share", "0.5",
    ])
    #expect(result.status == 0, Comment(rawValue: result.errors))
    return ("\(place.output)/model.h5", test)
  }

  private func evaluate(_ arguments: [String]) throws -> (output: String, errors: String) {
    let result = try RunnerProgram.run(["evaluate"] + arguments)
    #expect(result.status == 0, Comment(rawValue: result.errors))
    return (result.output, result.errors)
  }

  @Test("The numbers cancel out, help where they are wrong, and stand in the report")
  func wholeJob() throws {
    let place = try AttackPlace()
    let (model, test) = try Self.trained(in: place)
    let plain = try evaluate([model, "--test", test])
    #expect(plain.errors.isEmpty, Comment(rawValue: plain.errors))
    let same = ["--scale", "2", "--mean", "0", "--std", "2"]
    #expect(try evaluate([model, "--test", test] + same).output == plain.output)

    // The classes are told apart by brightness: a constant image has one class.
    let wrong = try evaluate([model, "--test", test, "--scale", "1/2550", "--mean", "9"])
    #expect(wrong.output != plain.output)
    #expect(
      wrong.errors.contains("with other preprocessing it is right on"),
      Comment(rawValue: wrong.errors))
    #expect(
      wrong.errors.contains("use --scale 1 ") && wrong.errors.contains("--mean 0"),
      Comment(rawValue: wrong.errors))
    #expect(
      try evaluate([model, "--test", test, "--scale", "1", "--mean", "0"]).output == plain.output)

    let defended = place.path("defended")
    let run = try RunnerProgram.run(
      [
        "--defense", "fine-pruning", "--model", model, "--clean", "\(place.output)/clean.h5",
        "--output", defended, "--option", "fine-pruning.epochs=0",
      ] + same)
    #expect(run.status == 0, Comment(rawValue: run.errors))
    let report = try String(contentsOfFile: "\(defended)/report.json", encoding: .utf8)
    let words = report.split { " \n,".contains($0) }.joined()
    #expect(words.contains(#""scale":2"mean":[0]"deviation":[2]"#), Comment(rawValue: words))
  }

  @Test("A folder of images of many sizes, with --resize, is judged as the resized images are")
  func resized() throws {
    let place = try AttackPlace()
    let (model, _) = try Self.trained(in: place)
    for (number, side) in [18, 27, 36, 45].enumerated() {
      for name in ["many", "one"] {
        let folder = place.path("\(name)/\(number % 2)")
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true)
        var image = PixelImage(
          width: side, height: 2 * side, channels: 1,
          pixels: (0..<2 * side * side).map { UInt8($0 * 7 % 200) })
        if name == "one" {
          image = try image.fitted(
            ImageFitting(
              resize: .shorterSide(9), crop: .init(height: 8, width: 9)), path: "x.png")
        }
        try image.write(to: "\(folder)/\(number).png")
      }
    }
    let fitting = ["--resize", "9", "--crop", "8x9"]
    let resized = try evaluate([model, "--test", place.path("many")] + fitting)
    #expect(try evaluate([model, "--test", place.path("one")]).output == resized.output)
    let image = place.path("many/1/3.png")
    let predicted = try RunnerProgram.run(["predict", model, image] + fitting)
    #expect(predicted.status == 0, Comment(rawValue: predicted.errors))
    #expect(
      predicted.output
        == (try RunnerProgram.run(["predict", model, place.path("one/1/3.png")]).output))
    let refused = try RunnerProgram.run(["predict", model, image])
    #expect(
      refused.errors.contains("use --resize 8x9 or scale it first"),
      Comment(rawValue: refused.errors))
    #expect(try RunnerProgram.run(["predict", model, image, "--resize", "8x9"]).status == 0)
    let bad = try RunnerProgram.run(["predict", model, image, "--resize", "8x"])
    #expect(
      bad.errors.contains("--resize takes a side, or height x width"),
      Comment(rawValue: bad.errors))
  }

  @Test(
    "One line says what a value lacks",
    arguments: [
      (["--mean", "1,2"], "the mean has 2 values for images of 1 channels"),
      (["--std", "0"], "a deviation is not over 0"),
      (["--std", "1,,2"], "--std takes numbers with commas between"),
      (["--mean", "half"], "--mean takes numbers with commas between"),
      (["--mean", "1e50"], "--mean takes numbers with commas between"),
    ])
  func badValues(options: [String], text: String) throws {
    let place = try AttackPlace()
    let (model, test) = try Self.trained(in: place)
    let result = try RunnerProgram.run(["evaluate", model, "--test", test] + options)
    #expect(result.status != 0)
    #expect(result.errors.contains(text), Comment(rawValue: result.errors))
    #expect(result.errors.split(separator: "\n").count == 1, Comment(rawValue: result.errors))
  }
}
