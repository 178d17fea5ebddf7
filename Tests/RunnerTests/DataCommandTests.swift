import DefenseKit
import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

/// Folders of images as data sets of commands, and what `data` says of data sets.
@Suite("Data sets that are folders, and data")
struct DataCommandTests {
  /// Writes the images of a place into a folder for each class.
  private func folder(
    _ place: borrowing BadInputPlace, _ name: String, _ classes: [String], bright: Float = 199
  ) throws -> String {
    let images = place.images(6, bright)
    for index in 0..<6 {
      let inner = place.path("\(name)/\(classes[index % 3])")
      try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
      let pixels = images.values[index * 4..<index * 4 + 4].map { UInt8($0) }
      try PixelImage(width: 2, height: 2, channels: 1, pixels: pixels)
        .write(to: "\(inner)/\(index).png")
    }
    return place.path(name)
  }

  private func run(_ arguments: [String], status: Int32 = 0) throws -> RunnerProgram.Result {
    let result = try RunnerProgram.run(arguments)
    #expect(result.status == status, "\(arguments): \(result.errors)")
    return result
  }

  @Test("The same results from a folder as from a file, in every command")
  func commands() throws {
    let place = try BadInputPlace.make()
    let test = try folder(place, "photos", ["ant", "bee", "cat"])
    let clean = try folder(place, "clean", ["0", "1", "2"], bright: 200)
    let right = try run(["evaluate", place.model, "--test", place.test])
    let evaluated = try run(["evaluate", place.model, "--test", test])
    #expect(evaluated.output == right.output)
    #expect(
      evaluated.errors == "warning: \(test): classes by folder: 0 ant, 1 bee, 2 cat\n",
      "\(evaluated.errors)")
    let predicted = try run(["predict", place.model, "--data", test])
    #expect(predicted.output == "0\n0\n1\n1\n2\n2\n")
    let options = ["--option", "fine-pruning.drops=10", "--option", "fine-pruning.epochs=0"]
    let defended = try run(
      ["--defense", "fine-pruning", "--model", place.model, "--clean", clean, "--test", test]
        + options)
    let same = try run(
      ["--defense", "fine-pruning", "--model", place.model, "--clean", place.good, "--test"]
        + [place.test] + options)
    #expect(defended.output == same.output)
    let plan = try place.text(
      "plan.yaml",
      """
      models:
        - {name: m, model: \(place.model), clean: \(clean), test: \(test), labels: sorted}
      defenses: [faulty]
      """)
    let ending = try Compare.run([plan, "--output", place.path("out")])
    #expect(ending.status == 0, "\(ending.errors)")
    let wrong = try place.text(
      "wrong.yaml", "models:\n  - {model: \(place.model), labels: text}\ndefenses: [faulty]\n")
    let refused = try Compare.run([wrong, "--output", place.path("other")])
    #expect(refused.errors.contains("wrong.yaml:2: labels takes sorted or numeric"))
  }

  @Test("A range of a file or folder, in every command")
  func ranges() throws {
    let place = try BadInputPlace.make()
    let photos = try folder(place, "photos", ["ant", "bee", "cat"])
    for path in [place.test, photos] {
      let predicted = try run(["predict", place.model, "--data", "\(path):1-4"])
      #expect(predicted.output == (path == photos ? "0\n1\n1\n" : "1\n2\n0\n"))
      let evaluated = try run(["evaluate", place.model, "--test", "\(path):1-4"])
      #expect(evaluated.output.hasSuffix(" (3 of 3)\n"))
      let shown = try run(["data", "\(path):1-4"])
      #expect(shown.output.hasPrefix("images   3, 2x2x1 "))
      let refused = try run(["evaluate", place.model, "--test", "\(path):1-9"], status: 64)
      #expect(refused.errors == "runner: \(path): has 6 images, but 1-9 are asked for\n")
    }
    // A name with a colon is a name.
    let odd = place.path("odd:0-1")
    try FileManager.default.copyItem(atPath: place.test, toPath: odd)
    #expect(try run(["evaluate", place.model, "--test", odd]).output.hasSuffix(" (6 of 6)\n"))
    #expect(
      try run(["evaluate", place.model, "--test", "\(odd):2-4"]).output.hasSuffix(" (2 of 2)\n"))
    let missing = try run(["evaluate", place.model, "--test", place.path("no.h5:0-1")], status: 66)
    #expect(missing.errors.hasPrefix("runner: \(place.path("no.h5")): no such file"))
    // Two ranges of a file in a comparison, resumed with another range.
    func plan(_ range: String) throws -> String {
      try place.text(
        "plan.yaml",
        """
        models:
          - {name: m, model: \(place.model), clean: "\(place.good):0-3", test: "\(photos):\(range)"}
        defenses: [faulty]
        """)
    }
    let out = ["--output", place.path("ranged")]
    #expect(try Compare.run([plan("0-4")] + out).status == 0)
    #expect(try Compare.run([plan("0-4")] + out).status == 0)
    #expect(try Compare.run([plan("0-5")] + out).status != 0)
  }

  @Test("The order of colours is for colour images")
  func channels() throws {
    let place = try BadInputPlace.make()
    let refused = try run(
      ["evaluate", place.model, "--test", place.test, "--channels", "bgr"], status: 65)
    #expect(
      refused.errors
        == "runner: \(place.model): the order of colours is bgr for images of 1 channels; "
        + "leave --channels out\n")
    let same = try run(["evaluate", place.model, "--test", place.test, "--channels", "rgb"])
    #expect(try same.output == run(["evaluate", place.model, "--test", place.test]).output)
    let unknown = try run(
      ["evaluate", place.model, "--test", place.test, "--channels", "gbr"], status: 64)
    #expect(unknown.errors.contains("'gbr' isn't a value of --channels, which takes rgb|bgr"))
  }

  @Test("Triggered images labelled with their true classes, and the attacker's class")
  func targets() throws {
    let place = try BadInputPlace.make()
    let shown = try folder(place, "shown", ["0", "1", "2"], bright: 197)
    // The model sees the true classes: two of four images of other classes do not lead to class 1.
    let evaluated = try run(["evaluate", place.model, "--poisoned", shown, "--target", "1"])
    #expect(evaluated.output.contains("0.00 % (0 of 4)"), "\(evaluated.output)")
    #expect(evaluated.output.contains("33.33 % (2 of 6)"), "\(evaluated.output)")
    let refused = try run(
      ["evaluate", place.model, "--poisoned", shown, "--target", "3"], status: 64)
    #expect(
      refused.errors == "runner: \(shown): leads to class 3, but the model's classes are 0 to 2\n")
    let unused = try run(
      ["evaluate", place.model, "--test", shown, "--target", "1"], status: 64)
    #expect(unused.errors.contains("--target has no effect without --poisoned"))
    let negative = try run(
      ["evaluate", place.model, "--poisoned", shown, "--target=-1"], status: 64)
    #expect(negative.errors.contains("--target takes a class, from 0 on"))
    let plan = try place.text(
      "plan.yaml",
      "models:\n  - {model: \(place.model), clean: \(place.good), poisoned: \(shown), target: 1}\n"
        + "defenses: [faulty]\n")
    #expect(try Compare.run([plan, "--output", place.path("targeted")]).status == 0)
  }

  @Test("Image files of other sizes in a plan")
  func fitting() throws {
    let place = try BadInputPlace.make()
    let large = place.path("large")
    for (index, name) in ["ant", "bee", "cat"].enumerated() {
      try FileManager.default.createDirectory(
        atPath: "\(large)/\(name)", withIntermediateDirectories: true)
      try PixelImage(
        width: 6, height: 4 + index, channels: 1,
        pixels: Array(repeating: 99, count: 6 * (4 + index))
      ).write(to: "\(large)/\(name)/0.png")
    }
    func plan(_ more: String) throws -> String {
      try place.text(
        "plan.yaml",
        "models:\n  - {model: \(place.model), clean: \(place.good), test: \(large)\(more)}\n"
          + "defenses: [faulty]\n")
    }
    let fitted = try Compare.run(
      [plan(", resize: 3x3, crop: 2"), "--output", place.path("fitted")])
    #expect(fitted.status == 0, "\(fitted.errors)")
    let refused = try Compare.run([plan(""), "--output", place.path("not")])
    #expect(refused.status != 0)
    let wrong = try Compare.run([plan(", crop: big"), "--output", place.path("not")])
    #expect(
      wrong.errors.contains(
        "plan.yaml:2: crop takes both sides or height x width, such as 224 or 224x192"))
  }

  @Test("Folders that are numbers")
  func numbers() throws {
    let place = try BadInputPlace.make()
    let test = try folder(place, "numbers", ["0", "1", "2"])
    try FileManager.default.removeItem(atPath: "\(test)/0")
    let refused = try run(["evaluate", place.model, "--test", test], status: 65)
    #expect(
      refused.errors
        == "runner: \(test): has 2 class folders, but the model has 3 classes; give one for each, "
        + "empty where there are no images; use --labels numeric\n")
    let used = try run(["evaluate", place.model, "--test", test, "--labels", "numeric"])
    #expect(used.output.hasSuffix(" (4 of 4)\n"))
    #expect(used.errors.contains("classes by folder: 1 1, 2 2\n"))
    let unknown = try run(
      ["evaluate", place.model, "--test", test, "--labels", "text"], status: 64)
    #expect(unknown.errors.contains("'text' isn't a value of --labels, which takes sorted|numeric"))
  }

  @Test("data on a folder: text, JSON and picture")
  func folders() throws {
    let place = try BadInputPlace.make()
    let photos = try folder(place, "photos", ["ant", "bee", "cat"])
    let hash = try #require(try DataSet.sha256(ofFolder: photos, part: nil))
    let sheet = place.path("sheet.png")
    let result = try run(["data", photos, "--sheet", sheet])
    #expect(
      result.output == """
        images   6, 2x2x1 (height x width x channels), channels last
        values   8-bit integers, 10 to 199, mean 57.25
        SHA-256  \(hash)
        classes  3

        class   images  name
            0        2  ant
            1        2  bee
            2        2  cat

        """)
    let picture = try PixelImage(contentsOf: sheet)
    // Three rows of two images, enlarged 48 times, with gaps of 4.
    #expect((picture.width, picture.height) == (204, 304) && picture.channels == 1)
    #expect(picture.pixels[4 * 204 + 4] == 199 && picture.pixels[104 * 204 + 4] == 10)
    let again = try run(["data", photos, "--sheet", sheet], status: 73)
    #expect(again.errors.contains("already exists"))
    let json = try run(["data", photos, "--json"])
    try WrittenJSON.expectValid(json.output, "data", "folder")
    let values = try JSONParser.parse(json.output)
    #expect(values["classes"]?[1]?["name"] == .string("bee") && values["arrays"] == .null)
    #expect(values["mean"] == .number(57.25))
  }

  @Test("data on files: names, labels, missing ones, values that are none")
  func files() throws {
    let place = try BadInputPlace.make()
    let good = try run(["data", place.good])
    #expect(
      good.output.hasPrefix(
        """
        images   6, 2x2x1 (height x width x channels), channels last
        arrays   images in 'data', classes in 'label'
        values   32-bit floats, 10 to 200, mean 57.5
        """), "\(good.output)")
    #expect(
      good.output.hasSuffix(
        "classes  3\n\nclass   images\n    0        2\n    1        2\n    2        2\n"))
    var values = place.images(12).values
    values[3] = .nan
    let bare = try place.data(
      "bare", images: Tensor(shape: [12, 2, 2, 1], values: values), labels: nil)
    let none = try run(["data", bare])
    #expect(none.output.contains("\narrays   images in 'data', no classes\n"))
    #expect(none.output.contains("\n         1 are NaN or infinite\n"))
    #expect(none.output.hasSuffix("\nclasses  none\n"))
    let json = try run(["data", bare, "--json"])
    try WrittenJSON.expectValid(json.output, "data", "bare")
    #expect(try JSONParser.parse(json.output)["classes"] == .null)
    let other = try run(["data", place.model], status: 65)
    #expect(other.errors.contains("has no data set 'data'"), "\(other.errors)")
    let missing = try run(["data", place.path("no.h5")], status: 66)
    #expect(missing.errors == "runner: \(place.path("no.h5")): no such file; check the path\n")
  }
}
