import Foundation
import InferenceGraph
import NetworkTraining
import ReferenceInference
import Testing

@testable import ModelIO

/// Random chains of operators that move elements, beside arrays whose elements move at once.
@Suite("Axes of ONNX networks")
final class ONNXAxesTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "defensekit-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// An array with axes, row-major; the first axis at first is that of the images.
  private struct Moved {
    var shape: [Int]
    var values: [Float]
    /// The axis of the images.
    var images = 0

    private func position(_ index: [Int]) -> Int {
      zip(shape, index).reduce(0) { $0 * $1.0 + $1.1 }
    }

    /// Returns the array of another shape whose elements are found by their positions.
    func taken(_ new: [Int], _ source: ([Int]) -> [Int]) -> Moved {
      var values: [Float] = []
      for element in 0..<new.reduce(1, *) {
        var index: [Int] = []
        var rest = element
        for extent in new.reversed() {
          index.insert(rest % extent, at: 0)
          rest /= extent
        }
        values.append(self.values[position(source(index))])
      }
      return Moved(shape: new, values: values, images: images)
    }

    /// Returns the array with positions of an axis, one after the other.
    func selecting(_ positions: [Int], _ axis: Int) -> Moved {
      var shape = shape
      shape[axis] = positions.count
      return taken(shape) { index in
        var source = index
        source[axis] = positions[index[axis]]
        return source
      }
    }
  }

  @Test(
    "Reshape, Transpose, Slice, Gather, Split and Concat move elements as arrays do",
    arguments: Sizes.seeds("axes", 640))
  func chains(seeds: Range<UInt64>) throws {
    for seed in seeds { try chain(seed) }
  }

  private func chain(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let count = random.oneIn(3) ? 1 : 2
    var file = ONNXBuilder()
    file.opset = UInt64(random.int(13...22))
    file.shape = [random.int(1...6), random.int(1...4), random.int(1...6)]
    file.batch = count == 1 && random.oneIn(2) ? 1 : nil
    let size = file.shape.reduce(1, *)
    let images = random.floats(count * size)
    var array = Moved(shape: [count] + file.shape, values: images)
    var name = "image"
    var steps: [String] = []
    // A network that begins so takes images with channels last.
    var isChannelsLast = false
    func next(_ operation: String) -> String {
      steps.append("\(operation) \(array.shape)")
      return "\(operation)\(steps.count)"
    }
    /// Transposes the array and the network.
    func transpose(_ order: [Int]) {
      let old = array
      if name == "image" { isChannelsLast = order == [0, 3, 1, 2] }
      let result = next("Transpose")
      file.add(result, "Transpose", [name], [("perm", .integers(order))])
      array = old.taken(order.map { old.shape[$0] }) { index in
        var source = index
        for (new, axis) in order.enumerated() { source[axis] = index[new] }
        return source
      }
      array.images = order.firstIndex(of: old.images)!
      name = result
    }
    for _ in 0..<random.int(1...6) {
      let rank = array.shape.count
      let axes = array.shape.indices.filter { $0 != array.images }
      let axis = axes[random.int(0...axes.count - 1)]
      let extent = array.shape[axis]
      switch random.int(0...6) {
      case 0, 1: transpose(Array(0..<rank).shuffled(using: &random))
      case 2:
        // Divides an axis, joins two, or adds one of extent 1.
        var shape = array.shape
        var images = array.images
        let divisors = (1...extent).filter { extent % $0 == 0 }
        let neighbours = axes.filter { axes.contains($0 + 1) }
        if let first = neighbours.randomElement(using: &random), random.oneIn(2) {
          shape[first] *= shape.remove(at: first + 1)
          if images > first { images -= 1 }
        } else {
          let outer = divisors[random.int(0...divisors.count - 1)]
          shape.replaceSubrange(axis...axis, with: [outer, extent / outer])
          if images > axis { images += 1 }
        }
        let result = next("Reshape")
        var target = shape
        // With images in front: any number of them.
        target[images] = images == 0 ? (random.oneIn(2) ? -1 : 0) : -1
        file.add("\(result)s", target)
        file.add(result, "Reshape", [name, "\(result)s"])
        array = Moved(shape: shape, values: array.values, images: images)
        name = result
      case 3:
        let (start, step) = (random.int(0...extent - 1), random.int(1...2))
        let isBackward = random.oneIn(3)
        let indices =
          isBackward
          ? Array(stride(from: start, through: 0, by: -step))
          : Array(stride(from: start, to: extent, by: step))
        let result = next("Slice")
        file.add("\(result)a", [start])
        file.add("\(result)b", [isBackward ? -extent - 1 : Int.max])
        file.add("\(result)c", [random.oneIn(2) ? axis : axis - rank])
        file.add("\(result)d", [isBackward ? -step : step])
        file.add(
          result, "Slice", [name] + ["a", "b", "c", "d"].map { result + $0 })
        array = array.selecting(indices, axis)
        name = result
      case 4 where extent > 1:
        let indices = (0..<random.int(1...5)).map { _ in random.int(0...extent - 1) }
        let result = next("Gather")
        file.add("\(result)i", indices.map { random.oneIn(2) ? $0 : $0 - extent })
        file.add(result, "Gather", [name, "\(result)i"], [("axis", .integer(axis))])
        array = array.selecting(indices, axis)
        name = result
      case 5 where array.images == 0 && array.values.count < 2000:
        let result = next("Concat")
        file.add(result, "Concat", [name, name], [("axis", .integer(axis))])
        let old = array
        var shape = old.shape
        shape[axis] *= 2
        array = old.taken(shape) { index in
          var source = index
          source[axis] %= extent
          return source
        }
        name = result
      default:
        let place = random.int(0...rank)
        let result = next("Unsqueeze")
        file.add("\(result)a", [place])
        file.add(result, "Unsqueeze", [name, "\(result)a"])
        array.shape.insert(1, at: place)
        if place <= array.images { array.images += 1 }
        name = result
      }
    }
    if array.images != 0 {
      let others = array.shape.indices.filter { $0 != array.images }
      transpose([array.images] + others)
    }
    guard array.values.count / count > 1 else { return }
    file.add("vector", [0, -1])
    file.add("scores", "Reshape", [name, "vector"])
    let path = try file.write(to: folder)
    let model: Model
    do {
      model = try ModelFile.load(path)
    } catch {
      Issue.record("seed \(seed), \(steps): \(error)")
      return
    }
    let stored = (0..<count).flatMap { image -> [Float] in
      let one = Array(images[image * size..<(image + 1) * size])
      return isChannelsLast ? one : permuted(one, file.shape, [1, 2, 0])
    }
    #expect(try scores(of: model, stored) == array.values, "seed \(seed): \(steps)")
  }
}
