internal import DefenseKit
internal import Foundation
internal import Synchronization

/// A source in memory that delays its first image.
///
/// Small groups of images take so little time that one thread often processes them all, in order.
/// The delay puts the group with the first image after another one, which may happen by itself with
/// larger groups.
struct LateSource: SampleSource {
  private let source: any SampleSource
  private let others = Count()

  /// Counts the reads of groups without the first image.
  private final class Count: Sendable {
    let value = Mutex(0)
  }

  init(of source: any SampleSource) { self.source = source }

  var count: Int { source.count }
  var imageShape: [Int] { source.imageShape }
  var layout: ImageLayout { source.layout }
  var elementType: ElementType { source.elementType }

  func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    unsafe try source.read(range, into: buffer)
  }

  /// Waits here and not in `read`, because threads read one at a time.
  func withStoredBytes(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows -> Void? {
    if range.contains(0) { waitForOthers() }
    defer { if !range.isEmpty, !range.contains(0) { others.value.withLock { $0 += 1 } } }
    return unsafe try source.withStoredBytes(of: range, body)
  }

  /// Waits until another thread has read a group, or 0.1 s, because there may be no other thread.
  private func waitForOthers() {
    let before = others.value.withLock { $0 }
    for _ in 0..<100 where others.value.withLock({ $0 }) == before {
      Thread.sleep(forTimeInterval: 0.001)
    }
    Thread.sleep(forTimeInterval: 0.002)
  }
}
