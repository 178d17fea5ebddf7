/// The values of a source's images in one form, however the source stores them.
///
/// The form is `[height][width][channels]`: bytes if all of an image's values are integers from 0 to 255,
/// else 32-bit floats, as the executor reads them, with one zero.
struct ImageValues {
  /// Memory that is used again for every image.
  struct Memory {
    fileprivate var floats: [Float] = []
    fileprivate var bytes: [UInt8] = []
  }

  /// The bytes that an image takes in the source.
  let imageBytes: Int
  private let size: Int
  private let type: ElementType
  /// The extents of the table that is turned around; nil where channels are last already.
  private let planes: (channels: Int, pixels: Int)?

  init(_ source: some SampleSource) {
    let (height, width, channels) = Place.extents(of: source.imageShape)
    size = height * width * channels
    type = source.elementType
    imageBytes = size * type.size
    planes =
      source.layout == .nchw && channels > 1 && height * width > 1
      ? (channels, height * width) : nil
  }

  /// Calls `body` with the bytes of an image's values in that form.
  func withCanonicalBytes<Result>(
    of image: UnsafeRawBufferPointer, in memory: inout Memory,
    _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    if type == .uint8, planes == nil { return unsafe body(image) }
    // The image holds `size` elements of the type; they need not be aligned.
    switch type {
    case .uint8:
      unsafe arrange(image, into: &memory.bytes) { (byte: UInt8) in byte }
    case .float32:
      // Adding zero leaves one of the two zeros.
      unsafe arrange(image, into: &memory.floats) { (value: Float) in value + 0 }
    case .float64:
      unsafe arrange(image, into: &memory.floats) { (value: Double) in Float(value) + 0 }
    }
    if type == .uint8 || Self.narrow(memory.floats, into: &memory.bytes) {
      // Both arrays hold one image, and are lent for the call.
      return unsafe memory.bytes.withUnsafeBytes { unsafe body($0) }
    }
    return unsafe memory.floats.withUnsafeBytes { unsafe body($0) }
  }

  @inline(__always)
  private func arrange<Stored: BitwiseCopyable, Element>(
    _ image: UnsafeRawBufferPointer, into result: inout [Element],
    _ convert: (Stored) -> Element
  ) {
    let stride = MemoryLayout<Stored>.size
    func element(_ index: Int) -> Element {
      unsafe convert(image.loadUnaligned(fromByteOffset: index * stride, as: Stored.self))
    }
    result = unsafe [Element](unsafeUninitializedCapacity: size) { buffer, count in
      if let (channels, pixels) = planes {
        for channel in 0..<channels {
          for pixel in 0..<pixels {
            unsafe buffer[pixel * channels + channel] = element(channel * pixels + pixel)
          }
        }
      } else {
        for index in 0..<size { unsafe buffer[index] = element(index) }
      }
      count = size
    }
  }

  /// Writes floats as bytes; false if one of them is none.
  private static func narrow(_ floats: [Float], into bytes: inout [UInt8]) -> Bool {
    // In the sum the last bits of an integer are those of the number itself; the sum loses all others.
    let shift: Float = 0x1p23
    var isExact = true
    bytes = unsafe [UInt8](unsafeUninitializedCapacity: floats.count) { buffer, count in
      var start = 0
      while isExact, start < floats.count {
        let end = min(start + 256, floats.count)
        var odd: UInt32 = 0
        for index in start..<end {
          let sum = floats[index] + shift
          let number = sum.bitPattern &- shift.bitPattern
          odd |= (number & ~255) | (sum - shift == floats[index] ? 0 : 1)
          unsafe buffer[index] = UInt8(truncatingIfNeeded: number)
        }
        isExact = odd == 0
        start = end
      }
      count = start
    }
    return isExact
  }
}
