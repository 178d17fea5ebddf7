import DefenseKit
import Foundation
import Testing

/// What a user may get wrong about an attack: one line, the right status, nothing left.
@Suite("Bad input of attacks")
struct AttackBadInputTests {
  @Test("Options and values")
  func usage() throws {
    let place = try AttackPlace()
    try place.fails(
      64,
      "badnet is not an attack; did you mean 'badnets'? (attacks: badnets, blended, sig, wanet, "
        + "label-consistent, adaptive-blend, bpp, tact, low-frequency, ftrojan, "
        + "multi-trigger, trojan-nn, sra)", place.arguments("badnet"))
    try place.fails(
      64, "goodnet is a detector, not an attack; use --detector goodnet",
      place.arguments("goodnet"))
    try place.fails(
      64, "sig is an attack, not a defense; use the command 'attack sig'", ["--defense", "sig"])
    try place.fails(
      64,
      "wanet.grid has no effect, because wanet isn't part of this run; name the plugin or leave "
        + "wanet.grid out", place.arguments("sig", ["--option", "wanet.grid=3"]))
    try place.fails(
      64, "--target takes a class from 0 to 2, not 3",
      place.arguments("badnets", ["--target", "3"]))
    try place.fails(
      64, "--rate takes a share over 0 and up to 1, not 1.5",
      place.arguments("badnets", ["--rate", "1.5"]))
    try place.fails(
      64, "--rate of 0.001 selects none of 120 images; raise --rate",
      place.arguments("badnets", ["--rate", "0.001"]))
    try place.fails(
      64,
      "badnets.size gives a patch of 8x10 pixels, which does not fit images of 8x9; change "
        + "badnets.size, badnets.margin or badnets.place",
      place.arguments("badnets", ["--option", "badnets.size=8,10"]))
    try place.fails(
      64,
      "sig poisons images of one target class only, so it cannot attack all-to-all; leave --mode "
        + "out", place.arguments("sig", ["--mode", "all-to-all"]))
    try place.fails(
      64, "--resume needs --checkpoint",
      place.arguments("sig", ["--resume"]))
    try place.fails(
      64, "--checkpoint is in the folder of the results; name a file elsewhere",
      place.arguments("sig", ["--checkpoint", "\(place.output)/state.h5"]))
    try place.fails(
      64,
      "--train FILE needs --test, images to evaluate the model on",
      [
        "attack", "sig", "--train", place.train, "--architecture", "small-cnn", "--output",
        place.output,
      ])
    try place.fails(
      64,
      "'fashion-mnist:9' names no images; write fashion-mnist:FROM-TO, as in fashion-mnist:0-5000 "
        + "for the first 5000",
      [
        "attack", "sig", "--train", "fashion-mnist:9", "--architecture", "small-cnn", "--output",
        place.output,
      ])
    try place.fails(
      64, "--target has no effect with --mode all-to-all; leave it out",
      place.arguments("badnets", ["--mode", "all-to-all", "--target", "0"]))
    try place.fails(
      64, "badnets.position has no effect together with badnets.place; leave one out",
      place.arguments(
        "badnets",
        ["--option", "badnets.place=1,1", "--option", "badnets.position=top-left"]))
    try place.fails(
      65,
      "there are 120 images to train on, fewer than one batch of 500; give more images or lower "
        + "--batch", place.arguments("badnets", ["--batch", "500"]))
  }

  /// What is wrong with a value is said before any data is read: the files are not there.
  static let values: [(arguments: [String], message: String)] = [
    (["--learning-rate", "0"], "--learning-rate takes a finite number over 0, not 0.0"),
    (["--learning-rate", "inf"], "--learning-rate takes a finite number over 0, not inf"),
    (["--epochs", "0"], "--epochs takes an integer from 1 to 1,000,000, not 0"),
    (
      ["--epochs", "200000000000000"],
      "--epochs takes an integer from 1 to 1,000,000, not 200000000000000"
    ),
    (["--batch", "0"], "--batch takes a positive integer, not 0"),
    (["--weight-decay=-1"], "--weight-decay takes a finite number of at least 0, not -1.0"),
    (["--label-smoothing", "1"], "--label-smoothing takes a number from 0 to under 1, not 1.0"),
    (["--clipping", "0"], "--clipping takes a finite number over 0, not 0.0"),
    (
      ["--optimizer", "sgd", "--momentum", "1"],
      "--momentum takes a number from 0 and under 1, not 1.0"
    ),
    (
      ["--optimizer", "nesterov", "--momentum", "0"],
      "--momentum takes a number over 0 and under 1, not 0.0"
    ),
    (
      ["--schedule", "step", "--milestones", "3,2"],
      "--milestones takes epochs counted from 0, ascending and separated by commas, as in 4,6"
    ),
  ]

  @Test("Values out of range", arguments: values)
  func range(_ arguments: [String], _ message: String) throws {
    let place = try AttackPlace()
    let nowhere = [
      "attack", "badnets", "--train", "no.h5", "--test", "no.h5", "--architecture", "small-cnn",
      "--output", place.output,
    ]
    try place.fails(64, message, nowhere + arguments)
  }

  @Test("What cannot be told before the images' shape and classes are known")
  func extents() throws {
    let place = try AttackPlace()
    try place.fails(
      64, "--shift takes an integer from 0 to 7 for images of 8x9, not 99",
      place.arguments("badnets", ["--shift", "99"]))
    try place.fails(
      64, "1000000000000 classes are more than a network may have (1048576); give fewer",
      place.arguments("badnets", ["--classes", "1000000000000"]))
    try place.fails(
      64,
      "label-consistent.size is 5, so that four corners overlap in images of 8x9; lower "
        + "label-consistent.size or set label-consistent.corners to 1",
      place.arguments("label-consistent", ["--option", "label-consistent.size=5"]))
  }

  @Test("A checkpoint that is an input, a folder, or where nothing can be written")
  func checkpoints() throws {
    let place = try AttackPlace()
    let picture = place.path("p.png")
    try PixelImage(width: 2, height: 2, channels: 1, pixels: [1, 2, 3, 4]).write(to: picture)
    for (path, name) in [(place.train, "train.h5"), (place.test, "test.h5"), (picture, "p.png")] {
      let bytes = try place.bytes(name)
      for extra in [["--force"], ["--resume"]] {
        try place.fails(
          73, "--checkpoint is \(name), which is read; give another name",
          place.arguments(
            "badnets",
            ["--checkpoint", path, "--option", "badnets.image=\(picture)"] + extra))
      }
      #expect(try place.bytes(name) == bytes)
    }
    let folder = place.path("folder")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    try place.fails(
      73, "folder is a folder; give --checkpoint a file",
      place.arguments("badnets", ["--checkpoint", folder, "--force"]))
    try place.fails(
      64, "--checkpoint is in the folder of the results; name a file elsewhere",
      place.arguments("badnets", ["--checkpoint", place.output]))
    try place.fails(
      73, "no/state.h5 cannot be written: no such folder (no); create it first",
      place.arguments("badnets", ["--checkpoint", place.path("no/state.h5")]))
  }

  @Test("Files and images")
  func data() throws {
    let place = try AttackPlace()
    func arguments(_ train: String, _ test: String, _ extra: [String] = []) -> [String] {
      [
        "attack", "badnets", "--train", train, "--test", test, "--architecture", "small-cnn",
        "--output", place.output,
      ] + extra
    }
    try place.fails(
      66, "no.h5: no such file; check the path", arguments(place.path("no.h5"), place.test))
    try place.fails(
      65, "train.h5: no image is of class 3; training needs images of each of the 4 classes",
      arguments(place.train, place.test, ["--classes", "4"]))
    try place.fails(
      65, "train.h5: its data set 'label' has class 2 at index 2; the attack's classes are 0 to 1",
      arguments(place.train, place.test, ["--classes", "2"]))
    let wide = try place.write("wide", 30, seed: 1, shape: [9, 9, 1])
    try place.fails(
      65,
      "wide.h5: its images are 1x9x9, but the attack takes 8x9x1 (height x width x channels); give "
        + "data made for this attack", arguments(place.train, wide))
    let small = try place.write("small", 30, seed: 1, shape: [7, 9, 1])
    try place.fails(
      65,
      "layer 'input': small-cnn takes images of at least 8x8 pixels; these have 7x9; choose another "
        + "architecture or other images", arguments(small, small))
    try place.fails(
      66, "no.png: no such file; check the path",
      arguments(
        place.train, place.test, ["--option", "badnets.image=\(place.path("no.png"))"]))
    try Data("x".utf8).write(to: URL(filePath: place.path("bad.png")))
    try place.fails(
      65, "bad.png: is not a PNG, JPEG or PPM image; check it or copy it again",
      arguments(
        place.train, place.test, ["--option", "badnets.image=\(place.path("bad.png"))"]))
    try place.fails(
      64,
      "--architecture takes a known name, not 'small-cn'; did you mean 'small-cnn'? (architectures: deepid, "
        + "small-cnn, small-cnn-bn, vgg, preact-resnet); give a Keras .h5 or JSON file",
      [
        "attack", "badnets", "--train", place.train, "--test", place.test, "--architecture",
        "small-cn", "--output", place.output,
      ])
  }

  /// OpenBLAS would ask for its buffers for ever.
  @Test("Too little memory to train is said, not waited for")
  func memory() throws {
    let place = try AttackPlace()
    let ending = try Ending(
      script: #"ulimit -v 500000; timeout 60 "$RUNNER" "$@""#,
      place.arguments("badnets", ["--threads", "2"]))
    #expect(ending.status == 71, "\(ending.errors)")
    #expect(ending.errors.contains(": training with batches of 20 images takes about "))
    #expect(ending.errors.split(separator: "\n").count == 1)
  }
}
