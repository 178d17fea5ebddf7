internal import CKernels

/// Where the values of a graph lie in a thread's memory, and which of them lie in the same place one
/// after another.
///
/// Nodes are *spatial*, run block after block, or belong to the *tail*, which runs for whole groups:
/// vectors behind the last spatial node. A value that both read has two places.
struct BufferLayout: Sendable {
  private let graph: Fused
  /// Blocks in a group.
  let blocks: Int
  /// By node: whether it belongs to the tail.
  let isTail: [Bool]
  /// By node: the zeros around its value that convolutions read.
  let frames: [Frame]

  /// By node: where its value is.
  private(set) var places: [Place?]
  /// By node: where the tail reads its value.
  private(set) var tailPlaces: [Place?]
  /// By node: where a reshaping or a padding puts its elements first.
  private(set) var temporaries: [Int: Place] = [:]
  /// The buffer in which Winograd convolutions work.
  private(set) var scratch: Int?
  /// The size of every buffer, in floats.
  private(set) var bufferSizes: [Int] = []

  /// By node: those that read it.
  private let readers: [[Int]]
  private var free: [BufferKey: [Int]] = [:]
  private var bufferKeys: [Int: BufferKey] = [:]

  /// What values must have in common to lie in the same buffer: then its frame is still zero.
  private struct BufferKey: Hashable {
    let extents: [Int]
    let frame: Frame
  }

  init(_ graph: Fused, blocks: Int) {
    self.graph = graph
    self.blocks = blocks
    let nodes = graph.nodes
    var readers = [[Int]](repeating: [], count: nodes.count)
    var frames = [Frame](repeating: Frame(), count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { readers[input].append(index) }
      if let first = node.inputs.first,
        let (rows, columns) = node.operation.kernelAxes(over: nodes[first].shape)
      {
        frames[first].widen(rows: rows, columns: columns)
      }
    }
    var isTail = [Bool](repeating: false, count: nodes.count)
    for index in nodes.indices.reversed() {
      isTail[index] = nodes[index].canStandInTail && readers[index].allSatisfy { isTail[$0] }
    }
    self.readers = readers
    self.frames = frames
    self.isTail = isTail
    places = Array(repeating: nil, count: nodes.count)
    tailPlaces = places
    // All given values are put in place before the first step runs: none may lie where an earlier
    // step still writes.
    for index in nodes.indices where nodes[index].isGiven {
      places[index] = reserve(
        nodes[index].shape, frames[index],
        isLasting: graph.given == .values || graph.kept.contains(index))
    }
    for index in nodes.indices {
      if isTail[index] {
        layInTail(index)
        continue
      }
      if !nodes[index].isGiven { lay(index) }
      if readers[index].contains(where: { isTail[$0] }), tailPlaces[index] == nil {
        tailPlaces[index] = reserveInTail(nodes[index].shape)
      }
      releaseInputs(of: index)
    }
  }

  /// Whether the tail reads a copy of a node's value.
  func isCopied(_ index: Int) -> Bool {
    guard let place = places[index], let tail = tailPlaces[index] else { return false }
    return place.buffer != tail.buffer
  }

  // MARK: Nodes

  private mutating func lay(_ index: Int) {
    let node = graph.nodes[index]
    switch node.operation {
    case .flatten, .reshape:
      // The elements in order first; then, if a frame is needed, into it.
      if frames[index] != Frame() {
        let flat = reserve(node.shape, Frame(), isLasting: false)
        temporaries[index] = flat
        places[index] = reserveResult(of: index)
        release(flat)
      } else {
        places[index] = reserveResult(of: index)
      }
    case .zeroPadding(let top, let bottom, let left, let right):
      // The padding is a frame around a copy of the input; what readers need goes around that.
      let padding = Frame(top: top, bottom: bottom, left: left, right: right)
      let inner = reserve(
        graph.nodes[node.inputs[0]].shape, padding + frames[index],
        isLasting: graph.kept.contains(index))
      let padded = inner.widened(by: padding)
      if node.epilogue.activation == .linear {
        places[index] = padded
      } else {
        // Not in place: the zeros must stay zeros for the next block.
        temporaries[index] = padded
        places[index] = reserveResult(of: index)
      }
    case .convolution(let c):
      places[index] = reserveResult(of: index)
      if WinogradStep.applies(to: ConvolutionWeights(c), output: node.operationShape) {
        reserveScratch(
          WinogradStep.scratchSize(inputs: c.kernel.shape[2], outputs: c.kernel.shape[3]))
      }
    case .input, .dense, .depthwiseConvolution, .separableConvolution, .pooling, .globalPooling,
      .batchNormalization, .layerNormalization, .rescaling, .activation, .add, .multiply,
      .maximum, .minimum, .concatenate, .rearrange, .resize, .binaryLogits, .trainingOnly:
      places[index] = reserveResult(of: index)
    }
  }

  private mutating func layInTail(_ index: Int) {
    let node = graph.nodes[index]
    let place =
      node.operation == .flatten
      ? tailPlaces[node.inputs[0]]!.reshaped(node.shape) : reserveInTail(node.shape)
    places[index] = place
    tailPlaces[index] = place
  }

  // MARK: Memory

  /// Reserves memory for a node's value: one block, or, where it must last, all blocks.
  private mutating func reserveResult(of index: Int) -> Place {
    let isKept = graph.kept.contains(index)
    if !isKept, !readers[index].isEmpty, readers[index].allSatisfy({ isTail[$0] }) {
      // Only the tail reads it: it is computed where the tail wants it.
      let place = reserveInTail(graph.nodes[index].shape)
      tailPlaces[index] = place
      return place
    }
    return reserve(graph.nodes[index].shape, frames[index], isLasting: isKept)
  }

  private mutating func reserve(_ shape: [Int], _ frame: Frame, isLasting: Bool) -> Place {
    let (height, width, channels) = Place.extents(of: shape)
    let key = BufferKey(extents: [height, width, channels], frame: frame)
    let buffer: Int
    if !isLasting, let reused = free[key]?.popLast() {
      buffer = reused
    } else {
      buffer = bufferSizes.count
      bufferSizes.append(Place.size(of: shape, frame) * (isLasting ? blocks : 1))
    }
    if !isLasting { bufferKeys[buffer] = key }
    return Place(buffer: buffer, shape: shape, frame: frame, isLasting: isLasting)
  }

  /// Reserves a matrix [elements, lanes of all blocks] for the tail.
  private mutating func reserveInTail(_ shape: [Int]) -> Place {
    let (height, width, channels) = Place.extents(of: shape)
    let lanes = laneCount * blocks
    bufferSizes.append(height * width * channels * lanes)
    return Place(
      buffer: bufferSizes.count - 1, offset: 0, blockStride: laneCount,
      image: dk_image(
        height: height, width: width, channels: channels, pitch: lanes, frame: Frame()))
  }

  private mutating func reserveScratch(_ size: Int) {
    if let scratch {
      bufferSizes[scratch] = max(bufferSizes[scratch], size)
    } else {
      scratch = bufferSizes.count
      bufferSizes.append(size)
    }
  }

  /// Gives back the memory of values that no spatial node behind `index` reads.
  private mutating func releaseInputs(of index: Int) {
    for input in Set(graph.nodes[index].inputs) {
      guard let place = places[input], !graph.kept.contains(input),
        readers[input].allSatisfy({ $0 <= index || isTail[$0] })
      else { continue }
      release(place)
    }
  }

  /// Gives back the memory of a value, unless it must last.
  private mutating func release(_ place: Place) {
    if let key = bufferKeys.removeValue(forKey: place.buffer) {
      free[key, default: []].append(place.buffer)
    }
  }
}

extension FusedNode {
  /// Whether the node can be computed for whole groups: it works on vectors, element by element
  /// or by a matrix product.
  fileprivate var canStandInTail: Bool {
    guard shape.count == 1 else { return false }
    switch operation {
    case .dense, .batchNormalization, .layerNormalization, .rescaling, .activation, .add, .multiply,
      .maximum, .minimum, .concatenate, .binaryLogits:
      return true
    case .flatten:
      // It has the memory of what it reads, which others may read too.
      return epilogue.activation == .linear
    case .input, .convolution, .depthwiseConvolution, .separableConvolution, .pooling,
      .globalPooling, .reshape, .zeroPadding, .rearrange, .resize, .trainingOnly:
      return false
    }
  }
}

extension BufferLayout: CustomStringConvertible {
  /// One line a node: the buffers of its value and of what the tail reads, and the zeros around it.
  var description: String {
    graph.nodes.indices.map { index in
      guard let place = places[index] else { return "\(index): nowhere" }
      var text = "\(index): buffer \(place.buffer)"
      if isCopied(index), let tail = tailPlaces[index] { text += ", for the tail \(tail.buffer)" }
      if isTail[index] {
        text += ", in the tail"
      } else if place.blockStride != 0 {
        text += ", all blocks"
      }
      let frame = frames[index]
      if frame != Frame() {
        text += ", zeros [\(frame.top), \(frame.bottom), \(frame.left), \(frame.right)]"
      }
      return text
    }.joined(separator: "\n")
  }
}
