import DefenseKit
import Foundation
import LabFiles
import Testing

@testable import ModelIO

/// PNG files on the command line, by whole output.
@Suite("predict on PNG files")
struct PredictImagesTests {
  /// Writes a file of 2x2 pixels of which the given one is bright: the class that the model gives.
  private func image(
    _ place: borrowing BadInputPlace, _ name: String, bright: Int, channels: Int = 1,
    alpha: UInt8 = 255, tint: UInt8 = 0
  ) throws -> String {
    let path = place.path(name)
    let pixels = (0..<4).flatMap { pixel -> [UInt8] in
      let value: UInt8 = pixel == bright ? 200 : 10
      return (0..<channels).map { $0 == 3 ? alpha : $0 == 2 ? value + tint : value }
    }
    try PixelImage(width: 2, height: 2, channels: channels, pixels: pixels).write(to: path)
    return path
  }

  /// A model like the place's that knows two of the three classes apart only.
  private func repaired(_ place: borrowing BadInputPlace) throws -> String {
    var graph = try Graph(inputShape: [2, 2, 1])
    try graph.append("flatten", .flatten, inputs: [0])
    let kernel: [Float] = [1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]
    try graph.append(
      "dense", .dense(Dense(kernel: Tensor(shape: [4, 3], values: kernel))), inputs: [1],
      activation: .softmax)
    try KerasModel.save(Model(graph: graph), to: place.path("repaired.h5"))
    return place.path("repaired.h5")
  }

  @Test("A class a line, in the order of the files", arguments: ["auto", "require", "off"])
  func classes(sandbox: String) throws {
    if Lab.isSanitized { return }
    let place = try BadInputPlace.make()
    let files = try [
      image(place, "c.png", bright: 2), image(place, "a.png", bright: 0),
      image(place, "rgb.png", bright: 1, channels: 3),
      image(place, "rgba.png", bright: 2, channels: 4), image(place, "b.png", bright: 1),
    ]
    let result = try RunnerProgram.run(["predict", place.model] + files + ["--sandbox", sandbox])
    #expect(result.output == "2\n0\n1\n2\n1\n")
    #expect(result.errors == "")
    #expect(result.status == 0)
  }

  @Test("Files give what the same images in a data set give")
  func sameAsData() throws {
    let place = try BadInputPlace.make()
    let files = try (0..<6).map { try image(place, "\($0).png", bright: $0 % 3) }
    for scale in [[], ["--scale", "1/255"]] {
      let images = try RunnerProgram.run(["predict", place.model] + files + scale)
      let data = try RunnerProgram.run(["predict", place.model, "--data", place.good] + scale)
      #expect(images.output == "0\n1\n2\n0\n1\n2\n")
      #expect(images.output == data.output)
    }
  }

  @Test("Flagged images get the number of classes")
  func flagged() throws {
    let place = try BadInputPlace.make()
    let files = try (0..<3).map { try image(place, "\($0).png", bright: $0) }
    let result = try RunnerProgram.run(
      ["predict", place.model] + files + [
        "--repaired", repaired(place), "--detector", "goodnet",
      ])
    #expect(result.output == "0\n1\n3\n")
    #expect(result.errors == "")
  }

  @Test("What overflows has no class, and the file is named")
  func nonfinite() throws {
    let place = try BadInputPlace.make()
    let dark = PixelImage(width: 2, height: 2, channels: 1, pixels: [0, 0, 0, 0])
    try dark.write(to: place.path("dark.png"))
    let bright = try image(place, "bright.png", bright: 1)
    var graph = try Graph(inputShape: [2, 2, 1])
    try graph.append("flatten", .flatten, inputs: [0])
    try graph.append(
      "dense", .dense(Dense(kernel: Tensor(shape: [4, 3], repeating: 1e30))), inputs: [1])
    try KerasModel.save(Model(graph: graph), to: place.model)
    let result = try RunnerProgram.run([
      "predict", place.model, place.path("dark.png"), bright, "--scale", "1e30",
    ])
    #expect(result.output == "0\nnonfinite\n")
    #expect(
      result.errors
        == "warning: image files: no class for 1 of 2 images (first: \(bright)): the model computed "
        + "NaN or infinite values; their lines say 'nonfinite'\n")
    let tooLarge = try RunnerProgram.run([
      "predict", place.model, place.path("dark.png"), bright, "--scale", "3e38",
    ])
    #expect(tooLarge.status == 65)
    #expect(
      tooLarge.errors
        == "runner: \(bright): it holds a value that is NaN, infinite or too large for 32-bit "
        + "floats\n")
  }

  @Test("What cannot be used is one line with the right status, and no class at all")
  func refusals() throws {
    let place = try BadInputPlace.make()
    let good = try image(place, "good.png", bright: 0)
    func fails(
      _ status: Int32, _ words: String, _ name: String, _ extra: [String] = [],
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let result = try RunnerProgram.run(["predict", place.model, good, place.path(name)] + extra)
      #expect(result.status == status, sourceLocation: sourceLocation)
      #expect(
        result.errors == "runner: \(place.path(name)): \(words)\n", sourceLocation: sourceLocation)
      #expect(result.output == "", sourceLocation: sourceLocation)
    }
    try fails(66, "no such file; check the path", "no.png")
    let wide = PixelImage(width: 3, height: 2, channels: 1, pixels: [1, 2, 3, 4, 5, 6])
    try wide.write(to: place.path("wide.png"))
    try fails(
      65,
      "the image is 2x3, but the model takes 2x2 (height x width); use "
        + "--resize 2x2 or scale it first", "wide.png")
    _ = try image(place, "colour.png", bright: 0, channels: 3, tint: 9)
    try fails(
      65, "the image has colours, but the model takes one channel; make it grey first",
      "colour.png")
    _ = try image(place, "clear.png", bright: 0, channels: 4, alpha: 9)
    try fails(
      65,
      "the image is transparent at row 0, column 0, and the model sees no transparency; put it on a "
        + "background first", "clear.png")
    _ = try place.text("text.png", "hello")
    try fails(65, "is not a PNG, JPEG or PPM image; check it or copy it again", "text.png")
    try fails(
      65, "is an HDF5 file, not an image; give it as a data set, or an image here", "good.h5")
    let whole = try Data(contentsOf: URL(filePath: good))
    try whole.dropLast(20).write(to: URL(filePath: place.path("cut.png")))
    try fails(65, "ends before its image does; copy it again", "cut.png")
    try fails(65, "ends before its image does; copy it again", "cut.png", ["--sandbox", "off"])
    let data = try RunnerProgram.run(["predict", place.model, "--data", good])
    #expect(data.status == 65)
    #expect(
      data.errors == "runner: \(good): is a PNG image, not a data set; give an HDF5 file with the "
        + "images in 'data' and their classes in 'label'\n")
  }

  @Test("A model that does not take images says so before any is read")
  func otherInput() throws {
    let place = try BadInputPlace.make()
    var graph = try Graph(inputShape: [4])
    try graph.append(
      "dense", .dense(Dense(kernel: Tensor(shape: [4, 3], repeating: 1))), inputs: [0])
    try KerasModel.save(Model(graph: graph), to: place.model)
    let result = try RunnerProgram.run(["predict", place.model, "no.png"])
    #expect(result.status == 65)
    #expect(
      result.errors
        == "runner: no.png: images have one or three channels, but the model takes 4; give an "
        + "HDF5 data set\n")
  }

  @Test("predict --help")
  func help() throws {
    let result = try RunnerProgram.run(["predict", "--help"])
    #expect(result.status == 0)
    #expect(
      result.output.hasPrefix(
        """
        OVERVIEW: Print a class for every image.

        EXAMPLES:
          # Classify images
          runner predict model.h5 cat.png dog.png --scale 1/255
          # Classify a data set; images that GoodNet flags get the class N
          runner predict suspect.h5 --repaired repaired.h5 --detector goodnet \\
            --data test.h5

        Reads PNG, JPEG and PPM files, or a data set with --data. Prints one class per
        line, counted from 0, in the order of the images. With --detector, flagged
        images get N, the number of classes (counted from 1: N + 1).
        """), "\(result.output)")
    #expect(result.output.contains("USAGE: runner predict [<options>] <model> [<image> ...]"))
  }
}
