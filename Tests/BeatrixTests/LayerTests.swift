import DefenseKit
import ReferenceInference
import Testing

@testable import Beatrix

@Suite("Beatrix's layer")
struct LayerTests {
  private func model(_ build: (inout NetworkBuilder) throws -> Void) throws -> Model {
    var network = try NetworkBuilder([16, 16, 3])
    try build(&network)
    return Model(graph: network.graph, name: "network")
  }

  private func layer(
    of model: Model, _ change: (inout Beatrix.Options) -> Void = { _ in }
  ) throws -> (name: String, channels: Int) {
    var options = Beatrix.Options()
    change(&options)
    return try Beatrix(options: options).layer(of: model)
  }

  private let pool = Graph.Operation.pooling(Pooling(.max, window: Extent(2, 2)))

  @Test("In a plain network: the last result with more pixels than the last convolution's")
  func plain() throws {
    let network = try model {
      try $0.conv("a", 4)
      try $0.add("pool_a", pool)
      try $0.conv("b", 5)
      try $0.conv("c", 6)
      try $0.add("pool_c", pool)
      try $0.conv("d", 7)
      try $0.conv("e", 8)
      try $0.add("pool_e", pool)
      try $0.add("flatten", .flatten)
      try $0.dense("out", 3)
    }
    #expect(try layer(of: network) == ("c", 6))
    #expect(try layer(of: network) { $0.layer = "pool_a" } == ("pool_a", 4))
  }

  @Test("In a residual network: the sum that the last stage's branches read")
  func residual() throws {
    let network = try model {
      let stem = try $0.conv("stem", 4)
      try $0.conv("a", 4, from: stem)
      let sum = try $0.add("sum_1", .add, from: stem, $0.tip, activation: .relu)
      let branch = try $0.conv("b", 8, stride: 2, from: sum)
      let long = try $0.conv("c", 8, from: branch)
      let shortcut = try $0.conv("shortcut", 8, 1, stride: 2, from: sum, activation: .linear)
      try $0.add("sum_2", .add, from: long, shortcut, activation: .relu)
      try $0.add("mean", .globalPooling(.average, keepsDimensions: false))
      try $0.dense("out", 3)
    }
    #expect(try layer(of: network) == ("sum_1", 4))
  }

  @Test("Without a smaller last stage: what the last convolution reads, or its own result")
  func fallbacks() throws {
    let flat = try model {
      try $0.conv("a", 4)
      try $0.conv("b", 5)
      try $0.conv("c", 6)
      try $0.add("flatten", .flatten)
      try $0.dense("out", 3)
    }
    #expect(try layer(of: flat) == ("b", 5))
    let single = try model {
      try $0.conv("a", 4, stride: 2)
      try $0.add("flatten", .flatten)
      try $0.dense("out", 3)
    }
    #expect(try layer(of: single) == ("a", 4))
  }

  @Test("What cannot be examined is said in a line")
  func refusals() throws {
    func message(_ model: Model, _ change: (inout Beatrix.Options) -> Void = { _ in }) -> String? {
      let error = #expect(throws: PluginError.self) { try layer(of: model, change) }
      return error?.description
    }
    let dense = try model {
      try $0.add("flatten", .flatten)
      try $0.dense("out", 3)
    }
    #expect(
      message(dense)
        == "beatrix correlates the channels of a feature map, but network has no convolution")
    let network = try model {
      try $0.conv("a", 4)
      try $0.add("flatten", .flatten)
      try $0.dense("out", 3)
    }
    for name in ["flatten", "out", "input", "nowhere"] {
      #expect(
        message(network) { $0.layer = name }
          == "beatrix.layer takes an inner layer whose result is [height, width, channels], not "
          + "'\(name)' (layers: a)")
    }
    let wide = try model {
      try $0.conv("wide", 2000, 1)
      try $0.add("mean", .globalPooling(.average, keepsDimensions: false))
      try $0.dense("out", 10)
    }
    #expect(
      message(wide)
        == "beatrix would take 1221 MiB for the ranges of 10 classes, and 1024 are the limit: "
        + "'wide' has 2000 channels; lower beatrix.orders or set beatrix.layer to one of fewer "
        + "channels")
    #expect(try layer(of: wide) { $0.orders = 6 } == ("wide", 2000))
  }
}
