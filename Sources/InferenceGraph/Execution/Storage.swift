/// A block of memory of fixed size, aligned for vectors, for C functions.
///
/// `@unchecked Sendable` because threads never write the same elements or read elements that
/// another thread writes. The memory is filled once and then only read (offsets, an executor's
/// weights), belongs to the workspace of one thread, or is divided among the pieces of a training
/// phase (``TrainingPhase``), which run one after another or on separate parts.
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
