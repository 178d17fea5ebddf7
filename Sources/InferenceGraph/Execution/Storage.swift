/// A fixed piece of memory, aligned for vectors, that C functions read and write.
///
/// It is `@unchecked Sendable` because no two threads ever write the same elements, or read what
/// another writes: it is filled once and then read by everybody (offsets, an executor's weights),
/// belongs to the workspace of a single thread, or the pieces of a training's phase
/// (``TrainingPhase``), which run one after another or apart, divide it among them.
@safe package final class Storage<Element: BitwiseCopyable>: @unchecked Sendable {
  package let pointer: UnsafeMutablePointer<Element>
  package let count: Int

  /// Allocates `count` elements, all bits zero.
  package init(count: Int) {
    let bytes = Swift.max(count, 1) * MemoryLayout<Element>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    unsafe raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    unsafe pointer = raw.assumingMemoryBound(to: Element.self)
    self.count = count
  }

  package convenience init(_ elements: [Element]) {
    self.init(count: elements.count)
    for (index, element) in elements.enumerated() { unsafe pointer[index] = element }
  }

  deinit { unsafe pointer.deallocate() }
}
