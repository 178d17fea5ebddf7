internal import Foundation
import InferenceGraph
import ModelIO

/// Our side of `Benchmarks/run`: a process that answers `run N` with `seconds X`.
@main struct Benchmark {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 3 else {
      print("usage: benchmark forward|sweep MODEL.h5 [DATA.h5 ...] [--threads N]")
      exit(64)
    }
    let model = try KerasModel.load(arguments[2])
    let executor = try Executor([model], options: ExecutionOptions(threads: 2))
    let shape = model.graph.inputShape
    print("ready")
    while let line = readLine() {
      let n = Int(line.split(separator: " ")[1])!
      var x: UInt64 = 1
      let values = (0..<n * shape.reduce(1, *)).map { _ -> Float in
        x = x &* 6364136223846793005 &+ 1442695040888963407
        return Float(x >> 40) / Float(1 << 24) * 255
      }
      let source = ArraySource(values, imageShape: shape)
      let start = ContinuousClock.now
      _ = try executor.predictions(for: source)
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      print("seconds", seconds)
      print(
        Double(n) / seconds, "images/s", 2e-9 * Double(n * executor.costPerImage) / seconds,
        "GFLOP/s")
    }
  }
}
