internal import InferenceGraph
/// The values of a source's images in a canonical form that does not depend on the source's format.
///
/// The form is `[height][width][channels]`: bytes if all values of an image are integers from 0 to
/// 255, else 32-bit floats, as the executor reads them, with -0 as +0.
struct ImageValues {
  /// Scratch memory, reused for every image.
  struct Memory {
    fileprivate var floats: [Float] = []
    fileprivate var bytes: [UInt8] = []

    /// Allocates memory for one image.
    init(_ values: ImageValues) {
      bytes = Array(repeating: 0, count: values.size)
      if values.type != .uint8 { floats = Array(repeating: 0, count: values.size) }
    }
  }

  /// The bytes of an image in the source.
  let imageBytes: Int
  fileprivate let size: Int
  fileprivate let type: ElementType
  /// The number of planes stored one after another; 1 with channels last.
  private let planes: Int

  init(_ source: some SampleSource) {
    let (height, width, channels) = BufferView.extents(of: source.imageShape)
    size = height * width * channels
    type = source.elementType
    imageBytes = size * type.size
    planes = source.layout == .nchw ? channels : 1
  }

  /// Calls `body` with the bytes of an image in the canonical form.
  func withCanonicalBytes<Result>(
    of image: UnsafeRawBufferPointer, in memory: inout Memory,
    _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    if type == .uint8, planes == 1 { return unsafe body(image) }
    precondition(image.count == imageBytes, "\(image.count) bytes for an image of \(imageBytes)")
    guard let start = image.baseAddress else { return unsafe body(image) }
    var isNarrow = true
    // The image and both buffers hold `size` elements each and are valid during the calls.
    unsafe memory.bytes.withUnsafeMutableBufferPointer { bytes in
      switch type {
      case .uint8: unsafe arrange(start, into: bytes) { (byte: UInt8) in byte }
      case .float32, .float64:
        isNarrow = unsafe memory.floats.withUnsafeMutableBufferPointer { floats in
          // Adding zero turns -0 into +0.
          if type == .float32 {
            unsafe arrange(start, into: floats) { (value: Float) in value + 0 }
          } else {
            unsafe arrange(start, into: floats) { (value: Double) in Float(value) + 0 }
          }
          return unsafe Self.narrow(.init(floats), into: bytes)
        }
      }
    }
    if isNarrow { return unsafe memory.bytes.withUnsafeBytes { unsafe body($0) } }
    return unsafe memory.floats.withUnsafeBytes { unsafe body($0) }
  }

  /// Converts the elements of an image, which may be unaligned, to channels-last order.
  @inline(__always)
  private func arrange<Stored: BitwiseCopyable, Element>(
    _ image: UnsafeRawPointer, into result: UnsafeMutableBufferPointer<Element>,
    _ convert: (Stored) -> Element
  ) {
    let stride = MemoryLayout<Stored>.size
    let pixels = size / planes
    for plane in 0..<planes {
      // A byte offset within the plane, and an index within the result.
      var (from, to) = (plane * pixels * stride, plane)
      for _ in 0..<pixels {
        unsafe result[to] = convert(image.loadUnaligned(fromByteOffset: from, as: Stored.self))
        from &+= stride
        to &+= planes
      }
    }
  }

  /// Writes floats as bytes; returns false if one is not an integer from 0 to 255.
  private static func narrow(
    _ floats: UnsafeBufferPointer<Float>, into bytes: UnsafeMutableBufferPointer<UInt8>
  ) -> Bool {
    // The low bits of x + 2^23 are those of the integer x; the sum rounds everything else away.
    let shift: Float = 0x1p23
    for start in stride(from: 0, to: floats.count, by: 256) {
      var odd: UInt32 = 0
      for index in start..<min(start + 256, floats.count) {
        let value = unsafe floats[index]
        let sum = value + shift
        let number = sum.bitPattern &- shift.bitPattern
        odd |= (number & ~255) | ((sum - shift).bitPattern ^ value.bitPattern)
        unsafe bytes[index] = UInt8(truncatingIfNeeded: number)
      }
      if odd != 0 { return false }
    }
    return true
  }
}
