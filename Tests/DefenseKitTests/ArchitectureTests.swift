import DefenseKit
import Foundation
import Synchronization
import Testing

@Suite("Architectures")
struct ArchitectureTests {
  private func graph(
    _ name: String, _ shape: [Int]? = nil, classes: Int = 10
  ) throws -> Graph {
    let architecture = try Architecture(named: name)
    return try architecture.graph(
      imageShape: shape ?? architecture.imageShape, classCount: classes)
  }

  // Worked out by hand; for DeepID what the lab's file has.
  @Test(
    "Numbers of weights and of multiply-adds",
    arguments: [
      ("deepid", 1283, 601_643, 8_161_760), ("small-cnn", 10, 186_218, 6_659_840),
      // No biases of convolutions, but four numbers for each of 192 channels.
      ("small-cnn-bn", 10, 186_794, 6_659_840),
      ("vgg", 10, 9_233_866, 152_769_536), ("preact-resnet", 10, 11_179_978, 555_422_720),
    ])
  func sizes(_ name: String, _ classes: Int, _ weights: Int, _ multiplyAdds: Int) throws {
    let graph = try graph(name, classes: classes)
    #expect(graph.parameterCount == weights)
    #expect(graph.multiplyAdds == multiplyAdds)
    #expect(graph.outputShape == [classes])
    #expect(graph.nodes[graph.output].activation == .softmax)
  }

  @Test("The layers that pruning works on")
  func layers() throws {
    #expect(try graph("deepid").lastConvolution == "conv_3")
    #expect(try graph("small-cnn").lastConvolution == "conv_3")
    let small = try graph("small-cnn")
    #expect(small.nodes[try #require(small.index(of: "conv_3"))].channels == 96)
    #expect(try graph("small-cnn-bn").lastConvolution == "conv_3")
    #expect(try graph("vgg").lastConvolution == "conv_8")
    #expect(try graph("preact-resnet").lastConvolution == "stage_4_block_2_conv_2")
    let deepID = try graph("deepid")
    #expect(
      deepID.nodes.map(\.name) == [
        "input", "conv_1", "pool_1", "conv_2", "pool_2", "conv_3", "pool_3", "conv_4", "flatten_1",
        "flatten_2", "fc_1", "fc_2", "add_1", "activation_1", "output",
      ])
  }

  @Test("Other images and classes fit as well", arguments: Architecture.all.map(\.name))
  func adapts(_ name: String) throws {
    for shape in [[32, 32, 3], [33, 47, 1], [64, 48, 3]] {
      let graph = try graph(name, shape, classes: 43)
      #expect(graph.inputShape == shape && graph.outputShape == [43])
      #expect(graph.parameterCount > 100_000)
    }
  }

  @Test("VGG takes 28x28, at the end of which one pixel is left")
  func smallVGG() throws {
    let graph = try graph("vgg", [28, 28, 1])
    let pools = (1...5).compactMap { graph.index(of: "pool_\($0)") }.map { graph.nodes[$0].shape }
    #expect(pools.map { $0[0] } == [14, 7, 4, 2, 1])
  }

  @Test(
    "What does not fit is refused in one line",
    arguments: [
      (
        "deepid", [28, 28, 1], 10,
        "layer 'input': deepid takes images of at least 31x31 pixels; these have 28x28"
      ),
      (
        "vgg", [32, 15, 3], 10,
        "layer 'input': vgg takes images of at least 16x16 pixels; these have 32x15"
      ),
      (
        "preact-resnet", [1024], 10,
        "layer 'input': preact-resnet takes images [height, width, channels], not [1024]"
      ),
      (
        "small-cnn", [28, 28, 1], 1,
        "layer 'output': 1 classes are too few; a classifier has at least 2"
      ),
    ])
  func refusals(_ name: String, _ shape: [Int], _ classes: Int, _ message: String) throws {
    let error = #expect(throws: GraphError.self) { try graph(name, shape, classes: classes) }
    #expect(error?.description == message + "; choose another architecture or other images")
  }

  @Test(
    "The smallest image that is not refused really fits", arguments: Architecture.all.map(\.name))
  func least(_ name: String) throws {
    let architecture = try Architecture(named: name)
    var size = 1
    while true {
      do {
        let graph = try architecture.graph(imageShape: [size, size, 1], classCount: 2)
        #expect(graph.nodes.allSatisfy { $0.elementCount > 0 })
        break
      } catch {
        #expect(error.description.contains("at least"))
        size += 1
      }
    }
    #expect(size <= 31)
  }

  @Test("An unknown name")
  func unknown() {
    let error = #expect(throws: PluginError.self) { try Architecture(named: "deep-id") }
    #expect(error?.code == .badOption)
    #expect(
      error?.description
        == "architecture takes a known name, not 'deep-id'; did you mean 'deepid'? "
        + "(architectures: deepid, small-cnn, small-cnn-bn, vgg, preact-resnet); give a Keras .h5 or JSON file"
    )
  }

  @Test("A scale becomes a layer, so that the file needs none")
  func scale() throws {
    let architecture = try Architecture(named: "small-cnn")
    let plain = try architecture.model(imageShape: [28, 28, 1], classCount: 10, seed: 5)
    #expect(plain.preprocessing.scale == 1 && plain.graph.index(of: "rescaling") == nil)
    let scaled = try architecture.model(
      imageShape: [28, 28, 1], classCount: 10, inputScale: 1 / 255, seed: 5)
    #expect(scaled.preprocessing.scale == 1)
    #expect(scaled.graph.nodes[1].operation == .rescaling(Rescaling(scale: [1 / 255])))
    let again = try architecture.model(
      imageShape: [28, 28, 1], classCount: 10, inputScale: 1 / 255, seed: 5)
    #expect(again.graph == scaled.graph)
  }

  @Test("Fresh networks give outputs that are finite, different and not sure of a class")
  func fresh() throws {
    for architecture in Architecture.all {
      let model = try architecture.model(
        imageShape: architecture.imageShape, classCount: 10, inputScale: 1 / 255, seed: 1)
      let size = architecture.imageShape.reduce(1, *)
      let values = (0..<2 * size).map { Float(($0 &* 2_654_435_761) >> 7 & 255) }
      let source = ArraySource(values, imageShape: architecture.imageShape)
      let outputs = Mutex<[Float]>([])
      try Executor([model]).run(source) { batch in
        outputs.withLock { $0 += batch.outputs(of: 0) }
      }
      let result = outputs.withLock { $0 }
      #expect(result.count == 20)
      #expect(result.allSatisfy { $0 > 0 && $0 < 0.9 }, "\(architecture.name): \(result)")
      #expect(result[..<10] != result[10...])
    }
  }

  @Test("A file that was written is an architecture again, from HDF5 and from JSON")
  func files() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "architectures-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for architecture in Architecture.all where architecture.name != "preact-resnet" {
      let shape = architecture.imageShape
      let model = try architecture.model(
        imageShape: shape, classCount: 7, inputScale: 1 / 255, seed: 3)
      let path = folder.appending(path: "\(architecture.name).h5").path
      try KerasModel.save(model, to: path)
      #expect(try KerasModel.load(path).graph.initialized(seed: 3) == model.graph)
      let read = try Architecture(nameOrFile: path)
      #expect(read.name == "\(architecture.name).h5")
      #expect(read.imageShape == shape && read.classCount == 7)
      #expect(try read.sha256 == sha256(ofFile: path))
      // It holds the layer that scales images, so that they are not to be scaled once more.
      #expect(read.scalesImages && read.byteScale == 1)
      #expect(!architecture.scalesImages && architecture.byteScale == 1 / 255)
      let plain = folder.appending(path: "plain.h5").path
      try KerasModel.save(
        architecture.model(imageShape: shape, classCount: 7, seed: 3), to: plain)
      #expect(try Architecture(file: plain).byteScale == 1 / 255)
      let blank = try read.graph(imageShape: shape, classCount: 7)
      #expect(blank != model.graph)
      #expect(blank.initialized(seed: 3) == model.graph)
      let again = try read.model(imageShape: shape, classCount: 7, seed: 3)
      #expect(again.graph == model.graph)
      let error = #expect(throws: GraphError.self) {
        try read.graph(imageShape: shape, classCount: 8)
      }
      #expect(
        error?.description
          == "layer 'output': \(architecture.name).h5 has 7 classes, but the images "
          + "have 8; choose another architecture or other images")
      let other = #expect(throws: GraphError.self) {
        try read.graph(imageShape: [9, 9, 1], classCount: 7)
      }
      #expect(other?.description.contains("takes images of shape \(shape), but") == true)
    }
    #expect(throws: FileError.self) { try Architecture(nameOrFile: "\(folder.path)/no.json") }
  }
}
