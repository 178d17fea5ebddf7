internal import CKernels

/// Assigns a buffer view to each value of a graph; values that are not alive together share memory.
///
/// A node is *spatial* and runs block after block, or belongs to the dense *tail* and runs for
/// whole groups: vectors after the last spatial node. A value that both kinds read has two buffer
/// views.
struct BufferLayout: Sendable {
  private let graph: Fused
  /// The number of blocks in a group.
  let blocks: Int
  /// By node: whether it belongs to the tail.
  let isTail: [Bool]
  /// By node: the border of zeros around its value, for convolutions that read it.
  let frames: [Frame]

  /// By node: the buffer view of its value.
  private(set) var places: [Place?]
  /// By node: the buffer view that the tail reads.
  private(set) var tailPlaces: [Place?]
  /// By node: where a reshaping or a padding stores its elements first.
  private(set) var temporaries: [Int: Place] = [:]
  /// The scratch buffer of Winograd convolutions; nil if there are none.
  private(set) var scratch: Int?
  /// The size of every buffer, in floats.
  private(set) var bufferSizes: [Int] = []

  /// By node: the nodes that read it.
  private let readers: [[Int]]
  private var free: [BufferKey: [Int]] = [:]
  private var bufferKeys: [Int: BufferKey] = [:]

  /// Values with equal keys can share a buffer: its border is then still zero.
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
    // All inputs are stored before the first step runs, so an input must not share memory that an
    // earlier step still writes.
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
      // Stores the elements in order, then copies them into the border if one is needed.
      if frames[index] != Frame() {
        let flat = reserve(node.shape, Frame(), isLasting: false)
        temporaries[index] = flat
        places[index] = reserveResult(of: index)
        release(flat)
      } else {
        places[index] = reserveResult(of: index)
      }
    case .zeroPadding(let top, let bottom, let left, let right):
      // The padding is a border around a copy of the input; the readers' border goes around that.
      let padding = Frame(top: top, bottom: bottom, left: left, right: right)
      let inner = reserve(
        graph.nodes[node.inputs[0]].shape, padding + frames[index],
        isLasting: graph.kept.contains(index))
      let padded = inner.widened(by: padding)
      if node.epilogue.activation == .linear {
        places[index] = padded
      } else {
        // Not in place: the zeros must remain for the next block.
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

  /// Reserves memory for a node's value: for one block, or for all blocks if the value must last.
  private mutating func reserveResult(of index: Int) -> Place {
    let isKept = graph.kept.contains(index)
    if !isKept, !readers[index].isEmpty, readers[index].allSatisfy({ isTail[$0] }) {
      // Only the tail reads the value: the node writes it where the tail reads.
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

  /// Releases the memory of values that no spatial node after `index` reads.
  private mutating func releaseInputs(of index: Int) {
    for input in Set(graph.nodes[index].inputs) {
      guard let place = places[input], !graph.kept.contains(input),
        readers[input].allSatisfy({ $0 <= index || isTail[$0] })
      else { continue }
      release(place)
    }
  }

  /// Releases the memory of a value unless the value must last.
  private mutating func release(_ place: Place) {
    if let key = bufferKeys.removeValue(forKey: place.buffer) {
      free[key, default: []].append(place.buffer)
    }
  }
}

extension FusedNode {
  /// Whether the node can run for whole groups: it works on vectors, elementwise or as a matrix
  /// product.
  fileprivate var canStandInTail: Bool {
    guard shape.count == 1 else { return false }
    switch operation {
    case .dense, .batchNormalization, .layerNormalization, .rescaling, .activation, .add, .multiply,
      .maximum, .minimum, .concatenate, .binaryLogits:
      return true
    case .flatten:
      // It shares the memory of its input, which other nodes may read too.
      return epilogue.activation == .linear
    case .input, .convolution, .depthwiseConvolution, .separableConvolution, .pooling,
      .globalPooling, .reshape, .zeroPadding, .rearrange, .resize, .trainingOnly:
      return false
    }
  }
}

extension BufferLayout: CustomStringConvertible {
  /// One line for each node: the buffers of its value and of the tail's copy, and the border.
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
