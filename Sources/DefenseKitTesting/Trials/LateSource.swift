internal import DefenseKit
internal import Foundation
internal import Synchronization

/// A source in memory whose first image comes late.
///
/// Small groups of images are done so fast that one thread often takes them all, in order. With this, the
/// group with the first image comes after another one, as it may with larger ones.
struct LateSource: SampleSource {
  private let source: any SampleSource
  private let others = Count()

  /// How often images were given other than the first.
  private final class Count: Sendable {
    let value = Mutex(0)
  }

  init(of source: any SampleSource) { self.source = source }

  var count: Int { source.count }
  var imageShape: [Int] { source.imageShape }
  var layout: Layout { source.layout }
  var elementType: ElementType { source.elementType }

  func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    unsafe try source.read(range, into: buffer)
  }

  /// Here it waits, not as it reads: threads read one at a time.
  func withStoredBytes(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows -> Void? {
    if range.contains(0) { waitForOthers() }
    defer { if !range.isEmpty, !range.contains(0) { others.value.withLock { $0 += 1 } } }
    return unsafe try source.withStoredBytes(of: range, body)
  }

  /// Waits until some have been given to another thread, but not for long: there may be no other.
  private func waitForOthers() {
    let before = others.value.withLock { $0 }
    for _ in 0..<100 where others.value.withLock({ $0 }) == before {
      Thread.sleep(forTimeInterval: 0.001)
    }
    Thread.sleep(forTimeInterval: 0.002)
  }
}
