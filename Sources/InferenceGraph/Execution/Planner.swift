internal import CKernels

/// Turns merged graphs into a plan: decides what is fused, where values lie, and in which order
/// steps run.
///
/// Nothing here changes a result: a fused activation, normalization or pooling does the same
/// arithmetic as one that stands alone. So an image's result depends neither on what else the plan
/// computes nor on the image's place.
struct Planner {
  typealias Entry = MergedGraph.Entry

  let nodes: [Entry]
  let given: Set<Int>
  let kept: Set<Int>
  let blocks: Int
  /// Whether given values of all blocks are there at once, or put in place block after block.
  let keepsGiven: Bool

  /// Whether a node is computed at all.
  private(set) var needed: [Bool]
  /// The nodes that read a node, aliases looked through.
  private(set) var readers: [[Int]]
  /// The node that a node is the same as (dropout, linear activation), or itself.
  private(set) var root: [Int]
  /// Whether a node is computed behind the last spatial layer, for whole groups.
  private(set) var isTail: [Bool]
  private(set) var frames: [Frame]

  var places: [Int: Place] = [:]
  /// Copies of spatial values for the tail.
  var tailPlaces: [Int: Place] = [:]
  var bufferSizes: [Int] = []
  var blockSteps: [any Step] = []
  var tailSegments: [Plan.Segment] = []
  /// By root: the slot of the check of its value.
  private var checks: [Int: Int] = [:]
  private var scratch: Int?
  private var free: [BufferKey: [Int]] = [:]
  private var bufferKeys: [Int: BufferKey] = [:]

  struct BufferKey: Hashable {
    let extents: [Int]
    let frame: Frame
  }

  /// - Parameters:
  ///   - given: Nodes whose values are put in place from outside; inputs always are.
  ///   - kept: Nodes whose values are asked for.
  ///   - blocks: Blocks in a group.
  ///   - keepsGiven: Whether given values of a whole group are in place at once.
  init(
    _ nodes: [Entry], given: Set<Int>, kept: Set<Int>, blocks: Int, keepsGiven: Bool = false
  ) {
    self.nodes = nodes
    self.given = given
    self.blocks = blocks
    self.keepsGiven = keepsGiven
    root = Array(nodes.indices)
    for (index, node) in nodes.enumerated()
    where !given.contains(index) && node.activation == .linear && node.zeroed.isEmpty
      && node.operation.facts.isIdentity
    {
      root[index] = root[node.inputs[0]]
    }
    let root = self.root
    self.kept = Set(kept.map { root[$0] })
    needed = Array(repeating: false, count: nodes.count)
    readers = Array(repeating: [], count: nodes.count)
    isTail = Array(repeating: false, count: nodes.count)
    frames = Array(repeating: Frame(), count: nodes.count)
    for index in self.kept { needed[index] = true }
    for index in nodes.indices.reversed() where needed[index] && !given.contains(index) {
      for input in nodes[index].inputs {
        needed[root[input]] = true
        readers[root[input]].insert(index, at: 0)
      }
    }
    for index in nodes.indices.reversed() where needed[index] {
      isTail[index] =
        !given.contains(index) && nodes[index].canStandInTail
        && readers[index].allSatisfy { isTail[$0] }
    }
    for index in nodes.indices where needed[index] && !given.contains(index) {
      guard let first = nodes[index].inputs.first,
        let (rows, columns) = nodes[index].operation.kernelAxes(over: nodes[first].shape)
      else { continue }
      frames[root[first]].widen(rows: rows, columns: columns)
    }
  }

  /// Makes the plan.
  mutating func plan() -> Plan {
    var done = Array(repeating: false, count: nodes.count)
    // All given values are put in place before the first step runs: none may lie where an earlier
    // step still writes.
    for index in nodes.indices where needed[index] && isGiven(index) {
      places[index] = place(for: index, isLasting: keepsGiven)
    }
    for index in nodes.indices where needed[index] && !done[index] && root[index] == index {
      if isGiven(index) {
        finish(index)
      } else if isTail[index] {
        lowerTail(index)
      } else {
        for fused in lower(index) { done[fused] = true }
      }
      if !isTail[index] { release(readBy: index) }
    }
    let segments: [Plan.Segment] = [.perBlock(blockSteps)]
    var givenPlaces: [Int: Place] = [:]
    for index in nodes.indices where needed[index] {
      if isGiven(index) {
        givenPlaces[index] = places[index]
      }
    }
    var results: [Int: Place] = [:]
    var checked: [Int: Int] = [:]
    for index in nodes.indices {
      if kept.contains(root[index]) { results[index] = places[root[index]] }
      checked[index] = checks[root[index]]
    }
    return Plan(
      bufferSizes: bufferSizes, segments: segments + tailSegments, blocks: blocks,
      given: givenPlaces, results: results, checks: checked, checkCount: checks.count)
  }

  private func isGiven(_ index: Int) -> Bool {
    given.contains(index) || nodes[index].operation == .input
  }

  /// The check that the value which a layer with weights reads is finite, unless it is made already.
  ///
  /// The images themselves are checked when they are put in place.
  mutating func check(readBy index: Int, at place: Place) -> [any Step] {
    let value = root[nodes[index].inputs[0]]
    let isImage = nodes[value].operation == .input && !keepsGiven
    guard nodes[index].operation.hasOwnChannels, !isImage, checks[value] == nil else { return [] }
    checks[value] = checks.count
    return [CheckStep(place: place, slot: checks.count - 1)]
  }

  // MARK: Memory

  /// Reserves memory for a node's value on one block, or, where it must last, on all blocks.
  mutating func place(for index: Int, isLasting: Bool = false) -> Place {
    if !isLasting, !kept.contains(index), !isGiven(index),
      !readers[index].isEmpty, readers[index].allSatisfy({ isTail[$0] })
    {
      // Only the tail reads it: it is computed where the tail wants it.
      let place = tailPlace(shape: nodes[index].shape)
      tailPlaces[index] = place
      return place
    }
    return place(
      shape: nodes[index].shape, frame: frames[index],
      isLasting: isLasting || kept.contains(index))
  }

  mutating func place(shape: [Int], frame: Frame, isLasting: Bool) -> Place {
    let (height, width, channels) = Place.extents(of: shape)
    let image = dk_image(
      height: height, width: width, channels: channels, pitch: laneCount, frame: frame)
    let size = Int(image.row_pitch) * (height + frame.top + frame.bottom)
    let offset = frame.top * Int(image.row_pitch) + frame.left * Int(image.pixel_pitch)
    let key = BufferKey(extents: [height, width, channels], frame: frame)
    let buffer: Int
    if !isLasting, let reused = free[key]?.popLast() {
      // Only a buffer of exactly the same form is used again: its frame is still zero.
      buffer = reused
    } else {
      buffer = bufferSizes.count
      bufferSizes.append(isLasting ? size * blocks : size)
    }
    if !isLasting { bufferKeys[buffer] = key }
    return Place(buffer: buffer, offset: offset, blockStride: isLasting ? size : 0, image: image)
  }

  /// Reserves a matrix [elements, lanes of all blocks] for the tail.
  mutating func tailPlace(shape: [Int]) -> Place {
    let (height, width, channels) = Place.extents(of: shape)
    let lanes = laneCount * blocks
    bufferSizes.append(height * width * channels * lanes)
    return Place(
      buffer: bufferSizes.count - 1, offset: 0, blockStride: laneCount,
      image: dk_image(
        height: height, width: width, channels: channels, pitch: lanes, frame: Frame()))
  }

  /// The buffer in which Winograd convolutions work, made as large as this one needs it.
  mutating func reserveScratch(_ weights: ConvolutionWeights) -> Int {
    let buffer = scratch ?? bufferSizes.count
    if scratch == nil { bufferSizes.append(0) }
    scratch = buffer
    bufferSizes[buffer] = max(
      bufferSizes[buffer],
      WinogradStep.scratchSize(
        inputs: weights.kernel.shape[2], outputs: weights.kernel.shape[3]))
    return buffer
  }

  /// Gives back the memory of values that nothing after `index` reads.
  private mutating func release(readBy index: Int) {
    for input in Set(nodes[index].inputs.map { root[$0] }) {
      guard readers[input].allSatisfy({ $0 <= index || isTail[$0] }), !kept.contains(input),
        let place = places[input]
      else { continue }
      release(place)
    }
  }

  /// Gives back the memory of a value, unless it must last.
  mutating func release(_ place: Place) {
    if let key = bufferKeys.removeValue(forKey: place.buffer) {
      free[key, default: []].append(place.buffer)
    }
  }

  /// What comes after a spatial value was computed: its copy for the tail.
  mutating func finish(_ index: Int) {
    guard let place = places[index], tailPlaces[index] == nil,
      readers[index].contains(where: { isTail[$0] })
    else { return }
    let copy = tailPlace(shape: nodes[index].shape)
    blockSteps.append(CopyStep(input: place, output: copy))
    tailPlaces[index] = copy
  }

  /// The only node that reads this one, if there is one and the value is needed nowhere else.
  func soleReader(of index: Int) -> Int? {
    guard readers[index].count == 1, !kept.contains(index), let reader = readers[index].first,
      !isTail[reader]
    else { return nil }
    return reader
  }
}
