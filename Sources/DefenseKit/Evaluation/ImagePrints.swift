internal import InferenceGraph
internal import NetworkTraining
private import Synchronization

/// The fingerprints of a set's images, computed on request or while the images are read anyway.
final class ImagePrints: Sendable {
  private struct State {
    var prints: [UInt64]
    var isKnown: [Bool]
    var missing: Int
  }

  private let source: any SampleSource
  private let state: Mutex<State>

  init(of source: any SampleSource) {
    self.source = source
    let count = source.count
    state = Mutex(
      State(
        prints: Array(repeating: 0, count: count), isKnown: Array(repeating: false, count: count),
        missing: count))
  }

  /// The number of images.
  var count: Int { source.count }

  /// The images' source, which also records fingerprints of the images that it reads.
  var recording: any SampleSource {
    state.withLock { $0.missing } == 0 ? source : RecordingSource(source: source, prints: self)
  }

  /// Returns the fingerprints of all images, reading the images if necessary.
  ///
  /// - Throws: The errors of the source.
  func all() throws -> [UInt64] {
    if let known = state.withLock({ $0.missing == 0 ? $0.prints : nil }) { return known }
    record(try source.fingerprints(), from: 0)
    return state.withLock { $0.prints }
  }

  /// Returns the fingerprints of at most the first `count` images.
  func first(_ count: Int) throws -> [UInt64] {
    let count = min(count, source.count)
    if let known = state.withLock({ $0.missing == 0 ? $0.prints : nil }) {
      return Array(known.prefix(count))
    }
    var bytes = [UInt8](
      repeating: 0, count: source.imageShape.reduce(count * source.elementType.size, *))
    // The buffer is valid during the call and holds exactly these images.
    return try unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe try source.read(0..<count, into: buffer)
      return unsafe source.fingerprints(ofStored: .init(buffer))
    }
  }

  /// Returns the positions of all images in an order that depends only on images, labels and
  /// groups.
  func contentOrder(_ labels: [Int32], _ groups: [Int]?) throws -> [Int] {
    let prints = try all()
    return labels.indices.sorted {
      (prints[$0], labels[$0], groups?[$0] ?? 0, $0)
        < (prints[$1], labels[$1], groups?[$1] ?? 0, $1)
    }
  }

  fileprivate func record(_ prints: [UInt64], from first: Int) {
    state.withLock { state in
      for (offset, print) in prints.enumerated() {
        state.prints[first + offset] = print
        if !state.isKnown[first + offset] {
          state.isKnown[first + offset] = true
          state.missing -= 1
        }
      }
    }
  }
}

/// A source that records the fingerprints of the images that it reads.
private struct RecordingSource: SampleSource {
  let source: any SampleSource
  let prints: ImagePrints

  var count: Int { source.count }
  var imageShape: [Int] { source.imageShape }
  var layout: ImageLayout { source.layout }
  var elementType: ElementType { source.elementType }

  func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    unsafe try source.read(range, into: buffer)
    // The part of the caller's buffer that was filled.
    let size = imageShape.reduce(range.count * elementType.size, *)
    unsafe record(range, .init(rebasing: buffer[..<size]))
  }

  func withStoredBytes(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows -> Void? {
    unsafe try source.withStoredBytes(of: range) { bytes in
      unsafe record(range, bytes)
      unsafe try body(bytes)
    }
  }

  private func record(_ range: Range<Int>, _ bytes: UnsafeRawBufferPointer) {
    guard !range.isEmpty else { return }
    prints.record(unsafe source.fingerprints(ofStored: bytes), from: range.lowerBound)
  }
}
