import ReferenceInference
import Testing

@testable import InferenceGraph
@testable import NetworkTraining

/// What a training takes, known before it is taken.
@Suite struct TrainingMemoryTests {
  /// 7x7 pixels of two channels, and a convolution that makes one pixel of four channels of them.
  private func head() throws -> Graph {
    var net = try NetworkBuilder([7, 7, 2])
    try net.conv("conv", 4, 7, padding: .valid, activation: .linear)
    try net.add("flatten", .flatten)
    return net.graph
  }

  /// 20 images are two blocks, 32 lanes, with a slot each. The image lies in a frame of one element at
  /// bottom and right.
  @Test func framesOfSlopesAreThereWhereSlopesGoBack() throws {
    func floats(input: Bool) throws -> Int {
      try Backpropagation(Model(graph: head()), batchSize: 20, differentiatesInput: input)
        .batchBytes / 4
    }
    let slots = 2 * (400 + 16)
    let values = (8 * 8 * 2 + 4 + 4) * 32
    #expect(try floats(input: false) == slots + values + (4 + 4) * 32)
    // A window of seven reaches six slopes to each side.
    #expect(try floats(input: true) == slots + values + (4 + 13 * 13 * 4 + 7 * 7 * 2) * 32)
  }

  @Test func whatIsTooLargeIsRefused() throws {
    func message(_ batchSize: Int) throws -> String {
      let error = try #require(throws: MemoryError.self) {
        try Backpropagation(Model(graph: head()), batchSize: batchSize)
      }
      return error.description
    }
    // More than 2^40 bytes of values, and more than can be counted.
    #expect(
      try message(1 << 32).hasSuffix(
        " MiB of memory, more than the system provides; lower batchSize, lower threads or raise the "
          + "memory limit (ulimit -v)"))
    _ = try message(.max - 1000)
  }
}
