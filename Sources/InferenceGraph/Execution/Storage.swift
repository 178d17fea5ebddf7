/// A fixed piece of memory, aligned for vectors, that C functions read and write.
///
/// It is `@unchecked Sendable` because it is used in two ways only: filled once and then read by
/// everybody (packed weights, offsets), or owned by the workspace of a single thread.
@safe final class Storage<Element: BitwiseCopyable>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Element>
  let count: Int

  /// Allocates `count` elements, all bits zero.
  init(count: Int) {
    let bytes = Swift.max(count, 1) * MemoryLayout<Element>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    unsafe raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    unsafe pointer = raw.assumingMemoryBound(to: Element.self)
    self.count = count
  }

  convenience init(_ elements: [Element]) {
    self.init(count: elements.count)
    for (index, element) in elements.enumerated() { unsafe pointer[index] = element }
  }

  deinit { unsafe pointer.deallocate() }
}
