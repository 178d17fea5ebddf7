internal import InferenceGraph
internal import CKernels

/// The images of a training in memory, with random access and random changes.
///
/// Every step takes images from the whole set. A source that is not in memory is therefore read
/// once, in its own format, and must fit.
final class TrainingImages: Sendable {
  private let source: any SampleSource
  private let augmentation: Augmentation
  private let seed: UInt64
  private let rows: ImageRows
  /// All images; nil if the source has them in memory.
  private let stored: Storage<UInt8>?
  /// Memory for the images of each block of a batch, side by side, for `dk_pack`.
  private let gathered: Storage<UInt8>

  /// Reads the images unless the source has them in memory.
  ///
  /// - Parameters:
  ///   - source: The images.
  ///   - batchSize: The most images in a batch.
  ///   - augmentation: Random changes, determined by seed, epoch and an image's index alone.
  ///   - seed: The seed of the changes.
  /// - Throws: `MemoryError` if there is too little memory; the errors of the source.
  init(
    _ source: any SampleSource, batchSize: Int, augmentation: Augmentation, seed: UInt64
  ) throws {
    self.source = source
    self.augmentation = augmentation
    self.seed = seed
    rows = ImageRows(source)
    gathered = Storage(count: blockCount(batchSize) * laneCount * rows.imageBytes)
    if unsafe source.withStoredBytes(of: 0..<0, { _ in }) != nil {
      stored = nil
      return
    }
    let bytes = source.count * rows.imageBytes
    guard MemoryError.isAvailable(bytes) else {
      throw MemoryError(
        bytes: bytes, for: "reading \(source.count) images to train on",
        remedies: [.advice("train on fewer images")])
    }
    let memory = Storage<UInt8>(count: bytes)
    // The storage has the size of the images, and no other code uses it yet.
    unsafe try source.read(
      0..<source.count, into: UnsafeMutableRawBufferPointer(start: memory.pointer, count: bytes))
    stored = memory
  }

  /// Calls `body` with all images in the source's format.
  func withBytes(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    if let stored {
      return unsafe try body(UnsafeRawBufferPointer(start: stored.pointer, count: stored.count))
    }
    unsafe try source.withStoredBytes(of: 0..<source.count, body)
  }

  /// Packs a block of a batch into lanes, augmented and scaled. May run for several blocks at once.
  ///
  /// - Parameters:
  ///   - block: The block's number in the batch.
  ///   - order: The indices of all images in the epoch's order.
  ///   - batch: The batch's range of the order.
  ///   - epoch: The epoch, which determines the changes together with the seed.
  ///   - scale: The factor of every value.
  ///   - pointer: The first element, with the layout of `image`.
  /// - Throws: `SampleError` for the block's first image with a value that is not finite.
  func fill(
    block: Int, of order: [Int], _ batch: Range<Int>, epoch: Int, scale: Float,
    into pointer: UnsafeMutablePointer<Float>, _ image: dk_image
  ) throws(SampleError) {
    let first = batch.lowerBound + block * laneCount
    let count = min(laneCount, batch.upperBound - first)
    let place = unsafe UnsafeMutableRawPointer(
      gathered.pointer + block * laneCount * rows.imageBytes)
    unsafe withBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      for lane in 0..<count {
        let index = order[first + lane]
        let change = ImageChange(augmentation, seed: seed, epoch: epoch, index: index)
        unsafe rows.copy(
          start + index * rows.imageBytes, to: place + lane * rows.imageBytes, change)
      }
    }
    let bad = unsafe source.pack(place, count: count, scale: scale, into: pointer, image)
    if let bad { throw SampleError(notFinite: order[first + bad]) }
    if augmentation.overlay > 0, count > 1 {
      let overlay = Overlay(
        order[first..<first + count], upTo: augmentation.overlay, seed: seed, epoch: epoch)
      unsafe overlay.mix(pointer, image)
    }
  }
}

/// The layout of a source's images in memory: planes of rows of pixels.
struct ImageRows {
  let planes: Int
  let height: Int
  let width: Int
  /// The number of adjacent elements of a pixel: all channels, or 1 with channels first.
  let pixelElements: Int
  let elementSize: Int

  init(_ source: any SampleSource) {
    let (height, width, channels) = BufferView.extents(of: source.imageShape)
    self.height = height
    self.width = width
    planes = source.layout == .nchw ? channels : 1
    pixelElements = source.layout == .nchw ? 1 : channels
    elementSize = source.elementType.size
  }

  var rowBytes: Int { width * pixelElements * elementSize }
  var imageBytes: Int { planes * height * rowBytes }

  /// Copies an image with a change; vacated pixels become zero. Shifts are less than the extents.
  func copy(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, _ change: ImageChange
  ) {
    guard change != ImageChange() else {
      return unsafe target.copyMemory(from: source, byteCount: imageBytes)
    }
    let pixelBytes = pixelElements * elementSize
    let (before, after) = (max(0, change.right), max(0, -change.right))
    let pixels = width - before - after
    for row in 0..<planes * height {
      let out = unsafe target + row * rowBytes
      let y = row % height - change.down
      guard (0..<height).contains(y) else {
        unsafe out.initializeMemory(as: UInt8.self, repeating: 0, count: rowBytes)
        continue
      }
      // The first copied pixel has the number `after` in the row, mirrored or not.
      let line = unsafe source + (row - change.down) * rowBytes
      let place = unsafe out + before * pixelBytes
      unsafe out.initializeMemory(as: UInt8.self, repeating: 0, count: before * pixelBytes)
      unsafe (place + pixels * pixelBytes)
        .initializeMemory(as: UInt8.self, repeating: 0, count: after * pixelBytes)
      if change.isMirrored {
        unsafe mirror(line, from: after, count: pixels, to: place)
      } else {
        unsafe place.copyMemory(from: line + after * pixelBytes, byteCount: pixels * pixelBytes)
      }
    }
  }

  private func mirror(
    _ line: UnsafeRawPointer, from first: Int, count: Int, to target: UnsafeMutableRawPointer
  ) {
    switch elementSize {
    case 1: unsafe mirror(line, UInt8.self, from: first, count: count, to: target)
    case 4: unsafe mirror(line, UInt32.self, from: first, count: count, to: target)
    default: unsafe mirror(line, UInt64.self, from: first, count: count, to: target)
    }
  }

  /// Copies pixels of a row in reverse order, from number `first` on, counted from the right end.
  @inline(__always)
  private func mirror<Element: FixedWidthInteger & BitwiseCopyable>(
    _ line: UnsafeRawPointer, _ type: Element.Type, from first: Int, count: Int,
    to target: UnsafeMutableRawPointer
  ) {
    let size = MemoryLayout<Element>.size
    for x in 0..<count {
      let from = (width - 1 - first - x) * pixelElements
      for c in 0..<pixelElements {
        unsafe target.storeBytes(
          of: line.loadUnaligned(fromByteOffset: (from + c) * size, as: type),
          toByteOffset: (x * pixelElements + c) * size, as: type)
      }
    }
  }
}
