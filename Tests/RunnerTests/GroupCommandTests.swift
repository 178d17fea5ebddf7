import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

@Suite("Groups, on the command line")
struct GroupCommandTests {
  /// A place with "clean.h5" of three persons and "other.h5" of six, of whose labels the fifth is
  /// wrong.
  private func make() throws -> BadInputPlace {
    let place = try BadInputPlace.make()
    try write(place, "clean", 200, [0, 1, 2, 0, 1, 2], [1, 1, 2, 2, 3, 3])
    try write(place, "other", 199, [0, 1, 2, 0, 0, 2], [1, 2, 3, 4, 5, 6])
    return place
  }

  private func write(
    _ place: borrowing BadInputPlace, _ name: String, _ bright: Float, _ labels: [Float],
    _ persons: [Float]
  ) throws {
    let path = place.path("\(name).h5")
    let file = try HDF5Writer(path: path)
    try file.write(place.images(6, bright), to: "data")
    try file.write(Tensor(shape: [6], values: labels), to: "label")
    try file.write(Tensor(shape: [persons.count], values: persons), to: "person")
    try AtomicFile.write(try file.image(), to: path)
  }

  private func arguments(
    _ place: borrowing BadInputPlace, clean: String = "clean.h5", test: String = "other.h5",
    epochs: Int = 0
  ) -> [String] {
    [
      "--defense", "fine-pruning", "--model", place.model, "--clean", place.path(clean),
      "--test", place.path(test), "--option", "fine-pruning.drops=10", "--option",
      "fine-pruning.epochs=\(epochs)",
    ]
  }

  @Test("The table is followed by the accuracy for groups seen and unseen")
  func run() throws {
    let place = try make()
    let plain = try RunnerProgram.run(arguments(place))
    #expect(plain.status == 0, "\(plain.errors)")
    let result = try RunnerProgram.run(arguments(place) + ["--group", "person"])
    #expect(result.status == 0 && result.errors == plain.errors, "\(result.errors)")
    // The pruned network says class 0 for every image.
    #expect(
      result.output == plain.output + """

        suspect: clean accuracy 100.00 % on 3 test images of groups in the clean set, 66.67 % on 3 \
        of other groups
        fine-pruning 10 %, pruned only: clean accuracy 33.33 % on 3 test images of groups in the \
        clean set, 66.67 % on 3 of other groups

        """)
    let label = try RunnerProgram.run(arguments(place) + ["--group", "label"])
    #expect(
      label.output == plain.output + """

        suspect: clean accuracy 83.33 % on 6 test images of groups in the clean set, – on 0 of \
        other groups
        fine-pruning 10 %, pruned only: clean accuracy 50.00 % on 6 test images of groups in the \
        clean set, – on 0 of other groups

        """)
  }

  @Test("The report names the groups and counts them; without them it is as before")
  func report() throws {
    let place = try make()
    func report(_ extra: [String]) throws -> JSON {
      let result = try RunnerProgram.run(
        arguments(place) + ["--json", "--detector", "goodnet"] + extra)
      #expect(result.status == 0, "\(result.errors)")
      return try JSONParser.parse(result.output)
    }
    let grouped = try report(["--group", "person"])
    #expect(grouped["options"]?["group"]?.string == "person")
    #expect(grouped["data"]?["clean"]?["groups"]?.int == 3)
    #expect(grouped["data"]?["test"]?["groups"]?.int == 6)
    let repair = try #require(grouped["repairs"]?[0])
    for (counts, seen, unseen) in [
      (grouped["suspect"]?["test"], 3, 2), (repair["test"], 1, 2),
      (repair["detectors"]?[0]?["test"], 1, 1),
    ] {
      #expect(counts?["seen"]?["correct"]?.int == seen && counts?["seen"]?["images"]?.int == 3)
      #expect(
        counts?["unseen"]?["correct"]?.int == unseen && counts?["unseen"]?["images"]?.int == 3)
    }
    let plain = try report([])
    #expect(plain["options"]?["group"] == nil && plain["data"]?["clean"]?["groups"] == nil)
    #expect(plain["suspect"]?["test"]?.object?.keys.sorted() == ["correct", "images"])
  }

  @Test("Test images without groups are counted together, with a warning")
  func testWithoutGroups() throws {
    let place = try make()
    let plain = try RunnerProgram.run(arguments(place, test: "test.h5"))
    let result = try RunnerProgram.run(
      arguments(place, test: "test.h5") + ["--group", "person"])
    #expect(result.status == 0 && result.output == plain.output, "\(result.errors)")
    #expect(
      result.errors.contains(
        "test.h5: has no data set 'person'; nothing is counted by group\n"))
  }

  @Test(
    "What cannot be split by",
    arguments: [
      ("clean", "video", "clean.h5: has no data set 'video' with the images' groups"),
      (
        "clean", "data",
        "clean.h5: its data set 'data' has the shape 6x2x2x1; one integer for each image (6) is needed"
      ),
      ("short", "person", "short.h5: its data set 'person' has 5 groups for 6 images"),
      (
        "shares", "person",
        "shares.h5: its data set 'person' has 0.5 at index 1, which is not a group; groups are integers"
      ),
      (
        "one", "person",
        "fine-pruning holds out whole groups of images, but one.h5 has only one; give images of more "
          + "groups or leave --group out"
      ),
    ])
  func refusals(clean: String, group: String, line: String) throws {
    let place = try make()
    let labels: [Float] = [0, 1, 2, 0, 1, 2]
    try write(place, "short", 200, labels, [1, 2, 3, 4, 5])
    try write(place, "shares", 200, labels, [1, 0.5, 3, 4, 5, 6])
    try write(place, "one", 200, labels, [1, 1, 1, 1, 1, 1])
    let result = try RunnerProgram.run(
      arguments(place, clean: "\(clean).h5", epochs: 1) + ["--group", group])
    #expect(result.status == 65, "\(result.errors)")
    #expect(
      result.errors.replacing(place.folder.path + "/", with: "").hasSuffix("runner: \(line)\n"),
      "\(result.errors)")
    #expect(result.output == "")
  }

  @Test("Without images to split")
  func withoutImages() throws {
    let place = try make()
    let built = try RunnerProgram.run(["--defense", "clp", "--group", "label"])
    #expect(
      built.status == 64
        && built.errors
          == "runner: --group needs --model; without it the built-in network is used\n"
    )
    let none = try RunnerProgram.run([
      "--defense", "clp", "--model", place.model, "--test", place.test, "--group", "label",
    ])
    #expect(
      none.status == 64
        && none.errors == "runner: --group needs --clean, the images that it splits\n")
  }

  @Test("compare takes it for one model, on the command line or in a plan, as part of the input")
  func compare() throws {
    let place = try make()
    let (clean, other) = (place.path("clean.h5"), place.path("other.h5"))
    let plan = try place.text(
      "plan.yaml",
      """
      models:
        - {name: m, model: \(place.model), clean: \(clean), test: \(other), group: person}
      defenses: [faulty]
      """)
    let planned = try Compare.run([plan, "--output", place.path("planned")])
    #expect(planned.status == 0, "\(planned.errors)")
    let given = try Compare.run([
      "--model", place.model, "--clean", clean, "--test", other, "--group", "person", "--defense",
      "faulty", "--output", place.path("given"),
    ])
    #expect(given.status == 0, "\(given.errors)")
    for folder in ["planned", "given"] {
      let units = "\(place.path(folder))/units"
      let names = try FileManager.default.contentsOfDirectory(atPath: units)
        .filter { $0.hasSuffix(".json") }
      #expect(names.count == 2)
      for name in names {
        let record = try JSONParser.parse(
          String(contentsOfFile: "\(units)/\(name)", encoding: .utf8))
        #expect(record["unit"]?["inputs"]?["group"]?.string == "person")
        let groups = record["suspect"]?["byGroup"]
        #expect(groups?["seen"]?["correct"]?.int == 3 && groups?["seen"]?["images"]?.int == 3)
        #expect(groups?["unseen"]?["correct"]?.int == 2 && groups?["unseen"]?["images"]?.int == 3)
      }
    }
    let several = try Compare.run([
      plan, "--group", "person", "--output", place.path("refused"),
    ])
    #expect(
      several.status == 64
        && several.errors.hasSuffix(
          "--group is for a model that --model names; the plan's models have their own\n")
    )
  }
}
