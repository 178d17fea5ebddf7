import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

@Suite("Other names for images and labels")
struct KeysTests {
  /// A place with a file "all.h5" of training and test images.
  private func make() throws -> BadInputPlace {
    let place = try BadInputPlace.make()
    let file = try HDF5Writer(path: place.path("all.h5"))
    let labels = Tensor(shape: [6], values: [0, 1, 2, 0, 1, 2])
    for (name, bright) in [("train", 200), ("test", 199)] as [(String, Float)] {
      try file.write(place.images(6, bright), to: "X_\(name)")
      try file.write(labels, to: "Y_\(name)")
    }
    try AtomicFile.write(try file.image(), to: place.path("all.h5"))
    return place
  }

  private static let hint =
    "all.h5: has no data set 'data'; these fit: 'X_test' (6x2x2x1) with 'Y_test' (6), 'X_test' "
    + "(6x2x2x1) with 'Y_train' (6), 'X_train' (6x2x2x1) with 'Y_test' (6), 'X_train' (6x2x2x1) with "
    + "'Y_train' (6); use --keys X_test,Y_test or another pair"

  @Test("Without keys the error lists what fits; what it says to do works")
  func keys() throws {
    let place = try make()
    let all = place.path("all.h5")
    try place.fails(65, Self.hint, clean: all)
    let bare = try RunnerProgram.run(["evaluate", place.model, "--test", all])
    #expect(bare.status == 65 && bare.errors.hasSuffix("\(Self.hint)\n"))
    let right = try RunnerProgram.run(["evaluate", place.model, "--test", place.test])
    for keys in ["X_test,Y_test", "test=X_test,Y_test"] {
      let result = try RunnerProgram.run(["evaluate", place.model, "--test", all, "--keys", keys])
      #expect(result.status == 0 && result.output == right.output, "\(result.errors)")
    }
    let predicted = try RunnerProgram.run([
      "predict", place.model, "--data", all, "--keys", "X_train,Y_train",
    ])
    #expect(predicted.output == "0\n1\n2\n0\n1\n2\n")
  }

  @Test("One file for two options, in a config file and in a plan")
  func roles() throws {
    let place = try make()
    let all = place.path("all.h5")
    let common = ["--defense", "fine-pruning", "--model", place.model]
    let options = ["--option", "fine-pruning.drops=10", "--option", "fine-pruning.epochs=0"]
    let right = try RunnerProgram.run(
      common + options + ["--clean", place.good, "--test", place.test])
    #expect(right.status == 0, "\(right.errors)")
    let files = ["--clean", all, "--test", all]
    let given = try RunnerProgram.run(
      common + options + files + ["--keys", "X_train,Y_train", "--keys", "test=X_test,Y_test"])
    #expect(given.status == 0 && given.output == right.output, "\(given.errors)")
    let config = try place.text(
      "config.yaml", "keys: ['X_train,Y_train', 'test=X_test,Y_test']\n")
    let configured = try RunnerProgram.run(common + options + files + ["--config", config])
    #expect(configured.status == 0 && configured.output == right.output, "\(configured.errors)")
    for keys in [
      "{clean: [X_train, Y_train], test: 'X_test,Y_test'}",
      "{clean: 'X_train,Y_train', test: [X_test, Y_test]}",
    ] {
      let plan = try place.text(
        "plan.yaml",
        """
        models:
          - {name: m, model: \(place.model), clean: \(all), test: \(all), keys: \(keys)}
        defenses: [faulty]
        """)
      let output = place.path("out-\(keys.count)")
      let ending = try Compare.run([plan, "--output", output])
      #expect(ending.status == 0, "\(ending.errors)")
    }
  }

  @Test(
    "Keys that are none, or for no data set of the command",
    arguments: [
      (
        ["--keys", "X_train"],
        "--keys takes two names, of images and labels, such as x,y or test=x,y, not 'X_train'"
      ),
      (["--keys", "a,b,c"], " such as x,y or test=x,y, not 'a,b,c'"),
      (
        ["--keys", "poison=a,b"],
        "--keys poison=a,b names no data set of this command; write test=, poisoned= or the two names "
          + "alone"
      ),
    ])
  func refusals(_ arguments: [String], _ words: String) throws {
    let place = try BadInputPlace.make()
    let result = try RunnerProgram.run(
      ["evaluate", place.model, "--test", place.test] + arguments)
    #expect(result.status == 64 && result.errors.contains(words), "\(result.errors)")
  }

  @Test("In a plan")
  func plans() throws {
    let place = try make()
    let plan = try place.text(
      "plan.yaml", "models:\n  - {model: \(place.model), keys: X_train}\ndefenses: [faulty]\n")
    let ending = try Compare.run([plan, "--output", place.path("out")])
    #expect(ending.status == 64)
    #expect(
      ending.errors.contains(
        "plan.yaml:2: keys takes the names of images and labels, such as X_train,Y_train"))
  }

  @Test("Names that two models or plugins have: the advice to name one in a plan works")
  func names() throws {
    let place = try ComparePlace()
    let twice = try Compare.run(
      [
        "--defense", "faulty,faulty", "--output", place.path("out"),
      ] + place.model)
    #expect(
      twice.errors.hasSuffix(
        "two defenses are called 'faulty'; give one another 'label' in a plan, or leave it out\n"))
    let plan = try place.plan(
      "defenses:\n  - faulty\n  - {name: faulty, label: other, options: {misdeed: none}}\n")
    let ending = try Compare.run([plan, "--output", place.path("out")])
    #expect(!ending.errors.contains("are called"), "\(ending.errors)")
  }
}
