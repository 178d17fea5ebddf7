import Foundation
import InferenceGraph
import LabFiles
import Testing

@testable import ModelIO

/// The real network in every form that its lab and different Keras versions wrote it.
@Suite(.enabled(if: Lab.runsLab))
struct LabModelTests {
  static let wholeModels = [
    "bd_net.h5", "keras-files/whole-model-keras-2.3.1.h5", "keras-files/whole-model-keras-3.0.0.h5",
  ]
  static let weightsAlone = [
    "bd_weights.h5", "keras-files/weights-keras-2.4.0.h5", "keras-files/weights-keras-2.9.0.h5",
  ]

  func load(_ file: String) throws -> Model {
    let folder = try #require(Lab.folder)
    let path = folder.appending(path: file).path
    let architecture = folder.appending(path: "bd_net.h5").path
    return try KerasModel.load(
      path, architecture: Self.weightsAlone.contains(file) ? architecture : nil)
  }

  @Test(arguments: wholeModels + weightsAlone)
  func shapes(_ file: String) throws {
    let graph = try load(file).graph
    #expect(graph.inputShape == [55, 47, 3])
    #expect(graph.outputShape == [1283])
    #expect(graph.parameterCount == 601_643)
    #expect(
      graph.nodes.map(\.name).prefix(8) == [
        "input", "conv_1", "pool_1", "conv_2", "pool_2", "conv_3", "pool_3", "conv_4",
      ])
    let pool = try #require(graph.index(of: "pool_3"))
    #expect(graph.nodes[pool].shape == [5, 4, 60])
    // pool_3 feeds the next convolution and, flattened, the sum.
    #expect(graph.consumers[pool].count == 2)
    #expect(graph.nodes[graph.output].activation == .softmax)
  }

  @Test func theSameWeightsInBothFilesOfTheBadNet() throws {
    let (whole, weights) = (try load("bd_net.h5"), try load("bd_weights.h5"))
    #expect(whole.graph == weights.graph)
    #expect(whole.source?.file == "bd_net.h5")
    guard case .convolution(let conv) = whole.graph.nodes[5].operation else {
      Issue.record("conv_3 is no convolution")
      return
    }
    #expect(conv.kernel.shape == [3, 3, 40, 60])
    // The dormant channel that has a bias all the same.
    #expect(abs(conv.bias!.values[9] - 0.137) < 0.0005)
  }

  @Test func weightsAloneNeedAnArchitecture() throws {
    let path = try #require(Lab.folder).appending(path: "bd_weights.h5").path
    let error = #expect(throws: FileError.self) { try KerasModel.load(path) }
    #expect(
      error?.description
        == "\(path): holds only weights; give the network as a Keras .h5 model or as JSON")
    #expect(error?.kind == .usage)
  }
}
