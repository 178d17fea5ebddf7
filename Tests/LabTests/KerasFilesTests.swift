import DefenseKit
import Foundation
import LabFiles
import Testing

@testable import ModelIO

/// Every file of the lab's network, as different versions of Keras wrote it, run by our executor.
@Suite("The lab's files of different Keras versions", .enabled(if: Lab.runsSmall))
struct KerasFilesTests {
  static let files = [
    "bd_net.h5", "bd_weights.h5", "keras-files/weights-keras-2.4.0.h5",
    "keras-files/weights-keras-2.9.0.h5", "keras-files/whole-model-keras-2.3.1.h5",
    "keras-files/whole-model-keras-3.0.0.h5",
  ]

  @Test("The classes that Keras predicts, and the channels that are pruned", arguments: files)
  func classes(_ file: String) throws {
    let reference = try #require(try LabData.reference("reference-keras-files.json")[file])
    let isDivided = reference["scale"]?.string == "1/255"
    #expect(isDivided == (file == "keras-files/weights-keras-2.4.0.h5"))
    let model = try LabData.model(file, scale: isDivided ? 1 / 255 : 1)
    for set in ["valid", "bd_valid"] {
      let predictions = try Executor([model]).labels(for: LabData.set(set, of: Lab.small))[0]
      #expect(predictions.map { Int($0) } == reference[set]?.ints, "\(set)")
    }
    let layer = try #require(model.graph.index(of: "conv_3"))
    guard case .convolution(let convolution) = model.graph.nodes[layer].operation else {
      Issue.record("conv_3 isn't a convolution")
      return
    }
    // A channel is pruned if its kernel is all zero.
    let kernel = convolution.kernel
    let channels = kernel.shape[3]
    let pruned = (0..<channels).filter { channel in
      stride(from: channel, to: kernel.count, by: channels).allSatisfy { kernel.values[$0] == 0 }
    }
    #expect(pruned == reference["pruned"]?.ints)
  }

  @Test("No file of the lab is forgotten")
  func allFiles() throws {
    let reference = try LabData.reference("reference-keras-files.json")
    let named = try #require(reference.object).keys.filter { $0.hasSuffix(".h5") }
    #expect(named.sorted() == Self.files.sorted())
  }
}
