import DefenseKit
import Foundation
import InferenceGraph
import NetworkTraining
import ModelIO

extension Benchmark {
  /// Trains a named architecture with momentum; answers also say the peak memory, so far, and the loss.
  ///
  /// DeepID learns noise with 1,283 classes, the others Fashion-MNIST. Every line trains a fresh network
  /// on so many batches of 128 images by the public call, preparation included.
  static func train(_ name: String, _ options: ExecutionOptions) throws {
    let architecture = try Architecture(named: name)
    let data = try trainingData(architecture)
    let classCount = name == "deepid" ? 1283 : 10
    let model = try architecture.model(
      imageShape: data.source.imageShape, classCount: classCount, inputScale: 1 / 255, seed: 1)
    print("ready \(model.graph.parameterCount) weights")
    fflush(nil)
    while let line = readLine() {
      let steps = Int(line.split(separator: " ").last ?? "") ?? 1
      let count = min(128 * steps, data.source.count)
      let part = TrainingSet(
        Part(source: data.source, count: count), labels: Array(data.labels[..<count]))
      var loss = 0.0
      let time = try ContinuousClock().measure {
        let result = try model.trained(
          on: part,
          options: TrainingOptions(
            epochs: 1, batchSize: 128, optimizer: .sgd(momentum: 0.9), learningRate: 0.01),
          execution: options)
        loss = result.epochs[0].loss
      }
      print("seconds \(time / .seconds(1)) peak_mb \(peakMegabytes) loss \(loss)")
      fflush(nil)
    }
  }

  private static func trainingData(_ architecture: Architecture) throws -> TrainingSet {
    if architecture.name != "deepid" {
      let set = try FashionMNIST().load(.train)
      return TrainingSet(set, labels: set.labels)
    }
    let images = 128 * 20
    let size = architecture.imageShape.reduce(1, *)
    let bytes = noise(images * size).map { UInt8($0 * 255) }
    let labels = noise(images).map { Int32($0 * 1283) }
    let set = DataSet(
      bytes: bytes, elementType: .uint8, imageShape: architecture.imageShape, labels: labels,
      name: "noise")
    return TrainingSet(set, labels: labels)
  }

  /// The process's largest resident size.
  private static var peakMegabytes: Int {
    var usage = rusage()
    // The address is that of a variable here.
    #if os(macOS)
      unsafe getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss >> 20
    #else
      unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss >> 10
    #endif
  }
}

/// The first images of a source.
private struct Part: SampleSource {
  let source: any SampleSource
  let count: Int

  var imageShape: [Int] { source.imageShape }
  var layout: ImageLayout { source.layout }
  var elementType: ElementType { source.elementType }

  func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    // The buffer is passed on as it came.
    unsafe try source.read(range, into: buffer)
  }

  func withStoredBytes(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows -> Void? {
    // The buffer is passed on as it came.
    unsafe try source.withStoredBytes(of: range, body)
  }
}
