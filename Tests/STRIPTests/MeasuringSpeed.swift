import DefenseKit
import Foundation
import Testing

@testable import STRIP

/// Measures passes a second under overlays beside plain ones; runs where `DEFENSEKIT_SPEED_MODEL` names
/// Keras files, separated by commas.
struct MeasuringSpeed {
  static let files = ProcessInfo.processInfo.environment["DEFENSEKIT_SPEED_MODEL"]

  @Test(.enabled(if: files != nil))
  func besidePlainPasses() throws {
    for file in try #require(Self.files).split(separator: ",") {
      let model = try KerasModel.load(String(file))
      let shape = model.graph.inputShape
      let size = shape.reduce(1, *)
      let passes = max(2_000, Int(4e11) / max(1, model.graph.multiplyAdds))
      var random = SeededGenerator(seed: 1)
      // Bytes' values, in floats, as far as the plain pass goes.
      let noise = (0..<512 * size).map { _ in Float(random.next() >> 56) }
      let images = ArraySource(noise, imageShape: shape)
      let plain = Repeated(source: images, count: passes)
      let meter = try EntropyMeter(
        model, overlays: noise, STRIP.Options(overlays: 100), in: RunContext())
      let executor = try Executor([model])
      let measured = Repeated(source: images, count: passes / 100)
      for _ in 0..<3 {
        let clock = ContinuousClock()
        let alone = try clock.measure { _ = try executor.labels(for: plain) }
        let blended = try clock.measure {
          try executor.run(measured) { _ = try meter.entropies(of: $0.images()) }
        }
        let rate = Double(passes) / (alone / .seconds(1))
        let blendRate = Double(passes / 100 * 100) / (blended / .seconds(1))
        print(
          "\(model.name): \(Int(rate)) images/s plain, \(Int(blendRate)) under overlays: "
            + "\(Int(blendRate / rate * 100)) %")
      }
    }
  }
}

/// A source's images over and over.
private struct Repeated: SampleSource {
  let source: ArraySource
  let count: Int

  var imageShape: [Int] { source.imageShape }
  var layout: ImageLayout { source.layout }
  var elementType: ElementType { source.elementType }

  func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    let size = imageShape.reduce(4, *)
    for (place, image) in range.enumerated() {
      let part = place * size..<(place + 1) * size
      // Each image has its own part of the caller's buffer.
      let index = image % source.count
      unsafe source.read(index..<index + 1, into: .init(rebasing: buffer[part]))
    }
  }
}
